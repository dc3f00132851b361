"""What every `LanguageModel` promises."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from constrain import Vocabulary
from constrain.models import BundledModel, HFModel, LanguageModel, TableModel

from .conftest import CONFIGS, make_model, make_tokenizer


def table_model() -> TableModel:
    vocabulary = Vocabulary.from_bytes([b"a", b"b", b"ab", None, None], eos_token_ids=[3])
    return TableModel(vocabulary, 7)


MAKERS = {
    "bundled": BundledModel,
    "table": table_model,
    **{kind: lambda kind=kind: HFModel(make_model(kind), make_tokenizer()) for kind in CONFIGS},
}


@pytest.fixture(scope="module", params=list(MAKERS))
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return MAKERS[request.param]()


@pytest.fixture
def prefixes(model: LanguageModel) -> list[list[int]]:
    """Ragged, some the same, some the beginnings of others, in no order."""
    rng = np.random.default_rng(1)
    rows = [rng.integers(0, model.vocabulary.size, n).tolist() for n in (5, 1, 9, 5, 3)]
    return [*rows, rows[2][:4], rows[0], [*rows[1], 0], [*rows[0][:-1], 2]]


def test_rows_are_distributions(model: LanguageModel, prefixes: list[list[int]]) -> None:
    logprobs = model.logprobs(prefixes)
    assert logprobs.shape == (len(prefixes), model.vocabulary.size)
    assert logprobs.dtype in (np.float32, np.float64)
    assert np.exp(logprobs.astype(float)).sum(1) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(logprobs[:, list(model.vocabulary.eos_token_ids)]).all()


def test_batches_equal_singles(model: LanguageModel, prefixes: list[list[int]]) -> None:
    together = model.logprobs(prefixes)
    alone = np.concatenate([model.logprobs([prefix]) for prefix in prefixes])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert np.ptp(np.exp(together), axis=0).max() > 1e-3  # the prefix matters


def test_order_does_not_matter(model: LanguageModel, prefixes: list[list[int]]) -> None:
    order = np.random.default_rng(2).permutation(len(prefixes))
    expected = model.logprobs(prefixes)[order]
    np.testing.assert_allclose(model.logprobs([prefixes[i] for i in order]), expected, atol=1e-4)


def test_repeated_calls_agree(model: LanguageModel, prefixes: list[list[int]]) -> None:
    np.testing.assert_allclose(model.logprobs(prefixes), model.logprobs(prefixes), atol=1e-4)


def test_no_prefixes_give_no_rows(model: LanguageModel) -> None:
    assert model.logprobs([]).shape == (0, model.vocabulary.size)


def test_the_package_imports_without_torch() -> None:
    code = (
        "import sys, constrain.models; constrain.models.LanguageModel; "
        "assert not {'torch', 'transformers', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
