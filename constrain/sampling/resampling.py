"""Resampling: which particles go on, and how often.

Contract of every scheme: given normalised weights w, particle i gets N_i of n offspring with
E[N_i] = n w_i (Douc, Cappe and Moulines 2005, "Comparison of resampling schemes for particle
filtering", whose section 2 has all four).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError

Scheme: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.intp]]
"""From weights [n] that sum to 1 and uniforms [n] to the parents [n] of the offspring, ascending;
there may be more or fewer uniforms than weights, and as many offspring as uniforms."""


def multinomial(weights: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """Independent draws."""
    return _inverse(weights, np.sort(uniforms))


def stratified(weights: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """A draw from each of n equal strata of [0, 1)."""
    n = len(uniforms)
    return _inverse(weights, (np.arange(n) + uniforms) / n)


def systematic(weights: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """The same place in each of n equal strata: N_i is n w_i rounded up or down."""
    n = len(uniforms)
    return _inverse(weights, (np.arange(n) + uniforms[0]) / n)


def residual(weights: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """The whole part of n w_i for certain, independent draws for what is left."""
    n = len(uniforms)
    # An expectation that rounding has put just below a whole number is that number.
    whole = np.floor(n * weights + 1e-9)
    left = np.maximum(n * weights - whole, 0)
    kept = np.repeat(np.arange(len(weights)), whole.astype(int))
    missing = n - len(kept)
    if missing:
        kept = np.concatenate([kept, multinomial(left / left.sum(), uniforms[:missing])])
    return np.sort(kept)


def _inverse(weights: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.intp]:
    """The particles at some points of [0, 1) of the cumulated weights; none of weight zero."""
    total = np.cumsum(weights)
    found = np.searchsorted(total, points * total[-1], side="right")
    return np.minimum(found, np.flatnonzero(weights)[-1])


SCHEMES: dict[str, Scheme] = {
    "multinomial": multinomial,
    "stratified": stratified,
    "systematic": systematic,
    "residual": residual,
}


def scheme(name: str) -> Scheme:
    """Return the scheme of a name.

    Raises:
        ConstraintError: there is none.
    """
    if name not in SCHEMES:
        raise ConstraintError(f"no resampling scheme {name!r}; there are {', '.join(SCHEMES)}")
    return SCHEMES[name]
