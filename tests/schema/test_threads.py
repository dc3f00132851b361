"""A schema control is used from many threads at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from constrain.schema import schema_control
from tests.reference import accepts

SCHEMA = {
    "$defs": {
        "tree": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            },
            "patternProperties": {"^x": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/tree",
}


def test_threads_share_configurations_and_agree() -> None:
    texts = [
        f'{{"name":"{n}","children":[{{"name":"a","x{n}":{n}}}],"x":null}}'.encode()
        for n in range(8)
    ]
    for _ in range(20):
        control = schema_control(SCHEMA)
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(accepts, [control] * len(texts), texts))
            others = [text.replace(b'"x"', b'"y"') for text in texts]
            refused = pool.map(accepts, [control] * len(texts), others)
            assert not any(refused)


def test_configurations_are_kept_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("constrain.schema.stacks._MOST_KEPT", 40)
    control = schema_control({"type": "object"})
    for n in range(50):
        assert accepts(control, b'{"key%d":1,"other%d":2}' % (n, n))
        assert not accepts(control, b'{"key%d":1,"key%d":2}' % (n, n))
        assert len(control._stacks._known) <= 40
