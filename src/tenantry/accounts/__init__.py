"""Users and keys before a tenant's work begins: who they are, and where they stand."""

from .accounts import Accounts
from .signed_in import MemberOf, SignedIn

__all__ = ["Accounts", "MemberOf", "SignedIn"]
