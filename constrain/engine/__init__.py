"""The engine: control x lexer x trie -> masks. See docs/architecture.md.

Nothing here knows of schemas, grammars or models.
"""

from __future__ import annotations

from constrain.engine.bitmask import apply_bitmask
from constrain.engine.constraint import Constraint, fill_bitmasks
from constrain.engine.control import Control
from constrain.engine.masks import set_cache_limit
from constrain.engine.matcher import Matcher
from constrain.engine.warm import warmup

__all__ = [
    "Constraint",
    "Control",
    "Matcher",
    "apply_bitmask",
    "fill_bitmasks",
    "set_cache_limit",
    "warmup",
]
