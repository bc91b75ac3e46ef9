"""Everything in a picture: a grid of clicks, and the masks among the answers that hold.

`find_everything` (generating.py) is the door; `settings.py` has SAM's parameters and what suits
each model.
"""

from workers.sam.automatic.generating import Cancelled, Found, find_everything
from workers.sam.automatic.settings import Settings, settings_for

__all__ = ["Cancelled", "Found", "Settings", "find_everything", "settings_for"]
