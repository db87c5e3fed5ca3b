"""`secrets`: the keys that credentials are encrypted under, and the one that reports are signed with."""

from __future__ import annotations

from tenantry.errors import ConfigurationError

from . import exits, place, screen
from .answer import Answer
from .command import command, group

app = group("Keys: of the credentials that tenants entrust, and of signed reports.")


@command(app)
def new_key() -> Answer:
    """Print a new key. Put it first in TENANTRY_SECRET_KEYS, before the ones in use."""
    from tenantry.keyring import new_key

    key = new_key()
    return Answer({"key": key}, key)


@command(app)
def new_signing_key() -> Answer:
    """Print a new key that `prove` signs its reports with, for TENANTRY_REPORT_KEY, and its public half."""
    from tenantry.signing import SigningKey, new_signing_key

    key = new_signing_key()
    public = SigningKey(key).public
    return Answer({"key": key, "public_key": public}, key, note=f"Its public half: {public}")


@command(app)
def public_key() -> Answer:
    """Print the public half of TENANTRY_REPORT_KEY: what others verify reports with."""
    from tenantry.signing import SigningKey

    key = place.load().report_key
    if key is None:
        raise ConfigurationError(
            "No key is set to sign reports with.",
            setting="report_key",
            hint="Make one with `tenantry secrets new-signing-key` and set TENANTRY_REPORT_KEY.",
        )
    public = SigningKey(key.get_secret_value()).public
    return Answer({"public_key": public}, public)


@command(app)
async def rotate() -> Answer:
    """Encrypt every tenant's credentials anew under the newest key. Then the old ones can go."""
    async with place.database() as db:
        from tenantry.ops.rotation import rotate

        with screen.progress() as tell:
            tell("Encrypting credentials anew")
            done = await rotate(
                db, lambda so_far: tell(f"Encrypting credentials anew: {so_far.seen}")
            )
    words = f"{done.seen} credentials are under the newest key; {done.renewed} were not before."
    if not done.unreadable:
        return Answer(done.to_dict(), words)
    lost = "\n".join(
        f"  data source {source} of tenant {tenant}" for tenant, source in done.unreadable
    )
    words = (
        f"{done.renewed} of {done.seen} credentials were renewed. None of the keys opens:\n{lost}"
    )
    return Answer(done.to_dict(), words, code=exits.FAILED)
