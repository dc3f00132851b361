"""Monitor-guided decoding: analyses that say, at the right moments, what may come next."""

from constrain.monitors.calls import Arguments
from constrain.monitors.members import Dereference, Imports
from constrain.monitors.monitor import Monitor, Otherwise, pattern
from constrain.monitors.monitored import MonitoredConstraint, MonitoredMatcher, monitored
from constrain.monitors.place import Place

__all__ = [
    "Arguments",
    "Dereference",
    "Imports",
    "Monitor",
    "MonitoredConstraint",
    "MonitoredMatcher",
    "Otherwise",
    "Place",
    "monitored",
    "pattern",
]
