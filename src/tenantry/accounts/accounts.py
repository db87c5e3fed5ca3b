"""The face of users and their tenants before and around a tenant's work: `db.accounts`.

Memberships and users are the platform's to write, so all of it goes through the service role, in
transactions of its own.
"""

from __future__ import annotations

from .changing_passwords import ChangingPasswords
from .identities import Identities
from .invitations import Invited
from .members import Members
from .signing_up import SigningUp


class Accounts(SigningUp, ChangingPasswords, Invited, Members, Identities):
    """Sign-up and sign-in, passwords, invitations, members, and accounts at outside providers."""

    def __repr__(self) -> str:
        return "Accounts()"
