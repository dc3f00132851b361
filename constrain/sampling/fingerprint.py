"""A short name of what a constraint allows, to tell constraints apart across processes."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from constrain.engine import Constraint
from constrain.engine.bitmask import allowed
from constrain.sampling.cursor import AnyConstraint
from constrain.vocabulary import Vocabulary

_WALKS = 16
_STEPS = 24


def fingerprint(constraint: AnyConstraint, vocabulary: Vocabulary) -> str:
    """Return a name that equal constraints over equal vocabularies have in common.

    A compiled constraint is known by its masks along walks that are always the same: some go on
    as long as they can, in the others half of the tokens are on the way to the least ending. So
    two that differ only where no walk leads pass for the same. A constraint that can only be
    asked is known by its class, and by its `repr` where the class has one of its own.
    """
    digest = blake2b(vocabulary.fingerprint.encode(), digest_size=16)
    if not isinstance(constraint, Constraint):
        kind = type(constraint)
        digest.update(f"{kind.__module__}.{kind.__qualname__}".encode())
        if kind.__repr__ is not object.__repr__:
            digest.update(repr(constraint).encode())
        return digest.hexdigest()
    row = np.empty(vocabulary.bitmask_words, np.int32)
    for walk in range(_WALKS):
        rng = np.random.Generator(np.random.Philox(walk))
        matcher = constraint.matcher()
        for _ in range(_STEPS):
            matcher.fill_bitmask(row)
            digest.update(row.tobytes())
            if walk % 2 and rng.random() < 0.5:
                matcher.fill_bitmask(row, budget=matcher.tokens_to_finish())
            tokens = np.flatnonzero(allowed(row, vocabulary.size))
            if not walk % 2:
                tokens = np.setdiff1d(tokens, vocabulary.eos_token_ids)
            if not len(tokens):
                break
            matcher.accept(int(tokens[rng.integers(len(tokens))]))
    return digest.hexdigest()
