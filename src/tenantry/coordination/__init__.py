"""What processes share through Redis or Valkey: cache, limits, sessions, locks and events."""

from .cache import Cache
from .coordination import Coordination
from .events import Events, Gap, Message
from .keys import Keys
from .limits import Limits
from .locks import Locks
from .share import Share
from .streams import Event
from .user_sessions import UserSessions

__all__ = [
    "Cache",
    "Coordination",
    "Event",
    "Events",
    "Gap",
    "Keys",
    "Limits",
    "Locks",
    "Message",
    "Share",
    "UserSessions",
]
