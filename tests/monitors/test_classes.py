"""Classes where an object of a type is due."""

from __future__ import annotations

import pytest

from constrain.monitors import Classes, monitored
from tests.monitors.repository import place
from tests.monitors.test_python import FINE, accepts

ANIMALS = """
from abc import ABC, abstractmethod
import abc
from typing import Protocol
from nowhere import Unknown

class Animal(ABC):
    @abstractmethod
    def cry(self) -> str: ...
    @property
    @abstractmethod
    def legs(self) -> int: ...

class Dog(Animal):
    legs = 4
    def cry(self): return "wuff"

class Bird(Animal):
    def cry(self): return "tweet"

class Hen(Bird):
    @property
    def legs(self): return 2

class Meta(metaclass=abc.ABCMeta):
    @abc.abstractmethod
    def f(self): ...

class Full(Meta):
    def f(self): return 1

class Runs(Protocol):
    def run(self): ...

class Stone: ...

class Odd(Unknown): ...

def keeper(animal: Animal, *stones: Stone, helper: "Animal" = None, runs: Runs = None): ...
"""
NAMES = "Animal, Dog, Bird, Hen, Meta, Full, Runs, Stone, Odd, keeper"


@pytest.fixture
def matcher_of(tmp_path):
    def make(before=""):
        package = tmp_path / "shop"
        package.mkdir(exist_ok=True)
        (package / "animals.py").write_text(ANIMALS)
        text = f"from shop.animals import {NAMES}\nimport shop.animals as zoo\n\n{before}"
        return monitored(FINE, Classes(place(tmp_path, text))).matcher()

    return make


@pytest.mark.parametrize(
    ("text", "fine", "wrong"),
    [
        ("x: Animal = ", ["Dog()", "Hen()", "Odd()", "keeper()", "None", "zoo.Dog()", "'x'"], None),
        ("x: Animal = ", [], ["Animal(", "Bird(", "Stone(", "Meta(", "int("]),
        ("x: zoo.Bird = ", ["Hen()"], ["Dog(", "Bird("]),
        ("x: Meta = ", ["Full()"], ["Meta(", "Dog("]),
        ("x: Runs = ", ["Stone()", "Dog()"], []),
        ("x: Stone = ", ["Stone()"], ["Dog(", "Bird("]),
        ("x: float = ", ["int('1')", "float('1')", "1.5"], ["str(", "Dog("]),
        ("x: list[Dog] = ", ["Stone()", "[]"], []),
        ("keeper(", ["Dog()", "Hen()", "[Stone]"], ["Stone(", "Animal("]),
        ("keeper(Dog(), ", ["Stone()", "helper=Dog()"], ["Dog("]),
        ("raise ", ["ValueError('x')", "KeyError\n", "keeper\n"], ["Dog(", "int("]),
        ("def f(a, b=1) -> Animal:\n    return ", ["Dog()", "a\n"], ["Stone(", "Animal("]),
        ("x = ", ["Stone()", "Animal()"], []),
        ("# x: Animal = ", ["Stone()"], []),
        ("x = [Dog(), ", ["Stone()", "Animal()"], []),
        ("def g(x: Animal, y: ", ["Stone)"], []),
    ],
)
def test_classes_that_are_due(matcher_of, text, fine, wrong):
    matcher = matcher_of()
    for after in fine:
        assert accepts(matcher, text + after), after
    for after in wrong or []:
        assert not accepts(matcher, text + after), after
