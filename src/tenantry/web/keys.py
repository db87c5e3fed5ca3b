"""Keys that tokens are verified with. What a key may be used for follows from what it is, and never
from what a token says."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, OctKey, import_key
from joserfc.jws import JWSRegistry

from tenantry import strict_json
from tenantry.config.weakness import weak_key
from tenantry.errors import ConfigurationError

_RSA_BITS: Final = (2048, 8192)
#: A public exponent is short; a long one makes others work.
_EXPONENT_BITS: Final = 32
_MOST_KEYS: Final = 64
_MOST_SECRETS: Final = 8
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_ED25519: Final = frozenset({"EdDSA", "Ed25519"})
#: A kind of key: its public members, and what it verifies. None is shared between kinds, so a public
#: key is never a secret, and a JWKS never holds one.
_KINDS: Final[Mapping[tuple[str, str | None], tuple[tuple[str, ...], frozenset[str]]]] = {
    ("RSA", None): (("n", "e"), _RSA),
    ("EC", "P-256"): (("crv", "x", "y"), frozenset({"ES256"})),
    ("EC", "P-384"): (("crv", "x", "y"), frozenset({"ES384"})),
    ("EC", "P-521"): (("crv", "x", "y"), frozenset({"ES512"})),
    ("OKP", "Ed25519"): (("crv", "x"), _ED25519),
}
PUBLIC: Final = frozenset[str]().union(*(algorithms for _, algorithms in _KINDS.values()))
SECRET: Final = frozenset({"HS256"})
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class VerifyKey:
    algorithms: frozenset[str]
    kid: str | None
    _key: Key = field(repr=False)

    def made(self, signature: bytes, signed: bytes, algorithm: str) -> bool:
        """Whether this key's other half made the signature."""
        # Ed25519 is the new name of EdDSA with this curve, and there is no other curve here.
        name = "EdDSA" if algorithm in _ED25519 else algorithm
        try:
            model = JWSRegistry.algorithms[name]
            model.check_key(self._key)
            return bool(model.verify(signed, signature, self._key))
        except (JoseError, ValueError):
            return False

    def signed(self, claims: dict[str, Any]) -> str:
        """A token under the secret that this key is."""
        return jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims, self._key, ["HS256"])


@dataclass(frozen=True, slots=True)
class KeySet:
    keys: tuple[VerifyKey, ...]

    def fitting(self, algorithm: str, kid: str | None) -> list[VerifyKey]:
        """Those that this algorithm is for. A key's id, where it has one, picks among them and no more."""
        return [
            key
            for key in self.keys
            if algorithm in key.algorithms and (kid is None or key.kid is None or key.kid == kid)
        ]


def key_set(content: object) -> KeySet:
    """The keys of a static JWKS, all of which must be fit for use."""
    try:
        keys = tuple(map(_read, _members(content)))
    except ValueError as error:
        raise ConfigurationError(f"A key cannot be used: {error}.", setting="keys") from None
    if not keys:
        raise ConfigurationError("There is no key in it.", setting="keys")
    return KeySet(keys)


def read_key_set(text: bytes) -> KeySet:
    """Those keys of a published JWKS that are fit for use: it may hold others for other purposes."""
    return KeySet(tuple(_usable(_members(strict_json.read(text)))))


def secret_keys(secrets: Sequence[str]) -> KeySet:
    """Without ids: a token that says none was made before, or by whoever else has the secret."""
    if not 0 < len(secrets) <= _MOST_SECRETS:
        raise ConfigurationError(
            f"There are 1 to {_MOST_SECRETS} secrets: each token may be tried with all of them.",
            setting="jwt_accepted_keys",
        )
    return KeySet(
        tuple(
            _secret_key(secret, "jwt_accepted_keys" if n else "jwt_secret_key")
            for n, secret in enumerate(secrets)
        )
    )


def _secret_key(secret: str, setting: str) -> VerifyKey:
    if why := weak_key(secret):
        raise ConfigurationError(
            f"The secret {why}: whoever guesses it signs in as anybody.",
            setting=setting,
            hint="Generate one with: openssl rand -base64 48",
        )
    try:
        return VerifyKey(SECRET, None, OctKey.import_key(secret))
    except ValueError:
        raise ConfigurationError(
            "The secret is a public key.",
            setting=setting,
            hint="Give a public key as `keys`, in a JWKS.",
        ) from None


def _members(content: object) -> Sequence[object]:
    keys = content.get("keys") if isinstance(content, Mapping) else None
    if not isinstance(keys, Sequence) or isinstance(keys, str | bytes):
        raise ValueError("this is no JWKS, which has `keys`")
    if len(keys) > _MOST_KEYS:
        raise ValueError(f"more than {_MOST_KEYS} keys")
    return keys


def _usable(keys: Iterable[object]) -> Iterable[VerifyKey]:
    for key in keys:
        try:
            yield _read(key)
        except ValueError:
            continue


def _read(jwk: object) -> VerifyKey:
    if not isinstance(jwk, Mapping) or not isinstance(jwk.get("kty"), str):
        raise ValueError("it is no JWK")
    kty, crv, kid = jwk["kty"], jwk.get("crv"), jwk.get("kid")
    kind = _KINDS.get((kty, crv if isinstance(crv, str) and kty != "RSA" else None))
    if kind is None:
        raise ValueError("it is of no kind that is used here (RSA, EC P-256/384/521, Ed25519)")
    members, algorithms = kind
    if not _PRIVATE.isdisjoint(jwk):
        raise ValueError("it holds its private half, so anybody may sign with it")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("its kid is no text")
    if jwk.get("use", "sig") != "sig" or not _verifies(jwk.get("key_ops", ["verify"])):
        raise ValueError("it is not for verifying signatures")
    if "alg" in jwk:
        algorithms = frozenset(name for name in algorithms if _same(name, jwk["alg"]))
    if not algorithms:
        raise ValueError("its alg is not for its kind")
    if not all(isinstance(jwk.get(member), str) for member in members):
        raise ValueError("it lacks a member")
    if kty == "RSA":
        _check_rsa(jwk["n"], jwk["e"])
    return VerifyKey(algorithms, kid, _imported({m: jwk[m] for m in ("kty", *members)}))


def _verifies(operations: object) -> bool:
    return isinstance(operations, Sequence) and "verify" in operations


def _same(algorithm: str, said: object) -> bool:
    return algorithm == said or (algorithm in _ED25519 and said in list(_ED25519))


def _check_rsa(modulus: str, exponent: str) -> None:
    shortest, longest = _RSA_BITS
    if not shortest <= _bits(modulus) <= longest:
        raise ValueError(f"an RSA key has {shortest} to {longest} bits")
    if not 1 < _bits(exponent) <= _EXPONENT_BITS:
        raise ValueError("its exponent is none")


def _bits(number: str) -> int:
    raw = urlsafe_b64decode(number + "=" * (-len(number) % 4))
    return int.from_bytes(raw, "big").bit_length()


def _imported(jwk: dict[str, str | list[str]]) -> Key:
    try:
        return import_key(jwk)
    except (JoseError, ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("its numbers are no key") from None
