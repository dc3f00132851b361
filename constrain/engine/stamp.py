"""What the kernels on disk were compiled from.

In a file of its own, which hardly ever changes: numba compiles a function anew once its own file
has changed, and the answer has to be as old as the oldest of the kernels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from constrain.engine.layout import SIGNATURE


@njit(cache=True, nogil=True)
def signature():
    """Return the `SIGNATURE` that the kernels on disk were compiled with."""
    return np.int64(SIGNATURE)
