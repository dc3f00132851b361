"""Controls made of controls: both, either, one after the other, one within another."""

from __future__ import annotations

from typing import Any

from constrain.engine.combining.intersection import IntersectionControl
from constrain.engine.combining.joined import ChoiceControl, SequenceControl
from constrain.engine.combining.stepped import stepped
from constrain.engine.control import Control
from constrain.engine.single import RegexControl
from constrain.lexing.assertions import whole
from constrain.lexing.regex import concat, intersect, union


def choice(one: Control[Any], other: Control[Any]) -> Control[Any]:
    """The texts of either control. Exact."""
    if isinstance(one, RegexControl) and isinstance(other, RegexControl):
        return RegexControl(union(whole(one.regex), whole(other.regex)))
    return ChoiceControl(*_flat(one, ChoiceControl), *_flat(other, ChoiceControl))


def sequence(one: Control[Any], other: Control[Any]) -> Control[Any]:
    """A text of one control, then one of the other. Exact."""
    if isinstance(one, RegexControl) and isinstance(other, RegexControl):
        return RegexControl(concat(whole(one.regex), whole(other.regex)))
    return SequenceControl(*_flat(one, SequenceControl), *_flat(other, SequenceControl))


def intersection(one: Control[Any], other: Control[Any]) -> Control[Any]:
    """The texts that both controls have.

    Exact where both are expressions. Otherwise no text is allowed that one of them does not have,
    and none begun that cannot be completed; see `IntersectionControl` for what may be missed.

    Raises:
        ConstraintError: none is found.
        RegexTooComplexError: see `IntersectionControl`.
    """
    if isinstance(one, RegexControl) and isinstance(other, RegexControl):
        return RegexControl(intersect(whole(one.regex), whole(other.regex)))
    if isinstance(other, RegexControl):
        return IntersectionControl(one, whole(other.regex))
    if isinstance(one, RegexControl):
        return IntersectionControl(other, whole(one.regex))
    return IntersectionControl(one, stepped(other))


def _flat(
    control: Control[Any], kind: type[ChoiceControl] | type[SequenceControl]
) -> tuple[Control[Any], ...]:
    return control.controls if isinstance(control, kind) else (control,)
