"""Whether a control and `jsonschema` agree; where not, a test that shows it, ready to paste."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice, permutations, product
from typing import Any

import jsonschema
from hypothesis import reject

from constrain.errors import InvalidSchemaError, UnsatisfiableSchemaError
from constrain.schema import JSONOptions, SchemaControl, schema_control
from tests.reference import accepts

_ORACLES = {
    "draft4": jsonschema.Draft4Validator,
    "draft6": jsonschema.Draft6Validator,
    "draft7": jsonschema.Draft7Validator,
    "draft2019-09": jsonschema.Draft201909Validator,
    "draft2020-12": jsonschema.Draft202012Validator,
}
_MOST_ORDERS = 200

GENERATION = JSONOptions()
ANY_ORDER = JSONOptions(property_order="any")
SPECIFICATION = JSONOptions.specification()


def is_valid(schema: Any, value: Any, draft: str = "draft2020-12") -> bool:
    """Whether `jsonschema` calls a value valid; whole floats count as integers in all drafts."""
    return bool(_ORACLES[draft](schema).is_valid(_with_integers(value)))


def keywords_told(schema: Any, value: Any, draft: str = "draft2020-12") -> set[str | None]:
    """The keywords that `jsonschema` says a value breaks; None where it does not name one."""
    errors = _ORACLES[draft](schema).iter_errors(_with_integers(value))
    return {error.validator or next(reversed(error.schema_path), None) for error in errors}


def compiled(
    schema: Any, options: JSONOptions, draft: str = "draft2020-12"
) -> SchemaControl | None:
    """The control of a schema; None where nothing satisfies it. Circles are not of interest."""
    try:
        return schema_control(schema, options, draft=draft)
    except UnsatisfiableSchemaError:
        return None
    except InvalidSchemaError as error:
        assert "leads back" in error.reason
        reject()


def check_text(schema: Any, text: str, draft: str = "draft2020-12") -> None:
    """The specification language has a text iff its value is valid.

    Raises:
        AssertionError: it does not; the message is a test.
    """
    control = compiled(schema, SPECIFICATION, draft)
    valid = is_valid(schema, json.loads(text), draft)
    if (control is not None and accepts(control, text.encode())) != valid:
        raise AssertionError(_test("check_text", schema, text, draft, valid))


def check_value(schema: Any, value: Any, draft: str = "draft2020-12") -> None:
    """The generation language has the texts of a value iff it is valid: where the order is that
    of the schema, some text (not asked where there are many).

    Raises:
        AssertionError: it does not; the message is a test.
    """
    control = compiled(schema, ANY_ORDER, draft)
    valid = is_valid(schema, value, draft)
    value = _with_integers(value)
    orders = [json.dumps(order, ensure_ascii=False).encode() for order in _orders(value)]
    if (control is not None and accepts(control, orders[0])) != valid:
        raise AssertionError(_test("check_value", schema, value, draft, valid))
    control = compiled(schema, GENERATION, draft)
    found = control is not None and any(accepts(control, text) for text in orders)
    if found != valid and (found or len(orders) <= _MOST_ORDERS):
        raise AssertionError(_test("check_value", schema, value, draft, valid))


def _test(check: str, schema: Any, what: Any, draft: str, valid: bool) -> str:
    suffix = "" if draft == "draft2020-12" else f", {draft!r}"
    kind = "valid" if valid else "invalid"
    return (
        f"wrongly {'refused' if valid else 'accepted'}\n\n"
        f"def test_found_by_fuzzing() -> None:  # {kind}\n"
        f"    {check}({schema!r}, {what!r}{suffix})\n"
    )


def _with_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_integers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _orders(value: Any) -> list[Any]:
    """The value with the members of its objects in every order; of many orders only some."""
    found: Iterable[Any] = (value,)
    if isinstance(value, list):
        found = map(list, product(*map(_orders, value)))
    elif isinstance(value, dict):
        found = (
            dict(zip(names, members, strict=True))
            for names in permutations(value)
            for members in product(*(_orders(value[name]) for name in names))
        )
    return list(islice(found, _MOST_ORDERS + 1))
