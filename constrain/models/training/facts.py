"""Consistent facts about one imaginary entity: whoever lives in Lyon lives in France."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from . import words


@dataclass(frozen=True, slots=True)
class Place:
    """A real city and what goes with it."""

    city: str
    region: str
    country: str
    country_code: str
    currency: str
    time_zone: str
    latitude: float
    longitude: float
    postal_code: str
    street: str


@dataclass
class Facts:
    """Facts drawn when first asked for, so that the fields of a document agree with each other."""

    rng: random.Random

    def fresh(self) -> Facts:
        """Facts about somebody or something else, from the same stream of randomness."""
        return Facts(self.rng)

    @cached_property
    def first_name(self) -> str:
        names = words.FEMALE_NAMES if self.gender == "female" else words.MALE_NAMES
        return self.rng.choice(names)

    @cached_property
    def last_name(self) -> str:
        return self.rng.choice(words.LAST_NAMES)

    @cached_property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @cached_property
    def gender(self) -> str:
        return self.rng.choice(("female", "male"))

    @cached_property
    def age(self) -> int:
        return min(95, max(18, round(self.rng.gauss(42, 16))))

    @cached_property
    def birth_date(self) -> datetime:
        return datetime(2025 - self.age, 1, 1) + timedelta(days=self.rng.randrange(365))

    @cached_property
    def username(self) -> str:
        first, last = self.first_name.lower(), self.last_name.lower()
        return self.rng.choice(
            (f"{first}.{last}", f"{first}_{last}", f"{first[0]}{last}", f"{first}{self.age}")
        )

    @cached_property
    def email(self) -> str:
        first, last = self.first_name.lower(), self.last_name.lower()
        local = f"{first}.{last}" if self.rng.random() < 0.8 else first
        return f"{local}@{self.rng.choice(words.DOMAINS)}"

    @cached_property
    def phone(self) -> str:
        digits = self.digits
        return self.rng.choice(
            (
                f"+1-555-{digits(3)}-{digits(4)}",
                f"+44 20 {digits(4)} {digits(4)}",
                f"+49 30 {digits(7)}",
                f"(555) {digits(3)}-{digits(4)}",
                f"555-{digits(4)}",
                f"+33 1 {digits(2)} {digits(2)} {digits(2)} {digits(2)}",
            )
        )

    @cached_property
    def place(self) -> Place:
        c, r, n, k, cur, tz, lat, lon, shape = self.rng.choice(words.PLACES)
        jitter = self.rng.uniform
        street = self.rng.choice(words.STREETS)
        number = self.rng.randrange(1, 200)
        return Place(
            c, r, n, k, cur, tz,
            round(lat + jitter(-0.05, 0.05), 4),
            round(lon + jitter(-0.05, 0.05), 4),
            self.shaped(shape),
            f"{number} {street}",
        )  # fmt: skip

    @cached_property
    def company(self) -> str:
        head, tail = self.rng.choice(words.COMPANY_HEADS), self.rng.choice(words.COMPANY_TAILS)
        return f"{head} {tail}{self.rng.choice(words.COMPANY_FORMS)}"

    @cached_property
    def domain(self) -> str:
        stem = "".join(self.company.lower().split()[:2])
        return f"{stem}.{self.rng.choice(words.TOP_LEVEL)}"

    @cached_property
    def category(self) -> str:
        return self.rng.choice(tuple(words.PRODUCTS))

    @cached_property
    def product(self) -> str:
        noun = self.rng.choice(words.PRODUCTS[self.category])
        return f"{self.rng.choice(words.PRODUCT_HEADS)} {noun}"

    @cached_property
    def sku(self) -> str:
        return f"{self.product[:3].upper()}-{self.digits(4)}"

    @cached_property
    def price(self) -> float:
        whole = int(10 ** self.rng.uniform(0.5, 3))
        return whole + self.rng.choice((0.99, 0.5, 0.95, 0.0, self.rng.randrange(100) / 100))

    @cached_property
    def quantity(self) -> int:
        return self.rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 10, self.rng.randrange(1, 50)))

    @cached_property
    def moment(self) -> datetime:
        start = datetime(2019, 1, 1)
        when = start + timedelta(minutes=self.rng.randrange(60 * 24 * 365 * 8))
        return when if self.rng.random() < 0.5 else when.replace(minute=self.rng.choice((0, 30)))

    def after(self, days: int) -> datetime:
        """A moment up to `days` after this entity's own."""
        return self.moment + timedelta(hours=self.rng.randrange(1, 24 * days))

    @cached_property
    def event(self) -> str:
        return self.rng.choice(words.EVENTS)

    @cached_property
    def book(self) -> str:
        return f"{self.rng.choice(words.BOOK_HEADS)} {self.rng.choice(words.BOOK_TAILS)}"

    @cached_property
    def dish(self) -> str:
        return self.rng.choice(words.DISHES)

    @cached_property
    def car(self) -> tuple[str, str]:
        make = self.rng.choice(tuple(words.CAR_MODELS))
        return make, self.rng.choice(words.CAR_MODELS[make])

    @cached_property
    def animal(self) -> str:
        return self.rng.choice(tuple(words.ANIMALS))

    @cached_property
    def file(self) -> tuple[str, str]:
        kind = self.rng.choice(tuple(words.FILE_TYPES))
        return f"{self.rng.choice(words.FILE_STEMS)}.{kind}", words.FILE_TYPES[kind]

    @cached_property
    def team(self) -> str:
        return self.rng.choice(words.TEAMS)

    @cached_property
    def course(self) -> str:
        return self.rng.choice(words.COURSES)

    @cached_property
    def temperature(self) -> float:
        return round(self.rng.gauss(15, 9), 1)

    def sentence(self) -> str:
        """One short English sentence."""
        pick = self.rng.choice
        noun, other, adjective = pick(words.NOUNS), pick(words.NOUNS), pick(words.ADJECTIVES)
        return pick(
            (
                f"The {adjective} {noun} {pick(words.VERBS)} the {other}.",
                f"The {noun} {pick(words.VERBS)} the {adjective} {other} {pick(words.ADVERBS)}.",
                f"A {adjective} {noun} for the {other}.",
                f"Please check the {noun} {pick(words.ADVERBS)}.",
                f"This {noun} is {adjective} and {pick(words.ADJECTIVES)}.",
                f"We need a {adjective} {noun} {pick(words.ADVERBS)}.",
            )
        )

    def phrase(self) -> str:
        """An adjective and a noun."""
        return f"{self.rng.choice(words.ADJECTIVES)} {self.rng.choice(words.NOUNS)}"

    def paragraph(self) -> str:
        """One to three sentences."""
        return " ".join(self.sentence() for _ in range(self.rng.choice((1, 1, 2, 3))))

    def digits(self, count: int) -> str:
        """Decimal digits."""
        return "".join(self.rng.choices(string.digits, k=count))

    def hexadecimal(self, count: int) -> str:
        """Lower-case hexadecimal digits."""
        return "".join(self.rng.choices("0123456789abcdef", k=count))

    def letters(self, count: int) -> str:
        """Upper-case letters."""
        return "".join(self.rng.choices(string.ascii_uppercase, k=count))

    def uuid(self) -> str:
        """A version 4 UUID."""
        h = self.hexadecimal
        return f"{h(8)}-{h(4)}-4{h(3)}-{self.rng.choice('89ab')}{h(3)}-{h(12)}"

    def shaped(self, shape: str) -> str:
        """`shape` with every `#` made a digit and every `A` and `B` a letter."""
        return "".join(
            self.digits(1) if c == "#" else self.letters(1) if c in "AB" else c for c in shape
        )
