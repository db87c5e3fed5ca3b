"""What pending revisions will do to a database that is in use, before they do it."""

from .dangers import BIG, Big, Danger
from .plan import Plan, Step, plan_of
from .sizes import Size

__all__ = ["BIG", "Big", "Danger", "Plan", "Size", "Step", "plan_of"]
