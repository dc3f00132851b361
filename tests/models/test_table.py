"""`TableModel`: the distributions are those of the table."""

from __future__ import annotations

import numpy as np
import pytest

from constrain import GenerationError, Vocabulary
from constrain.models import TableModel

VOCABULARY = Vocabulary.from_bytes([b"a", b"b", None, None], eos_token_ids=[2])


def test_a_function_is_normalised() -> None:
    model = TableModel(VOCABULARY, lambda prefix: [len(prefix), 1, 1, 0])
    np.testing.assert_allclose(
        np.exp(model.logprobs([[], [0, 1]])), [[0, 0.5, 0.5, 0], [0.5, 0.25, 0.25, 0]]
    )


def test_a_seed_is_a_fixed_table() -> None:
    prefixes = [[], [0], [1, 0]]
    first = TableModel(VOCABULARY, 5).logprobs(prefixes)
    np.testing.assert_array_equal(first, TableModel(VOCABULARY, 5).logprobs(prefixes))
    assert not np.array_equal(first, TableModel(VOCABULARY, 6).logprobs(prefixes))
    assert len({tuple(row) for row in first}) == 3
    assert first.dtype == np.float64
    assert np.isneginf(first[:, 3]).all()
    assert np.isfinite(first[:, :3]).all()


def test_numpy_integers_are_the_same_prefix() -> None:
    model = TableModel(VOCABULARY, 5)
    np.testing.assert_array_equal(model.logprobs([np.array([0, 1])]), model.logprobs([[0, 1]]))


@pytest.mark.parametrize(
    "weights", [[0, 0, 0, 0], [1, -1, 1, 0], [np.nan, 1, 1, 0], [np.inf, 1, 1, 0], [1, 1]]
)
def test_a_table_that_is_none(weights: list[float]) -> None:
    with pytest.raises(GenerationError, match="4 weights"):
        TableModel(VOCABULARY, lambda _: weights).logprobs([[1]])
