"""JSON strings whose value is not constrained, as one small table for the kernels.

`TABLE[spelling, phase, byte]` is the next phase, 0 where the byte is not allowed, CLOSE at the
closing quote. Phase 0 expects the opening quote; the others are inside, between characters
(BODY) or within one (its remaining UTF-8 bytes or its escape). Surrogates come in pairs only:
alone they are no text.
"""

from __future__ import annotations

import numpy as np

from constrain.engine.layout import BODY, CLOSE, PHASES
from constrain.lexing.lexeme import Spelling

SPELLINGS: tuple[Spelling, ...] = ("minimal", "any")

_TAIL1, _TAIL2, _TAIL3, _AFTER_E0, _AFTER_ED, _AFTER_F0, _AFTER_F4 = range(2, 9)
_ESCAPE, _HEX4, _HEX3, _HEX2, _HEX1, _CONTROL4, _CONTROL3, _CONTROL2, _CONTROL1 = range(9, 18)
_HEX3_D, _HIGH2, _HIGH1, _PAIR, _PAIR_U, _PAIR_D, _PAIR_LOW = range(18, 25)

_HEX = b"0123456789abcdefABCDEF"


def _build() -> np.ndarray:
    table = np.zeros((len(SPELLINGS), PHASES, 256), np.uint8)
    for spelling in range(len(SPELLINGS)):
        t = table[spelling]
        t[0, ord('"')] = BODY
        t[BODY, 0x20:0x80] = BODY
        t[BODY, ord('"')] = CLOSE
        t[BODY, ord("\\")] = _ESCAPE
        t[BODY, 0xC2:0xE0] = _TAIL1
        t[BODY, 0xE0:0xF0] = _TAIL2
        t[BODY, 0xE0] = _AFTER_E0
        t[BODY, 0xED] = _AFTER_ED
        t[BODY, 0xF0] = _AFTER_F0
        t[BODY, 0xF1:0xF4] = _TAIL3
        t[BODY, 0xF4] = _AFTER_F4
        t[_TAIL1, 0x80:0xC0] = BODY
        t[_TAIL2, 0x80:0xC0] = _TAIL1
        t[_TAIL3, 0x80:0xC0] = _TAIL2
        t[_AFTER_E0, 0xA0:0xC0] = _TAIL1
        t[_AFTER_ED, 0x80:0xA0] = _TAIL1
        t[_AFTER_F0, 0x90:0xC0] = _TAIL2
        t[_AFTER_F4, 0x80:0x90] = _TAIL2
        t[_ESCAPE, list(b'"\\bfnrt')] = BODY
    minimal, free = table
    # Only control characters without a short escape: 00-07, 0b, 0e, 0f, 10-1f.
    minimal[_ESCAPE, ord("u")] = _CONTROL4
    minimal[_CONTROL4, ord("0")] = _CONTROL3
    minimal[_CONTROL3, ord("0")] = _CONTROL2
    minimal[_CONTROL2, ord("0")] = _CONTROL1
    minimal[_CONTROL2, ord("1")] = _HEX1
    minimal[_CONTROL1, list(b"01234567bBeEfF")] = BODY
    minimal[_HEX1, list(_HEX)] = BODY
    free[_ESCAPE, ord("/")] = BODY
    free[_ESCAPE, ord("u")] = _HEX4
    for phase, after in ((_HEX4, _HEX3), (_HEX3, _HEX2), (_HEX2, _HEX1), (_HEX1, BODY)):
        free[phase, list(_HEX)] = after
    # A high surrogate has to be followed by a low one.
    free[_HEX4, list(b"dD")] = _HEX3_D
    free[_HEX3_D, list(b"01234567")] = _HEX2
    free[_HEX3_D, list(b"89abAB")] = _HIGH2
    free[_HIGH2, list(_HEX)] = _HIGH1
    free[_HIGH1, list(_HEX)] = _PAIR
    free[_PAIR, ord("\\")] = _PAIR_U
    free[_PAIR_U, ord("u")] = _PAIR_D
    free[_PAIR_D, list(b"dD")] = _PAIR_LOW
    free[_PAIR_LOW, list(b"cdefCDEF")] = _HEX2
    return table


TABLE = _build()


def _ranges(row: list[int]) -> tuple[tuple[int, int, int], ...]:
    found: list[tuple[int, int, int]] = []
    for byte, to in enumerate(row):
        if to and found and found[-1][1] == byte - 1 and found[-1][2] == to:
            found[-1] = (found[-1][0], byte, to)
        elif to:
            found.append((byte, byte, to))
    return tuple(found)


LEADS = tuple(move for move in _ranges(TABLE[0, BODY].tolist()) if move[0] >= 0x80)
"""The first bytes of characters beyond ASCII, with the phase after each."""
