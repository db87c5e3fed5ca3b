"""What processes share through Redis or Valkey: cache, limits, sessions, locks and events."""

from .advisory import DatabaseLock
from .cache import Cache
from .coordination import Coordination
from .events import Events, Gap, Message
from .fencing import Fence
from .keys import Keys
from .limits import Limits, Verdict
from .lock import Lock
from .locks import Locks
from .rates import Limit, Pace, Rate, by
from .session_record import NewUserSession, UserSession
from .share import Share
from .streams import Event
from .user_sessions import UserSessions

__all__ = [
    "Cache",
    "Coordination",
    "DatabaseLock",
    "Event",
    "Events",
    "Fence",
    "Gap",
    "Keys",
    "Limit",
    "Limits",
    "Lock",
    "Locks",
    "Message",
    "NewUserSession",
    "Pace",
    "Rate",
    "Share",
    "UserSession",
    "UserSessions",
    "Verdict",
    "by",
]
