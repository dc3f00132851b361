"""The engine: control x lexer x trie -> masks. See docs/architecture.md.

Nothing here knows of schemas, grammars or models.
"""

from __future__ import annotations

from constrain.engine.constraint import Constraint, fill_bitmasks
from constrain.engine.control import Config, Control
from constrain.engine.masks import set_cache_limit
from constrain.engine.matcher import Matcher
from constrain.engine.warm import warmup

__all__ = [
    "Config",
    "Constraint",
    "Control",
    "Matcher",
    "fill_bitmasks",
    "set_cache_limit",
    "warmup",
]
