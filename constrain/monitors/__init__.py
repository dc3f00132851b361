"""Monitor-guided decoding: analyses that say, at the right moments, what may come next."""

from constrain.monitors.monitor import Monitor, Otherwise, pattern
from constrain.monitors.monitored import MonitoredConstraint, MonitoredMatcher, monitored

__all__ = [
    "Monitor",
    "MonitoredConstraint",
    "MonitoredMatcher",
    "Otherwise",
    "monitored",
    "pattern",
]
