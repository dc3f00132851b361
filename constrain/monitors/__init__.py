"""Monitor-guided decoding: analyses that say, at the right moments, what may come next.

from constrain.monitors import Dereference, Place

place = Place.in_file("shop.py", line=12, column=8)
constraint & Dereference(place)
"""

from constrain.monitors.answers import Suggestions
from constrain.monitors.calls import Arguments
from constrain.monitors.classes import Classes
from constrain.monitors.database import Database
from constrain.monitors.json_values import JSONCheck, JSONValue
from constrain.monitors.language_server import LanguageServer
from constrain.monitors.languages import Language
from constrain.monitors.members import Dereference, Imports
from constrain.monitors.monitor import Monitor, Otherwise, pattern
from constrain.monitors.monitored import MonitoredConstraint, MonitoredMatcher, monitored
from constrain.monitors.named import MonitorName, named_monitor
from constrain.monitors.names import EnumMembers, Exceptions, Names
from constrain.monitors.place import Place
from constrain.monitors.server_calls import ServerArguments
from constrain.monitors.server_members import ServerMembers
from constrain.monitors.typestate import Typestate

__all__ = [
    "Arguments",
    "Classes",
    "Database",
    "Dereference",
    "EnumMembers",
    "Exceptions",
    "Imports",
    "JSONCheck",
    "JSONValue",
    "Language",
    "LanguageServer",
    "Monitor",
    "MonitorName",
    "MonitoredConstraint",
    "MonitoredMatcher",
    "Names",
    "Otherwise",
    "Place",
    "ServerArguments",
    "ServerMembers",
    "Suggestions",
    "Typestate",
    "monitored",
    "named_monitor",
    "pattern",
]
