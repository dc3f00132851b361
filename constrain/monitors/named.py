"""The monitors of Python code by name."""

from __future__ import annotations

from typing import Literal

from constrain.errors import ConstraintError
from constrain.monitors.calls import Arguments
from constrain.monitors.members import Dereference, Imports
from constrain.monitors.names import EnumMembers, Exceptions, Names
from constrain.monitors.place import Place
from constrain.monitors.python_code import PythonMonitor

MonitorName = Literal["dereference", "imports", "arguments", "names", "exceptions", "enums"]

_MONITORS: dict[str, type[PythonMonitor]] = {
    "dereference": Dereference,
    "imports": Imports,
    "arguments": Arguments,
    "names": Names,
    "exceptions": Exceptions,
    "enums": EnumMembers,
}


def python_monitor(name: str, place: Place) -> PythonMonitor:
    """Return the monitor of Python code of that name.

    Raises:
        ConstraintError: there is none, or Jedi is not installed.
    """
    if name not in _MONITORS:
        raise ConstraintError(f"no monitor {name!r}; there are {', '.join(_MONITORS)}")
    return _MONITORS[name](place)
