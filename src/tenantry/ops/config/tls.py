"""A certificate authority of one's own, for development and private networks.

In its folder: `ca.crt`, `ca.key`, `ca.crl`, and for each name a certificate and a key. What is there
is never written over: a certificate that is replaced is first moved aside. The list of revoked ones
is the one file that changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tenantry.errors import InvalidInput

from .files import put

SERVER, POOLER = "server", "pooler"
#: Who PgBouncer is to the server, by its certificate or its account: it has no password.
POOLER_ROLE = "tenantry_pooler"
_AUTHORITY_DAYS = 3650
#: Clocks differ a little.
_SKEW = timedelta(minutes=5)
_CA = "ca"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One certificate: whose it is, where it answers, and what it may be used for."""

    name: str
    subject: str
    hosts: tuple[str, ...] = ()
    logs_in: bool = False


@dataclass(slots=True)
class Done:
    """What was made, and what was there and stayed."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)


def server(hosts: Sequence[str]) -> Wanted:
    return Wanted(SERVER, hosts[0], tuple(hosts))


def pooler(hosts: Sequence[str]) -> Wanted:
    """It answers clients by the same certificate that it logs in to the server with."""
    return Wanted(POOLER, POOLER_ROLE, tuple(hosts), logs_in=True)


def client(role: str) -> Wanted:
    """PostgreSQL asks for the role in the common name."""
    return Wanted(role, role, logs_in=True)


class Authority:
    """The folder of an authority. It is made when it is first asked for something."""

    def __init__(self, folder: Path, *, now: datetime | None = None) -> None:
        self.folder = folder
        self._now = now or datetime.now(UTC)

    def provide(
        self, wanted: Sequence[Wanted], *, days: int, renew_within: int | None = None
    ) -> Done:
        """Make what is missing; with `renew_within`, anew what ends within so many days."""
        done = Done()
        _check(wanted)
        self._found(done)
        limit = None if renew_within is None else self._now + timedelta(days=renew_within)
        for one in wanted:
            there = self._certificate(one.name)
            if there is None:
                done.made.append(one.name)
            elif limit is not None and there.not_valid_after_utc <= limit:
                self._move_aside(one.name, there)
                done.renewed.append(one.name)
            else:
                done.kept.append(one.name)
                continue
            self._issue(one, days)
        return done

    def revoke(self, name: str) -> Done:
        """Put its certificate on the list that servers read; a new one can then be made."""
        certificate = self._certificate(name)
        if certificate is None or name == _CA:
            raise InvalidInput(f"{self.folder} has no certificate {name}.", field="revoke")
        self._write_list([*self._revoked(), _entry(certificate, self._now)])
        self._move_aside(name, certificate)
        return Done(revoked=[name])

    def ends(self) -> dict[str, datetime]:
        """When each certificate that is in use ends."""
        found = {}
        for path in sorted(self.folder.glob("*.crt")):
            if "~" not in path.stem:
                found[path.stem] = _read(path).not_valid_after_utc
        return found

    # ---- making ---------------------------------------------------------------------------

    def _found(self, done: Done) -> None:
        if self._certificate(_CA) is not None:
            done.kept.append(_CA)
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(
                f"{self.folder} cannot be made: {error.strerror}.", field="out"
            ) from error
        key = ec.generate_private_key(ec.SECP384R1())
        name = _named("Tenantry private authority")
        certificate = (
            self._builder(name, name, key.public_key(), _AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA384())
        )
        self._save(_CA, certificate, key)
        self._write_list([])
        done.made.append(_CA)

    def _issue(self, wanted: Wanted, days: int) -> None:
        authority = self._authority()
        key = ec.generate_private_key(ec.SECP256R1())
        # No certificate outlives what it is checked by.
        days = min(days, (authority.not_valid_after_utc - self._now).days)
        uses = [ExtendedKeyUsageOID.SERVER_AUTH] if wanted.hosts else []
        uses += [ExtendedKeyUsageOID.CLIENT_AUTH] if wanted.logs_in else []
        builder = (
            self._builder(_named(wanted.subject), authority.subject, key.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key().public_key()),
                critical=False,
            )
        )
        if wanted.hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in wanted.hosts])
            builder = builder.add_extension(names, critical=False)
        self._save(wanted.name, builder.sign(self._key(), hashes.SHA384()), key)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _SKEW)
            .not_valid_after(self._now + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )

    def _write_list(self, revoked: Sequence[x509.RevokedCertificate]) -> None:
        authority = self._authority()
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=authority.subject,
            last_update=self._now - _SKEW,
            # A list that ended would keep everybody out, and this authority hands out no new ones.
            next_update=authority.not_valid_after_utc,
            revoked_certificates=list(revoked),
        )
        signed = builder.sign(self._key(), hashes.SHA384())
        put(self.folder / f"{_CA}.crl", signed.public_bytes(serialization.Encoding.PEM), 0o644)

    # ---- files ----------------------------------------------------------------------------

    def _save(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        place = self.folder / name
        if place.with_name(f"{name}.key").exists():
            raise InvalidInput(
                f"{place}.key is there without a certificate.",
                field="out",
                hint="Move it away; a key in use is not written over.",
            )
        put(place.with_name(f"{name}.key"), text, 0o600)
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        put(place.with_name(f"{name}.crt"), pem, 0o644)

    def _move_aside(self, name: str, certificate: x509.Certificate) -> None:
        for ending in ("crt", "key"):
            path = self.folder / f"{name}.{ending}"
            if path.exists():
                path.rename(self.folder / f"{name}~{certificate.serial_number:x}.{ending}")

    def _certificate(self, name: str) -> x509.Certificate | None:
        path = self.folder / f"{name}.crt"
        return _read(path) if path.exists() else None

    def _authority(self) -> x509.Certificate:
        return _read(self.folder / f"{_CA}.crt")

    def _key(self) -> ec.EllipticCurvePrivateKey:
        path = self.folder / f"{_CA}.key"
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError):
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise InvalidInput(
                f"{path} is not the key of this authority, or cannot be read.",
                field="out",
                hint="Without it nothing can be signed: put it back, or begin a new folder.",
            )
        return key

    def _revoked(self) -> Iterator[x509.RevokedCertificate]:
        path = self.folder / f"{_CA}.crl"
        if path.exists():
            yield from x509.load_pem_x509_crl(path.read_bytes())


def _check(wanted: Sequence[Wanted]) -> None:
    for one in wanted:
        if one.name == _CA or not one.name.replace("_", "").replace("-", "").isalnum():
            raise InvalidInput(f"{one.name!r} cannot name a certificate.", field="client")
        for host in one.hosts:
            _host(host)


def _read(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        raise InvalidInput(f"{path} is no certificate that can be read.", field="out") from None


def _entry(certificate: x509.Certificate, now: datetime) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder()
    return builder.serial_number(certificate.serial_number).revocation_date(now).build()


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        pass
    try:
        return x509.DNSName(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no host's name.", field="host") from None


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
