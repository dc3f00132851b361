"""The constructors of regular expressions, which simplify what they build.

They keep the number of derivatives finite and small: unions and intersections are sets,
concatenations lean to the right, powers of one expression are added up instead of written out
(`R{2,3}R` is `R{3,4}`), and finite sets of texts are one node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from constrain.lexing.charset import char_class, join, meet, subtract
from constrain.lexing.nodes import (
    ANY,
    ANYTHING,
    EMPTY,
    EPSILON,
    Ahead,
    Behind,
    Chars,
    Complement,
    Concat,
    Intersect,
    Leaf,
    Lexicon,
    Machine,
    Regex,
    Repeat,
    Union,
    Whole,
    Words,
    chars,
    intern_node,
)

_MOST_ABSORBED = 200
"""Intersections that a union compares with one another."""


def literal(text: str) -> Regex:
    """Exactly this text."""
    return _all_of((text,)) if _encodable(text) else EMPTY


def words(texts: Iterable[str]) -> Regex:
    """One out of a finite set of texts."""
    distinct = sorted(set(texts))
    if not all(map(str.isascii, distinct)):
        distinct = [text for text in distinct if _encodable(text)]
    if set(map(len, distinct)) <= {1}:
        return char_class([(ord(text), ord(text)) for text in distinct])
    return _all_of(tuple(distinct))


def _all_of(texts: tuple[str, ...]) -> Regex:
    return word_state(intern_node(Lexicon, texts, texts), 0, len(texts), 0)


def _encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def word_state(lexicon: Lexicon, low: int, high: int, depth: int) -> Regex:
    """What is left of the texts `low` to `high` of a list after their first `depth` code points."""
    if high == low + 1:
        text = lexicon.texts[low]
        if len(text) == depth:
            return EPSILON
        if len(text) == depth + 1:
            return chars(((ord(text[depth]), ord(text[depth])),))
        if len(lexicon.texts) > 1:
            return literal(text[depth:])
    node: Regex = intern_node(Words, (id(lexicon), low, high, depth), lexicon, low, high, depth)
    return node


def machine(state: Machine) -> Regex:
    """What a hand-written automaton accepts from a state."""
    node: Regex = intern_node(Leaf, (state,), state)
    return node


def spine(r: Regex) -> list[Regex]:
    """The factors of a concatenation, or the expression alone."""
    factors = []
    while isinstance(r, Concat):
        factors.append(r.head)
        r = r.tail
    factors.append(r)
    return factors


def concat(*parts: Regex) -> Regex:
    """The parts one after the other."""
    result = parts[-1] if parts else EPSILON
    for part in parts[-2::-1]:
        if type(part) is Concat:
            for factor in reversed(spine(part)):
                result = _prepend(factor, result)
        else:
            result = _prepend(part, result)
    return result


def _prepend(head: Regex, tail: Regex) -> Regex:
    if head is EPSILON:
        return tail
    if tail is EPSILON or head is EMPTY:
        return head
    if tail is EMPTY:
        return EMPTY
    following, rest = (tail.head, tail.tail) if type(tail) is Concat else (tail, EPSILON)
    body, low, high = power(head)
    next_body, next_low, next_high = power(following)
    if body is next_body and type(body) not in (Ahead, Behind):
        both = None if high is None or next_high is None else high + next_high
        return _prepend(repeat(body, low + next_low, both), rest)
    node: Regex = intern_node(Concat, (id(head), id(tail)), head, tail)
    return node


def power(r: Regex) -> tuple[Regex, int, int | None]:
    """An expression as body, least and most number of times."""
    return (r.body, r.low, r.high) if type(r) is Repeat else (r, 1, 1)


def repeat(r: Regex, low: int, high: int | None) -> Regex:
    """`r` at least `low` and at most `high` times (None: any number)."""
    if low < 0 or (high is not None and high < low):
        raise ValueError(f"not a range of repetitions: {low} to {high}")
    if high == 0 or r is EPSILON:
        return EPSILON
    if r is EMPTY:
        return EPSILON if low == 0 else EMPTY
    if r.nullable and r.pure:
        low = 0
    if type(r) is Repeat and _contiguous(r, low, high):
        low *= r.low
        high = None if high is None or r.high is None else high * r.high
        r = r.body
    if high == 1 and (low == 1 or (r.nullable and r.pure)):
        return r
    node: Regex = intern_node(Repeat, (id(r), low, high), r, low, high)
    return node


def _contiguous(inner: Repeat, low: int, high: int | None) -> bool:
    """Whether `low` to `high` times the inner repeat is one range of times its body."""
    if low == high or inner.low <= 1:
        return True
    return low > 0 and (inner.high is None or low * (inner.high - inner.low) >= inner.low - 1)


def star(r: Regex) -> Regex:
    """`r` any number of times."""
    return repeat(r, 0, None)


def plus(r: Regex) -> Regex:
    """`r` once or more."""
    return repeat(r, 1, None)


def optional(r: Regex) -> Regex:
    """`r` or nothing."""
    return repeat(r, 0, 1)


def union(*parts: Regex) -> Regex:
    """What any of the parts matches."""
    found: dict[Regex, None] = {}
    null = False
    queue = list(parts)
    for part in queue:
        if part is ANYTHING:
            return ANYTHING
        if type(part) is Union:
            found.update(dict.fromkeys(part.parts))
        elif type(part) is Repeat and part.low == 0 and part.high == 1:
            null = True
            queue.append(part.body)
        elif part is EPSILON:
            null = True
        elif part is not EMPTY:
            found[part] = None
    if len(found) > 1 or (null and found):
        null = _merge_leaves(found, null)
        _absorb(found)
    if len(found) > 1:
        factored = _factor(found)
        if factored is not None:
            return union(*factored, EPSILON if null else EMPTY)
        if any(type(part) is Complement and part.body in found for part in found):
            return ANYTHING
    if not found:
        return EPSILON if null else EMPTY
    result: Regex
    if len(found) == 1:
        (result,) = found
    else:
        result = intern_node(Union, tuple(sorted(map(id, found))), tuple(found))
    if null and not any(part.nullable and part.pure for part in found):
        return optional(result)
    return result


def _merge_leaves(found: dict[Regex, None], null: bool) -> bool:
    """Make one of all classes, of all word sets, and of all powers of one body, in place.

    Returns whether the empty text is still to be added.
    """
    classes = [part for part in found if isinstance(part, Chars)]
    if len(classes) > 1:
        _replace(found, classes, join(tuple(classes)))
    word_sets = [part for part in found if isinstance(part, Words)]
    if len(word_sets) > 1:
        texts = [text for part in word_sets for text in part.texts]
        _replace(found, word_sets, words(texts))
    powers: dict[Regex, list[Repeat]] = {}
    for part in found:
        if type(part) is Repeat:
            powers.setdefault(part.body, []).append(part)
    for body, repeats in powers.items():
        ranges = [(part.low, part.high) for part in repeats]
        single = body in found
        if len(ranges) == 1 and not single and not null:
            continue
        spans = _join_spans(ranges + [(1, 1)] * single + [(0, 0)] * null)
        null = null and spans[0][1] == 0
        powers_left = [repeat(body, low, high) for low, high in spans if high != 0]
        _replace(found, [*repeats, body] if single else repeats, *powers_left)
    return null


def _absorb(found: dict[Regex, None]) -> None:
    """Drop intersections that lie in another part of the union, in place."""
    meets = [part for part in found if type(part) is Intersect]
    if not meets or len(meets) > _MOST_ABSORBED:
        return
    groups = [frozenset(part.parts) for part in meets]
    closed = {part for part in found if not part.open}
    for part, group in zip(meets, groups, strict=True):
        if not closed.isdisjoint(group) or any(other < group for other in groups):
            del found[part]


def _replace(found: dict[Regex, None], old: Sequence[Regex], *new: Regex) -> None:
    for part in old:
        found.pop(part, None)
    found.update(dict.fromkeys(new))


def _join_spans(spans: list[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """Ranges of repetitions with overlapping and adjacent ones merged."""
    merged: list[tuple[int, int | None]] = []
    for low, high in sorted(spans, key=lambda span: span[0]):
        if merged and (merged[-1][1] is None or low <= merged[-1][1] + 1):
            last_low, last_high = merged[-1]
            top = None if last_high is None or high is None else max(last_high, high)
            merged[-1] = (last_low, top)
        else:
            merged.append((low, high))
    return merged


def _factor(found: dict[Regex, None]) -> list[Regex] | None:
    """The parts of a union with common tails, or else common heads, taken out; None if none."""
    tails: dict[Regex, list[Concat]] = {}
    heads: dict[Regex, list[Concat]] = {}
    for part in found:
        if type(part) is Concat:
            tails.setdefault(part.tail, []).append(part)
            heads.setdefault(part.head, []).append(part)
    taken: set[Regex] = set()
    made: list[Regex] = []
    for tail, group in tails.items():
        alone = tail in found
        if (len(group) > 1 or alone) and taken.isdisjoint([*group, tail]):
            taken.update(group, [tail] if alone else [])
            head = union(*[part.head for part in group], EPSILON if alone else EMPTY)
            made.append(concat(head, tail))
    if not made:
        for group in heads.values():
            if len(group) > 1:
                taken.update(group)
                made.append(_common_head(group))
    return [*[part for part in found if part not in taken], *made] if made else None


def _common_head(group: Sequence[Regex]) -> Regex:
    prefix = []
    while all(type(part) is Concat for part in group):
        concats: Sequence[Any] = group
        head = concats[0].head
        if any(part.head is not head for part in concats):
            break
        prefix.append(head)
        group = [part.tail for part in concats]
    return concat(*prefix, union(*group))


def intersect(*parts: Regex) -> Regex:
    """What all of the parts match; assertions in them see no farther than the match."""
    found: dict[Regex, None] = {}
    run: tuple[Chars, int, int | None] | None = None
    for part in parts:
        if part is EMPTY:
            return EMPTY
        members = part.parts if type(part) is Intersect else (part,)
        for member in members:
            body, low, high = power(member)
            if isinstance(body, Chars):
                run = _meet_runs(run or (ANY, 0, None), (body, low, high))
                if run is None:
                    return EMPTY
            else:
                found[member] = None
    if run is not None:
        length = _minus_classes(repeat(*run), found)
        if length is EMPTY:
            return EMPTY
        if length is not ANYTHING:
            found[length] = None
    if EPSILON in found:
        if any(part.pure and not part.nullable for part in found):
            return EMPTY
        found = {part: None for part in found if part is EPSILON or not part.pure}
    if any(type(part) is Complement and part.body in found for part in found):
        return EMPTY
    for part in [part for part in found if type(part) is Union]:
        if any(member in found and not member.open for member in part.parts):
            del found[part]
    if not found:
        return ANYTHING
    if len(found) == 1:
        (only,) = found
        if not only.open:
            return only
    node: Regex = intern_node(Intersect, tuple(sorted(map(id, found))), tuple(found))
    return node


def _meet_runs(
    left: tuple[Chars, int, int | None], right: tuple[Chars, int, int | None]
) -> tuple[Chars, int, int | None] | None:
    """The intersection of repeated classes, as one repeated class; None if empty."""
    low = max(left[1], right[1])
    highs = [high for high in (left[2], right[2]) if high is not None]
    high = min(highs) if highs else None
    both = meet(left[0], right[0])
    if both is None:
        both, high = ANY, 0
    return None if high is not None and low > high else (both, low, high)


def _minus_classes(r: Regex, found: dict[Regex, None]) -> Regex:
    """`r` without the classes that `found` excludes; if `r` is a class, they leave `found`."""
    excluded = [p for p in found if type(p) is Complement and type(p.body) is Chars]
    for part in excluded:
        if type(r) is Chars:
            assert isinstance(part, Complement) and isinstance(part.body, Chars)
            del found[part]
            r = subtract(r, part.body)
    return r


def complement(r: Regex) -> Regex:
    """What `r` does not match; assertions in it see no farther than the match."""
    if type(r) is Complement:
        return intersect(r.body)
    if r is EMPTY:
        return ANYTHING
    body, low, high = (ANY, 0, 0) if r is EPSILON else power(r)
    if body is ANY:
        shorter = repeat(ANY, 0, low - 1) if low > 0 else EMPTY
        return union(shorter, EMPTY if high is None else repeat(ANY, high + 1, None))
    node: Regex = intern_node(Complement, (id(r),), r)
    return node


def difference(a: Regex, b: Regex) -> Regex:
    """What `a` matches and `b` does not."""
    return intersect(a, complement(b))


def barrier(r: Regex) -> Regex:
    """`r` with assertions that see nothing outside of its match."""
    if r.pure:
        return r
    node: Regex = intern_node(Whole, (id(r),), r)
    return node


def ahead_of(language: Regex) -> Regex:
    """The empty text where the rest of the text is in `language`."""
    if language is EMPTY:
        return EMPTY
    if language is ANYTHING:
        return EPSILON
    node: Regex = intern_node(Ahead, (id(language),), language)
    return node


def behind_of(language: Regex) -> Regex:
    """The empty text where the text from now to there is in `language`."""
    if language is EMPTY:
        return EMPTY
    if language is ANYTHING:
        return EPSILON
    node: Regex = intern_node(Behind, (id(language),), language)
    return node
