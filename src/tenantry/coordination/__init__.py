"""What processes share through Redis or Valkey: cache, limits, sessions, locks and events."""

from .cache import Cache
from .coordination import Coordination
from .events import Events
from .keys import Keys
from .limits import Limits, Verdict
from .locks import Locks
from .rates import Limit, Pace, Rate, by
from .share import Share
from .user_sessions import NewUserSession, UserSession, UserSessions

__all__ = [
    "Cache",
    "Coordination",
    "Events",
    "Keys",
    "Limit",
    "Limits",
    "Locks",
    "NewUserSession",
    "Pace",
    "Rate",
    "Share",
    "UserSession",
    "UserSessions",
    "Verdict",
    "by",
]
