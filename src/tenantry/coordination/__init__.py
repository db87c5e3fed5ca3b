"""What processes share through Redis or Valkey: cache, limits, sessions, locks and events."""

from .advisory import DatabaseLock
from .cache import Cache
from .coordination import Coordination
from .events import Events
from .fencing import Fence
from .keys import Keys
from .limits import Limits
from .lock import Lock
from .locks import Locks
from .share import Share
from .user_sessions import UserSessions

__all__ = [
    "Cache",
    "Coordination",
    "DatabaseLock",
    "Events",
    "Fence",
    "Keys",
    "Limits",
    "Lock",
    "Locks",
    "Share",
    "UserSessions",
]
