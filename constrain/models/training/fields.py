"""The fields of documents: the names a property goes by, a schema for it, and a fitting value."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from . import words
from .facts import Facts

Schema: TypeAlias = "dict[str, Any]"
Made: TypeAlias = "tuple[Schema, Any]"  # a schema and a value that obeys it


@dataclass(frozen=True, slots=True)
class Field:
    """One property.

    Attributes:
        names: what it may be called, in lower-case words.
        make: draws a schema and a value for it.
    """

    names: tuple[str, ...]
    make: Callable[[Facts], Made]


def text(f: Facts, value: str) -> Made:
    """A string, sometimes with bounds on its length."""
    schema: Schema = {"type": "string"}
    if f.rng.random() < 0.2:
        schema["minLength"] = f.rng.choice((1, 1, 1, 2, 3)) if len(value) >= 3 else 1
    if f.rng.random() < 0.2:
        bounds = [b for b in (10, 20, 30, 40, 50, 64, 80, 100, 200, 255) if b >= len(value)]
        if bounds:
            schema["maxLength"] = f.rng.choice(bounds)
    return schema, value


def formatted(f: Facts, value: str, name: str) -> Made:
    """A string of a `format`, which the schema usually names."""
    stated = f.rng.random() < 0.8
    return {"type": "string", "format": name} if stated else {"type": "string"}, value


def patterned(f: Facts, value: str, pattern: str) -> Made:
    """A string with a `pattern`, which the schema usually gives."""
    stated = f.rng.random() < 0.7
    return {"type": "string", "pattern": pattern} if stated else {"type": "string"}, value


def integer(f: Facts, value: int, low: int | None = 0, high: int | None = None) -> Made:
    """An integer, sometimes with the bounds."""
    schema: Schema = {"type": "integer"}
    if low is not None and f.rng.random() < 0.4:
        schema["minimum"] = low
    if high is not None and f.rng.random() < 0.4:
        schema["maximum"] = high
    return schema, value


def number(f: Facts, value: float, low: float | None = 0, high: float | None = None) -> Made:
    """A number, sometimes with the bounds."""
    schema, _ = integer(f, 0, low, high)  # type: ignore[arg-type]
    if schema.get("minimum") == 0 and value > 0 and f.rng.random() < 0.2:
        schema = {"exclusiveMinimum" if k == "minimum" else k: v for k, v in schema.items()}
    return {**schema, "type": "number"}, value


def choice(f: Facts, options: Sequence[Any], value: Any = None) -> Made:
    """One of `options`; the schema usually lists a shuffled part of them."""
    value = f.rng.choice(options) if value is None else value
    if f.rng.random() < 0.15:
        return {"type": "string"}, value
    shown = f.rng.sample(list(options), min(len(options), f.rng.randint(2, 6)))
    if value not in shown:
        value = f.rng.choice(shown)
    return ({"type": "string"} if f.rng.random() < 0.8 else {}) | {"enum": shown}, value


def boolean(f: Facts, likely: float = 0.5) -> Made:
    """A boolean."""
    return {"type": "boolean"}, f.rng.random() < likely


def several(f: Facts, pool: Sequence[str], most: int = 4) -> Made:
    """An array of different strings from `pool`, sometimes with bounds on its length."""
    items: Schema = {"type": "string"}
    if f.rng.random() < 0.2:
        pool = f.rng.sample(list(pool), min(len(pool), f.rng.randint(3, 6)))
        items["enum"] = list(pool)
    least = f.rng.randint(0, 2)
    chosen = f.rng.sample(list(pool), f.rng.randint(max(1, least), max(1, min(most, len(pool)))))
    schema: Schema = {"type": "array", "items": items}
    if f.rng.random() < 0.3:
        schema["minItems"] = least
    if f.rng.random() < 0.3:
        schema["maxItems"] = f.rng.randint(len(chosen), most + 1)
    if f.rng.random() < 0.2:
        schema["uniqueItems"] = True
    return schema, chosen


def numbers(f: Facts, decimals: int | None) -> Made:
    """An array of numbers, or of integers where `decimals` is None."""
    centre = 10 ** f.rng.uniform(0, 3)
    count = f.rng.randint(1, 6)
    drawn = [f.rng.uniform(0.5, 1.5) * centre for _ in range(count)]
    values = [round(v, decimals) if decimals else round(v) for v in drawn]
    schema: Schema = {"type": "array", "items": {"type": "number" if decimals else "integer"}}
    if f.rng.random() < 0.4:
        schema["minItems"] = f.rng.randint(1, count)
    if f.rng.random() < 0.4:
        schema["maxItems"] = f.rng.randint(count, count + 4)
    return schema, values


def between(f: Facts) -> Made:
    """A number of no known meaning, usually between bounds that the schema gives."""
    low = f.rng.choice((0, 0, 0, 1, 1, 5, 10, -10, -100, 100, f.rng.randrange(1000)))
    high = low + f.rng.choice((1, 4, 5, 9, 10, 20, 50, 90, 100, 500, 1000, f.rng.randint(2, 5000)))
    if f.rng.random() < 0.6:
        return integer(f, f.rng.randint(low, high), low, high)
    value = round(f.rng.uniform(low, high), f.rng.choice((1, 2)))
    return number(f, value, low, high)


def code(f: Facts) -> Made:
    """A code of letters and digits, its pattern given."""
    a, n = f.rng.randint(1, 3), f.rng.randint(2, 6)
    letters, digits = f.letters(a), f.digits(n)
    number_class = f.rng.choice(("[0-9]", "\\d"))
    return f.rng.choice(
        (
            ({"type": "string", "pattern": f"^[A-Z]{{{a}}}-{number_class}{{{n}}}$"},
             f"{letters}-{digits}"),
            ({"type": "string", "pattern": f"^[A-Z]{{{a}}}{number_class}{{{n}}}$"},
             f"{letters}{digits}"),
            ({"type": "string", "pattern": f"^{number_class}{{{n}}}$"}, digits),
            ({"type": "string", "pattern": f"^{letters}-{number_class}+$"}, f"{letters}-{digits}"),
            ({"type": "string", "pattern": f"^[a-f0-9]{{{n}}}$"}, f.hexadecimal(n)),
        )
    )  # fmt: skip


def constant(f: Facts) -> Made:
    """A value fixed by `const`."""
    value = f.rng.choice((f.rng.choice(words.ABSTRACT), f.rng.randrange(10), True))
    return {"const": value}, value


def options(f: Facts) -> Made:
    """An enumeration of words, or now and then of numbers."""
    if f.rng.random() < 0.15:
        pool: list[Any] = f.rng.sample((1, 2, 3, 4, 5, 8, 10, 16, 20, 25, 50, 100), 4)
        return {"type": "integer", "enum": pool}, f.rng.choice(pool)
    pool = f.rng.sample(words.ABSTRACT, f.rng.randint(2, 6))
    if f.rng.random() < 0.15:
        pool = [word.upper() for word in pool]
    return choice(f, pool)


def _date(f: Facts) -> str:
    return f.moment.date().isoformat()


def _date_time(f: Facts, days: int = 0) -> str:
    when = f.after(days) if days else f.moment
    return when.isoformat() + f.rng.choice(("Z", "Z", "Z", "+00:00", "+02:00"))


def _money(f: Facts) -> float:
    return round(f.price * f.quantity, 2)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


_ROWS: tuple[tuple[str, str, Callable[[Facts], Made]], ...] = (
    # people
    ("first_name", "first name, given name, forename, first", lambda f: text(f, f.first_name)),
    ("last_name", "last name, family name, surname, last", lambda f: text(f, f.last_name)),
    ("full_name", "name, full name, display name, real name", lambda f: text(f, f.full_name)),
    ("person", "author, owner, manager, contact, customer, assignee, created by, reviewer, "
     "teacher, doctor, driver, director, artist, seller, employee, user, writer, guest, "
     "contact name, customer name, author name, recipient, sender name, instructor, host",
     lambda f: text(f, f.full_name)),
    ("age", "age, age in years, years old", lambda f: integer(f, f.age, 0, 120)),
    ("gender", "gender, sex", lambda f: choice(f, ("female", "male"), f.gender)),
    ("birth_date", "birth date, date of birth, birthday, dob, born",
     lambda f: formatted(f, f.birth_date.date().isoformat(), "date")),
    ("email", "email, email address, e mail, mail, contact email, work email, primary email",
     lambda f: formatted(f, f.email, "email")),
    ("phone", "phone, phone number, telephone, mobile, mobile phone, tel, contact phone, fax",
     lambda f: text(f, f.phone)),
    ("username", "username, user name, login, nickname, handle, account name, screen name",
     lambda f: text(f, f.username)),
    ("occupation", "occupation, job title, job, profession, position, role title, title",
     lambda f: text(f, f.rng.choice(words.OCCUPATIONS))),
    ("department", "department, team, division, dept",
     lambda f: choice(f, words.DEPARTMENTS)),
    ("salary", "salary, annual salary, income, base salary",
     lambda f: integer(f, f.rng.randrange(28, 160) * 1000, 0)),
    ("skills", "skills, abilities, strengths", lambda f: several(f, words.SKILLS)),
    ("hobbies", "hobbies, interests, likes, activities", lambda f: several(f, words.HOBBIES)),
    ("nationality", "nationality, citizenship", lambda f: text(f, f.place.country)),
    ("married", "married, is married", lambda f: boolean(f)),
    ("height", "height, height cm", lambda f: integer(f, round(f.rng.gauss(172, 9)), 50, 250)),
    ("weight_kg", "weight, weight kg, body weight",
     lambda f: number(f, round(f.rng.gauss(72, 12), 1), 0, 300)),
    ("language", "language, native language, spoken language",
     lambda f: text(f, f.rng.choice(words.LANGUAGES))),
    ("languages", "languages, spoken languages", lambda f: several(f, words.LANGUAGES, 3)),
    ("friends", "friends, members, participants, attendees, authors, guests, children, players",
     lambda f: several(f, [f.fresh().full_name for _ in range(5)], 4)),
    ("emails", "emails, email addresses, recipients, cc",
     lambda f: ({"type": "array", "items": {"type": "string", "format": "email"}},
                [f.email, *(f.fresh().email for _ in range(f.rng.randrange(2)))])),
    # places
    ("street", "street, street address, address line1, address, line1, road",
     lambda f: text(f, f.place.street)),
    ("city", "city, town, locality, hometown, birth place, birthplace, city name, place",
     lambda f: text(f, f.place.city)),
    ("region", "state, region, province, county", lambda f: text(f, f.place.region)),
    ("country", "country, country name, nation", lambda f: text(f, f.place.country)),
    ("country_code", "country code, country iso",
     lambda f: patterned(f, f.place.country_code, "^[A-Z]{2}$")),
    ("postal_code", "postal code, zip, zip code, postcode",
     lambda f: text(f, f.place.postal_code)),
    ("us_zip", "zip, zip code, us zip",
     lambda f: patterned(f, f.digits(5), f.rng.choice(("^[0-9]{5}$", "^\\d{5}$",
                                                       "^[0-9]{5}(-[0-9]{4})?$")))),
    ("latitude", "latitude, lat", lambda f: number(f, f.place.latitude, -90, 90)),
    ("longitude", "longitude, lon, lng, long",
     lambda f: number(f, f.place.longitude, -180, 180)),
    ("time_zone", "timezone, time zone, tz", lambda f: text(f, f.place.time_zone)),
    ("location", "location, venue, where, based in",
     lambda f: text(f, f"{f.place.city}, {f.place.country}")),
    ("coordinates", "coordinates, position, point, geo point",
     lambda f: ({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                [f.place.latitude, f.place.longitude])),
    ("destination", "destination, to, arrival city, destination city",
     lambda f: text(f, f.fresh().place.city)),
    # organisations
    ("company", "company, company name, employer, organization, organisation, manufacturer, "
     "supplier, vendor, client, business name", lambda f: text(f, f.company)),
    ("industry", "industry, sector, field", lambda f: choice(f, words.INDUSTRIES)),
    ("founded", "founded, year founded, established, founding year",
     lambda f: integer(f, f.rng.randint(1900, 2023), 1800, 2030)),
    ("employees", "employees, employee count, number of employees, headcount, staff",
     lambda f: integer(f, int(10 ** f.rng.uniform(0.5, 4)), 1)),
    ("website", "website, url, homepage, web site, site, link, web page",
     lambda f: formatted(f, f"https://www.{f.domain}", "uri")),
    ("page_url", "url, link, href, source url, image url, avatar, callback url, endpoint, uri, "
     "profile url, picture", lambda f: formatted(
         f, f"https://{f.domain}/{f.rng.choice(words.NOUNS)}/{f.rng.randrange(1000)}", "uri")),
    ("revenue", "revenue, turnover, annual revenue, budget, funding",
     lambda f: integer(f, f.rng.randrange(1, 1000) * 10 ** f.rng.randint(3, 6), 0)),
    ("publicly_traded", "public, publicly traded, listed", lambda f: boolean(f, 0.3)),
    # things on sale
    ("product", "name, product, product name, item, item name, title, article",
     lambda f: text(f, f.product)),
    ("price", "price, unit price, cost, price usd, amount, fee, net price, retail price",
     lambda f: number(f, f.price)),
    ("money", "total, total price, total amount, amount, subtotal, balance, sum, grand total",
     lambda f: number(f, _money(f))),
    ("tax", "tax, vat, tax rate, discount rate, vat rate",
     lambda f: number(f, f.rng.choice((0.05, 0.07, 0.1, 0.19, 0.2, 0.21)), 0, 1)),
    ("currency", "currency, currency code", lambda f: (
        choice(f, words.CURRENCIES) if f.rng.random() < 0.6
        else patterned(f, f.place.currency, "^[A-Z]{3}$"))),
    ("quantity", "quantity, qty, count, amount, number of items, units",
     lambda f: integer(f, f.quantity, f.rng.choice((0, 1)), f.rng.choice((50, 100, 1000)))),
    ("stock", "stock, in stock count, inventory, stock level, available units",
     lambda f: integer(f, f.rng.randrange(500), 0)),
    ("in_stock", "in stock, available, is available", lambda f: boolean(f, 0.8)),
    ("sku", "sku, product code, item code, article number, part number",
     lambda f: patterned(f, f.sku, "^[A-Z]{3}-[0-9]{4}$")),
    ("category", "category, product category, type, department, group",
     lambda f: choice(f, tuple(words.PRODUCTS), f.category)),
    ("brand", "brand, make, manufacturer, maker", lambda f: text(f, f.company.split()[0])),
    ("color", "color, colour, main color", lambda f: choice(f, words.COLORS)),
    ("colors", "colors, colours, available colors", lambda f: several(f, words.COLORS)),
    ("material", "material, fabric", lambda f: choice(f, words.MATERIALS)),
    ("size", "size, clothing size", lambda f: choice(f, words.SIZES)),
    ("weight", "weight, shipping weight, net weight, mass",
     lambda f: number(f, round(10 ** f.rng.uniform(-1, 1.7), 2))),
    ("dimension", "width, height, depth, length, thickness, diameter",
     lambda f: number(f, round(f.rng.uniform(1, 200), 1))),
    ("unit", "unit, weight unit, unit of measure, units", lambda f: choice(f, words.UNITS)),
    ("rating", "rating, average rating, stars, score, review score",
     lambda f: number(f, f.rng.randint(10, 50) / 10, f.rng.choice((0, 1)), 5)),
    ("stars", "stars, rating, grade, priority level",
     lambda f: integer(f, f.rng.randint(1, 5), 1, 5)),
    ("reviews", "reviews, review count, number of reviews, votes, likes, views, downloads",
     lambda f: integer(f, int(10 ** f.rng.uniform(0, 4)), 0)),
    ("barcode", "barcode, ean, gtin, upc", lambda f: patterned(f, f.digits(13), "^[0-9]{13}$")),
    ("discount", "discount, discount percent, reduction, percent off",
     lambda f: integer(f, f.rng.choice((0, 5, 10, 15, 20, 25, 30, 50)), 0, 100)),
    ("images", "images, photos, pictures, links, urls",
     lambda f: ({"type": "array", "items": {"type": "string", "format": "uri"}},
                [f"https://{f.domain}/images/{f.rng.randrange(100)}.jpg"
                 for _ in range(f.rng.randint(1, 3))])),
    # identifiers and codes
    ("id", "id, identifier, number, record id, item id, user id, order id, product id",
     lambda f: integer(f, int(10 ** f.rng.uniform(0, 5)), f.rng.choice((0, 1)))),
    ("uuid", "id, uuid, guid, request id, session id, transaction id, user id, trace id",
     lambda f: formatted(f, f.uuid(), "uuid")),
    ("code", "code, reference, ref, ticket number, serial number, order number, invoice number, "
     "booking code, serial, reference number, license plate, batch number, tracking number",
     code),
    ("hash", "hash, checksum, commit, digest, token",
     lambda f: patterned(f, f.hexadecimal(n := f.rng.choice((8, 8, 16))),
                         f"^[a-f0-9]{{{n}}}$")),
    ("isbn", "isbn, isbn13",
     lambda f: patterned(f, "978" + f.digits(10), "^97[89][0-9]{10}$")),
    ("iban", "iban, account number, bank account",
     lambda f: patterned(f, f.place.country_code + f.digits(18), "^[A-Z]{2}[0-9]{18}$")),
    ("card", "card number, credit card, card",
     lambda f: patterned(f, f"4{f.digits(15)}", "^[0-9]{16}$")),
    ("ipv4", "ip, ip address, host ip, client ip, remote address, ipv4",
     lambda f: formatted(f, ".".join(str(f.rng.randrange(1, 255)) for _ in range(4)), "ipv4")),
    ("ipv6", "ipv6, ipv6 address",
     lambda f: formatted(f, "2001:db8::" + f.hexadecimal(4).lstrip("0"), "ipv6")),
    ("hostname", "host, hostname, server, domain, server name",
     lambda f: formatted(f, f.domain, "hostname")),
    ("port", "port, server port", lambda f: integer(
        f, f.rng.choice((80, 443, 8080, 3000, 5432, 8000, 22)), 1, 65535)),
    ("version", "version, app version, schema version, release",
     lambda f: patterned(f, f"{f.rng.randrange(6)}.{f.rng.randrange(20)}.{f.rng.randrange(20)}",
                         f.rng.choice(("^\\d+\\.\\d+\\.\\d+$",
                                       "^[0-9]+\\.[0-9]+\\.[0-9]+$")))),
    ("slug", "slug, key, short name",
     lambda f: patterned(f, f.phrase().replace(" ", "-"), "^[a-z0-9-]+$")),
    ("hex_color", "color, hex color, background color, colour code",
     lambda f: patterned(f, "#" + f.hexadecimal(6), "^#[0-9a-f]{6}$")),
    # time
    ("date", "date, day, order date, start date, hire date, published, release date, due date, "
     "purchase date, issue date, join date, delivery date, publication date",
     lambda f: formatted(f, _date(f), "date")),
    ("end_date", "end date, due date, expires, expiry date, deadline, return date, valid until",
     lambda f: formatted(f, f.after(60).date().isoformat(), "date")),
    ("date_time", "created at, timestamp, created, date time, recorded at, start, start time, "
     "logged at, published at, time, departure, departure time, last login, registered at",
     lambda f: formatted(f, _date_time(f), "date-time")),
    ("later", "updated at, end, end time, modified, finished at, completed at, arrival, "
     "arrival time, last modified, expires at",
     lambda f: formatted(f, _date_time(f, 3), "date-time")),
    ("time", "time, opening time, start time, alarm",
     lambda f: formatted(f, f.moment.time().isoformat() + "Z", "time")
     if f.rng.random() < 0.3
     else patterned(f, f.moment.strftime("%H:%M"), "^[0-9]{2}:[0-9]{2}$")),
    ("duration", "duration, interval, period",
     lambda f: formatted(f, f.rng.choice(("PT30M", "PT1H", "PT15M", "P1D", "P7D", "PT2H30M",
                                          "P1M", "PT45S")), "duration")),
    ("minutes", "duration minutes, minutes, duration, preparation time, cooking time, runtime",
     lambda f: integer(f, f.rng.choice((5, 10, 15, 20, 30, 45, 60, 90, 120, 180)), 0)),
    ("year", "year, model year, release year, publication year",
     lambda f: integer(f, f.rng.randint(1970, 2025), 1900, 2100)),
    ("month", "month", lambda f: integer(f, f.moment.month, 1, 12)),
    ("weekday", "day, weekday, day of week", lambda f: choice(f, (
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))),
    # texts
    ("description", "description, details, about, summary, abstract, overview, bio, content",
     lambda f: text(f, f.paragraph())),
    ("comment", "comment, note, notes, message, text, body, remark, feedback, review, reason",
     lambda f: text(f, f.sentence())),
    ("phrase", "label, caption, headline, subject, topic, short description, heading, motto",
     lambda f: text(f, f.phrase().capitalize())),
    ("tags", "tags, labels, keywords, topics", lambda f: several(f, words.TAGS)),
    ("notes", "notes, comments, steps, instructions, sentences, remarks",
     lambda f: ({"type": "array", "items": {"type": "string"}},
                [f.sentence() for _ in range(f.rng.randint(1, 3))])),
    # states
    ("active", "active, is active, enabled, verified, is admin, subscribed, confirmed, public, "
     "paid, completed, archived, is member, is premium, email verified, deleted, done",
     lambda f: boolean(f, 0.6)),
    ("status", "status, state, order status, current status",
     lambda f: choice(f, ("active", "inactive", "pending", "completed", "cancelled", "draft",
                          "shipped", "delivered", "open", "closed", "approved", "rejected"))),
    ("priority", "priority, severity, importance, urgency",
     lambda f: choice(f, ("low", "medium", "high", "urgent", "critical"))),
    ("role", "role, access level, permission, user role",
     lambda f: choice(f, ("admin", "editor", "viewer", "user", "guest", "member", "owner"))),
    ("payment", "payment method, payment type, paid with",
     lambda f: choice(f, ("credit card", "paypal", "bank transfer", "cash", "invoice"))),
    ("plan", "plan, subscription, tier, membership",
     lambda f: choice(f, ("free", "basic", "premium", "enterprise", "trial"))),
    # books, films, music
    ("book", "title, book title, name, movie title, song title, album, film, book",
     lambda f: text(f, f.book)),
    ("genre", "genre, category, style", lambda f: choice(f, words.GENRES)),
    ("genres", "genres, categories", lambda f: several(f, words.GENRES, 3)),
    ("music_genre", "genre, music genre", lambda f: choice(f, words.MUSIC_GENRES)),
    ("publisher", "publisher, publishing house, imprint",
     lambda f: text(f, f.rng.choice(words.PUBLISHERS))),
    ("pages", "pages, page count, number of pages",
     lambda f: integer(f, f.rng.randint(60, 900), 1)),
    # events, tasks, travel
    ("event", "title, event, event name, name, subject", lambda f: text(f, f.event)),
    ("task", "title, task, summary, name, todo, action",
     lambda f: text(f, f.rng.choice(words.TASKS))),
    ("capacity", "capacity, seats, max participants, max guests",
     lambda f: integer(f, f.rng.choice((10, 20, 25, 40, 50, 80, 100, 150, 200, 500)), 1)),
    ("airline", "airline, carrier, operator", lambda f: text(f, f.rng.choice(words.AIRLINES))),
    ("flight", "flight number, flight", lambda f: patterned(
        f, f.letters(2) + f.digits(f.rng.choice((3, 4))), "^[A-Z]{2}[0-9]{3,4}$")),
    ("airport", "from, airport, origin, departure airport, gate",
     lambda f: patterned(f, f.rng.choice(("LHR", "JFK", "CDG", "FRA", "AMS", "SIN", "NRT",
                                          "LAX", "MAD", "ZRH")), "^[A-Z]{3}$")),
    ("seat", "seat, seat number", lambda f: patterned(
        f, f"{f.rng.randint(1, 40)}{f.rng.choice('ABCDEF')}", "^[0-9]{1,2}[A-F]$")),
    ("hotel", "name, hotel, hotel name", lambda f: text(
        f, f"{f.rng.choice(words.COMPANY_HEADS)} {f.rng.choice(words.HOTEL_TAILS)}")),
    ("room", "room, room type", lambda f: choice(f, ("single", "double", "suite", "family"))),
    ("nights", "nights, number of nights, guests, adults, people, party size",
     lambda f: integer(f, f.rng.randint(1, 8), 1, 20)),
    # food
    ("dish", "name, dish, recipe, title, recipe name, meal", lambda f: text(f, f.dish)),
    ("cuisine", "cuisine, kitchen", lambda f: choice(f, words.CUISINES)),
    ("ingredients", "ingredients, shopping list, items",
     lambda f: several(f, words.INGREDIENTS, 5)),
    ("ingredient", "name, ingredient", lambda f: text(f, f.rng.choice(words.INGREDIENTS))),
    ("servings", "servings, serves, portions",
     lambda f: integer(f, f.rng.choice((1, 2, 4, 6, 8)), 1, 12)),
    ("calories", "calories, energy kcal", lambda f: integer(f, f.rng.randrange(80, 900), 0)),
    ("vegetarian", "vegetarian, vegan, gluten free, spicy", lambda f: boolean(f)),
    # vehicles, animals, schools, health
    ("car_make", "make, brand, manufacturer", lambda f: text(f, f.car[0])),
    ("car_model", "model, model name", lambda f: text(f, f.car[1])),
    ("mileage", "mileage, odometer, kilometers", lambda f: integer(f, f.rng.randrange(200000))),
    ("fuel", "fuel, fuel type, engine",
     lambda f: choice(f, ("petrol", "diesel", "electric", "hybrid"))),
    ("pet_name", "name, pet name", lambda f: text(f, f.rng.choice(words.PET_NAMES))),
    ("species", "species, animal, kind, type",
     lambda f: choice(f, tuple(words.ANIMALS), f.animal)),
    ("breed", "breed, race", lambda f: text(f, f.rng.choice(words.ANIMALS[f.animal]))),
    ("pet_age", "age, age years", lambda f: integer(f, f.rng.randint(0, 15), 0, 30)),
    ("course", "course, course name, subject, title, class", lambda f: text(f, f.course)),
    ("grade", "grade, mark, result", lambda f: choice(f, ("A", "B", "C", "D", "F"))),
    ("gpa", "gpa, grade average, average", lambda f: number(f, f.rng.randint(20, 40) / 10, 0, 4)),
    ("credits", "credits, hours, weekly hours", lambda f: integer(f, f.rng.randint(1, 12), 0, 40)),
    ("diagnosis", "diagnosis, condition, disease",
     lambda f: text(f, f.rng.choice(words.DISEASES))),
    ("symptoms", "symptoms, complaints", lambda f: several(f, words.SYMPTOMS, 3)),
    ("blood", "blood type, blood group",
     lambda f: choice(f, ("A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"))),
    # measurements, computers
    ("temperature", "temperature, temp, temperature c, degrees",
     lambda f: number(f, f.temperature, -50, 60)),
    ("humidity", "humidity, relative humidity, battery, battery level, progress, cpu usage",
     lambda f: integer(f, f.rng.randrange(5, 100), 0, 100)),
    ("weather", "condition, weather, conditions, sky", lambda f: choice(f, words.WEATHER)),
    ("wind", "wind speed, wind, speed", lambda f: number(f, round(f.rng.uniform(0, 90), 1), 0)),
    ("reading", "value, reading, measurement, level, voltage, pressure",
     lambda f: number(f, round(10 ** f.rng.uniform(-1, 3), 2), None)),
    ("readings", "values, readings, samples, scores, measurements, data",
     lambda f: numbers(f, f.rng.choice((None, 1, 2)))),
    ("sensor", "sensor, sensor id, device, device id, station",
     lambda f: text(f, f"{f.rng.choice(('sensor', 'device', 'node'))}-{f.digits(2)}")),
    ("file", "file, file name, filename, attachment, name", lambda f: text(f, f.file[0])),
    ("mime", "mime type, content type, media type", lambda f: text(f, f.file[1])),
    ("bytes", "size, file size, bytes, size bytes",
     lambda f: integer(f, int(10 ** f.rng.uniform(2, 7)), 0)),
    ("path", "path, file path, location, directory",
     lambda f: text(f, f"/{f.rng.choice(words.NOUNS)}/{f.file[0]}")),
    ("method", "method, http method", lambda f: choice(f, words.METHODS)),
    ("http_status", "status, status code, response code", lambda f: integer(
        f, f.rng.choice((200, 200, 201, 204, 301, 400, 401, 403, 404, 500)), 100, 599)),
    ("level", "level, log level", lambda f: choice(f, words.LOG_LEVELS)),
    ("timeout", "timeout, timeout seconds, retry interval, interval, ttl, retries",
     lambda f: integer(f, f.rng.choice((1, 3, 5, 10, 30, 60, 120, 300)), 0, 3600)),
    ("locale", "locale, language, lang, preferred language",
     lambda f: choice(f, words.LOCALES) if f.rng.random() < 0.5
     else choice(f, words.LANGUAGE_CODES)),
    ("theme", "theme, mode, color scheme", lambda f: choice(f, ("light", "dark", "auto"))),
    ("team", "team, team name, club, home team, winner", lambda f: text(f, f.team)),
    ("away_team", "away team, opponent, visitor", lambda f: text(f, f.fresh().team)),
    ("goals", "home score, away score, goals, score, points",
     lambda f: integer(f, f.rng.randrange(7), 0)),
)  # fmt: skip

FIELDS: dict[str, Field] = {key: Field(_names(names), make) for key, names, make in _ROWS}


_ODD_MAKERS: dict[str, Callable[[Facts], Made]] = {
    "number": between,
    "string": lambda f: text(f, f.phrase()),
    "options": options,
    "flag": boolean,
    "code": code,
    "constant": constant,
    "numbers": lambda f: numbers(f, f.rng.choice((None, 1, 2))),
}


def odd_field(f: Facts) -> tuple[str, Made]:
    """A field of no known meaning: its name (in words), schema and value."""
    kind = f.rng.choices(tuple(_ODD_MAKERS), (8, 3, 7, 4, 2, 2, 2))[0]
    pools = {"number": words.ODD_NUMBERS, "numbers": words.ODD_NUMBERS, "flag": words.ODD_FLAGS}
    pool = pools.get(kind, words.ODD_STRINGS)
    tail = f.rng.choice(pool)
    name = tail if f.rng.random() < 0.4 else f"{f.rng.choice(words.ODD_HEADS)} {tail}"
    if kind == "flag" and f.rng.random() < 0.4:
        name = f"is {tail}"
    return name, _ODD_MAKERS[kind](f)


def dumps(value: Any, indent: int | None = None) -> str:
    """JSON text with the default separators of `json.dumps`, characters unescaped."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
