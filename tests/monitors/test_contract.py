"""The contract of monitors, which every one has to keep, over several vocabularies.

After a text that ends with a trigger: every division of every suggestion into tokens can be walked,
and at every place on the way the mask has exactly the tokens that some suggestion agrees with.
"""

from __future__ import annotations

import sqlite3
import warnings

import pytest

import constrain.monitors
from constrain import Vocabulary
from constrain.monitors import (
    Arguments,
    Classes,
    Database,
    Dereference,
    EnumMembers,
    Exceptions,
    Imports,
    JSONCheck,
    JSONValue,
    Monitor,
    MonitoredConstraint,
    Names,
    ServerArguments,
    ServerMembers,
    Typestate,
    monitored,
)
from constrain.monitors.language_server import Signature
from constrain.monitors.languages import PYTHON
from tests.monitors.repository import SHOP, place
from tests.monitors.walks import BYTES, Fixed, allowed_tokens, vocabulary, walk_all_splits

TEXTS = (
    SHOP,
    "SELECT author.name FROM book AS b;",
    '{"a": [1, "x y"], "b": "hall 7"}',
    "über 日本.",
)


def _bytes() -> Vocabulary:
    return vocabulary()


def _byte_level_bpe() -> Vocabulary:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXTS, vocab_size=420, min_frequency=1, special_tokens=["</s>"])
    fast = PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer, eos_token="</s>")
    return Vocabulary.from_tokenizer(fast)


def _sentencepiece() -> Vocabulary:
    """Pieces with the space before a word, and bytes for what they do not cover."""
    words = {word for text in TEXTS for word in text.split()}
    pieces = {" " + word for word in words} | words
    pieces |= {word[:end] for word in words for end in (1, 2, 3)}
    return vocabulary(*sorted(piece for piece in pieces if len(piece.encode()) > 1))


def _crossing() -> Vocabulary:
    """Tokens that begin before a suggestion, and run on beyond one."""
    ends = [".a", ".app", "d(", "d.", "s)", " n", '": ', '":', '", ', '",', "e ", "=(", "(w", ", "]
    return vocabulary("ti", "title", "bo", "name", "hall", "Book", "wi", "width", "日本", *ends)


VOCABULARIES = {
    "bytes": _bytes,
    "byte-level BPE": _byte_level_bpe,
    "SentencePiece": _sentencepiece,
    "crossing": _crossing,
}


@pytest.fixture(scope="module", params=VOCABULARIES)
def tokens(request) -> Vocabulary:
    return VOCABULARIES[request.param]()


class _Server:
    """A language server that knows some members."""

    language = PYTHON

    def prepare(self, path, text):
        pass

    def members(self, path, text, after):
        return ["width", "$x", "books"]

    def signatures(self, path, text, after):
        return [Signature("f(a, b)", ("a", "b"))]


def _shop() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """CREATE TABLE book (id INTEGER, title TEXT);
        CREATE TABLE author (id INTEGER, name TEXT, "the day" TEXT);"""
    )
    return connection


IMPORT = "from shop.stock import Colour, Shelf, Book, BrokenError\n\n"
MATCH = IMPORT + "def f(c: Colour):\n    match c:\n"
PROTOCOL = {"closed": {"open": "open"}, "open": {"read": "open", "close": "closed"}}
HALLS = ["hall 7", "hall 71", "é", 'a"b']


def _suggesting(monitor: Monitor, names: set[str]) -> Monitor:
    """The monitor with an answer that the analysis is not asked for."""
    monitor.suggest = lambda text: sorted(names)  # type: ignore[method-assign]
    return monitor


CASES = {
    # By class: what makes the monitor in a folder; a text that ends with a trigger; the
    # suggestions; what may stand behind one; what else may be written in their place.
    Dereference: (
        lambda folder: Dereference(place(folder, IMPORT + "def f(s: Shelf):\n    ")),
        "s.",
        {"width", "books", "tallest"},
        " ",
    ),
    ServerMembers: (
        lambda folder: ServerMembers(_Server(), place(folder, IMPORT)),
        "s.",
        {"width", "$x", "books"},
        " ",
    ),
    ServerArguments: (
        lambda folder: ServerArguments(_Server(), place(folder, IMPORT)),
        "f(",
        {"1, 'ti, tle'", "[1, 2], width", "name, "},
        "2)",
    ),
    Imports: (
        lambda folder: Imports(place(folder, "")),
        "from shop.stock import ",
        {"Colour", "Shelf", "Book", "BrokenError", "Enum", "dataclass"},
        "\n",
    ),
    Exceptions: (
        lambda folder: Exceptions(place(folder, IMPORT)),
        "raise Broken",
        {"Error"},
        "(",
    ),
    EnumMembers: (
        lambda folder: EnumMembers(place(folder, MATCH)),
        "        case ",
        {"Colour.RED", "Colour.GREEN", "_"},
        ":",
    ),
    Names: (lambda folder: Names(place(folder, IMPORT)), "x = Broken", {"Error"}, "\n"),
    Classes: (
        lambda folder: Classes(place(folder, IMPORT)),
        "raise Broken",
        {"Error"},
        "(",
    ),
    Arguments: (
        lambda folder: Arguments(place(folder, IMPORT)),
        "Book('x', Colour.RED, pa",
        {"ges=1)"},
        " ",
    ),
    Typestate: (
        lambda folder: Typestate(PROTOCOL, "open", ["file"]),
        "file.",
        {"read", "close"},
        "(",
    ),
    Database: (
        lambda folder: Database(_shop()),
        "SELECT author.",
        {"id", '"id"', "name", '"name"', '"the day"'},
        " ",
    ),
    JSONValue: (
        lambda folder: JSONValue("/a", lambda document: HALLS),
        '{"a": ',
        {'"hall 7"', '"hall 71"', '"é"', '"a\\"b"'},
        ",",
    ),
    JSONCheck: (
        lambda folder: JSONCheck("/a", lambda value, document: value in HALLS),
        '{"a": ',
        {'"hall 7"', '"hall 71"', '"é"', '"a\\"b"'},
        "}",
    ),
    Fixed: (
        lambda folder: Fixed(["a", "ab", "a b", "é", "日本", '"q"', "x\0y", "\ud800", ""]),
        "x.",
        {"a", "ab", "a b", "é", "日本", '"q"', "x\0y", ""},
        " ",
    ),
}


def _kinds() -> set[type[Monitor]]:
    found = (getattr(constrain.monitors, name) for name in constrain.monitors.__all__)
    kinds = {kind for kind in found if isinstance(kind, type) and issubclass(kind, Monitor)}
    return kinds - {Monitor}


def test_every_monitor_runs_in_this_contract():
    assert _kinds() <= set(CASES)


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_suggestions_in_every_division(tmp_path, tokens, kind):
    make, before, names, after = CASES[kind]
    matcher = monitored(tokens, make(tmp_path)).matcher()
    assert matcher.accept_bytes(before.encode())
    for name in sorted(names):
        walk_all_splits(matcher, (name + after).encode(), limit=60)


EXACT = [Dereference, ServerMembers, EnumMembers, Typestate, Database, Fixed]
"""Those whose answers are lists: of these it is plain what leaves them."""


@pytest.mark.parametrize("kind", EXACT, ids=lambda kind: kind.__name__)
def test_masks_have_what_agrees_and_nothing_else(tmp_path, tokens, kind):
    make, before, names, _ = CASES[kind]
    monitor = make(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        suggested = monitor.suggest(monitor.before + before)
        suggested = getattr(suggested, "names", suggested)
        known = [name.encode() for name in suggested if _is_text(name)]
    assert {name.encode() for name in names} <= set(known)
    matcher = monitored(tokens, _suggesting(monitor, {name.decode() for name in known})).matcher()
    assert matcher.accept_bytes(before.encode())
    places = {name.encode()[:end] for name in names for end in range(len(name.encode()) + 1)}
    for said in sorted(places):
        assert matcher.accept_bytes(said), said
        found = allowed_tokens(matcher)
        for token in range(tokens.size):
            data = tokens.token_bytes(token)
            if data and _is_simple(data):
                text = said + data
                expected = any(name.startswith(text) for name in known) or any(
                    _goes_on(text, name) for name in known
                )
                assert (token in found) == expected, (said, data)
                assert matcher.accept(token) == expected, (said, data)
                if expected:
                    matcher.rollback(1)
        ended = said in known or any(_goes_on(said, name) for name in known)
        assert (tokens.eos_token_ids[0] in found) == ended
        matcher.rollback(1)


def _is_text(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _is_simple(data: bytes) -> bool:
    """No trigger is in it, and it is whole characters."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return not any(sign in text for sign in ".\n(=") and " " not in text


def _goes_on(text: bytes, name: bytes) -> bool:
    """Whether a text goes on after a name with what does not extend it."""
    try:
        rest = text[len(name) :].decode()
    except UnicodeDecodeError:
        return False
    return text.startswith(name) and bool(rest) and not (rest[0] == "_" or rest[0].isalnum())


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_what_leads_nowhere_is_refused(tmp_path, tokens, kind):
    """No token is allowed that the matcher then refuses, and the other way round."""
    make, before, _, _ = CASES[kind]
    constraint: MonitoredConstraint = monitored(tokens, make(tmp_path))
    matcher = constraint.matcher()
    assert matcher.accept_bytes(before.encode())
    found = allowed_tokens(matcher)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for token in range(tokens.size):
            accepted = matcher.accept(token)
            assert accepted == (token in found), tokens.token_bytes(token)
            if accepted:
                matcher.rollback(1)
    assert allowed_tokens(matcher) == found
    assert len(BYTES) == 256
