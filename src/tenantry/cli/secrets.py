"""`secrets`: the keys that credentials are encrypted under."""

from __future__ import annotations

from . import exits, place, screen
from .answer import Answer
from .command import command, group

app = group("Keys of the credentials that tenants entrust.")


@command(app)
def new_key() -> Answer:
    """Print a new key. Put it first in TENANTRY_SECRET_KEYS, before the ones in use."""
    from tenantry.keyring import new_key

    key = new_key()
    return Answer({"key": key}, key)


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
