"""A small company's worth of data to look around in: the same for everyone on the same date."""

from .load import seed
from .story import Demo

__all__ = ["Demo", "seed"]
