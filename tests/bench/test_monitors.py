"""The points that monitors are measured at."""

from __future__ import annotations

from itertools import islice

from bench.monitors import points


def test_points_are_dereferences_and_come_again():
    first, again = (list(islice(points(4, seed=3), 4)) for _ in range(2))
    assert first == again
    for point in first:
        text = point.place.path.read_text("utf-8")
        assert point.place.before.endswith(".")
        assert text == point.place.before + point.name + point.rest + point.place.after
