# Secrets come in as files of the host's, which the service's account may not read, and which
# PostgreSQL would refuse to take a key from. So root gives it copies of its own, in memory.
#   prepare.sh ACCOUNT COMMAND…
set -eu
account=$1
shift
chmod 700 /run/own
chown "$account" /run/own
for secret in /run/secrets/*; do
    copy="/run/own/${secret##*/}"
    cp "$secret" "$copy"
    chmod 600 "$copy"
    chown "$account" "$copy"
done
exec "$@"
