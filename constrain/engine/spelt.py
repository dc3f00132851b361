"""One text as a JSON string in every spelling: the steps of an NFA state of the kind SPELT.

The text is ASCII without control characters. The counter of a member is the position in the text
with its quotes and, as the phase, how much of an escape has been read: 1 after the backslash, 2 to
5 after `\\u` and the digits that follow.
"""

from __future__ import annotations

import re

import numpy as np
from numba import njit

from constrain.engine.layout import BACKSLASH, QUOTE

_PLAIN = re.compile("[ -~]*")


def is_spelt(text: str) -> bool:
    """Return whether a text can be SPELT."""
    return _PLAIN.fullmatch(text) is not None


@njit(inline="always")
def _digit(value):
    """Return the lower-case hexadecimal digit of a value."""
    return value + (48 if value < 10 else 87)


@njit(inline="always")
def spelt_steps(letter, phase, inside, steps):
    """Write to `steps` (int64[2, 2]) the bytes that may come and the phase after each.

    `inside`: whether the letter stands between the quotes. Phase 0 is that of the next letter.
    Returns how many there are, at most two.
    """
    n = 0
    special = letter in (QUOTE, BACKSLASH)
    if phase == 0:
        if not inside or not special:
            steps[n, 0], steps[n, 1] = letter, 0
            n += 1
        if inside:
            steps[n, 0], steps[n, 1] = BACKSLASH, 1
            n += 1
    elif phase == 1:
        if special or letter == 47:
            steps[n, 0], steps[n, 1] = letter, 0
            n += 1
        steps[n, 0], steps[n, 1] = 117, 2
        n += 1
    elif phase <= 3:
        steps[n, 0], steps[n, 1] = 48, phase + 1
        n += 1
    elif phase == 4:
        steps[n, 0], steps[n, 1] = _digit(letter >> 4), 5
        n += 1
    else:
        digit = _digit(letter & 15)
        steps[n, 0], steps[n, 1] = digit, 0
        n += 1
        if digit > 96:
            steps[n, 0], steps[n, 1] = digit - 32, 0
            n += 1
    return np.int64(n)
