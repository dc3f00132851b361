"""Monitor-guided decoding: analyses that say, at the right moments, what may come next.

from constrain.monitors import Dereference, Place

place = Place.in_file("shop.py", line=12, column=8)
constraint & Dereference(place)
"""

from constrain.monitors.calls import Arguments
from constrain.monitors.members import Dereference, Imports
from constrain.monitors.monitor import Monitor, Otherwise, pattern
from constrain.monitors.monitored import MonitoredConstraint, MonitoredMatcher, monitored
from constrain.monitors.named import MonitorName, python_monitor
from constrain.monitors.names import EnumMembers, Exceptions, Names
from constrain.monitors.place import Place

__all__ = [
    "Arguments",
    "Dereference",
    "EnumMembers",
    "Exceptions",
    "Imports",
    "Monitor",
    "MonitorName",
    "MonitoredConstraint",
    "MonitoredMatcher",
    "Names",
    "Otherwise",
    "Place",
    "monitored",
    "pattern",
    "python_monitor",
]
