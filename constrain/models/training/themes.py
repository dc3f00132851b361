"""The kinds of records in the training documents, and the fields that belong to each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """A kind of record.

    Attributes:
        names: what such a record may be called, in words.
        fields: keys of `FIELDS` that suit it, the most typical first.
        parts: nested records, as (property names, theme, how): "same" shares the facts of the
            record, "other" is about somebody else, "many" is an array.
    """

    names: tuple[str, ...]
    fields: tuple[str, ...]
    parts: tuple[tuple[tuple[str, ...], str, str], ...] = ()


def _theme(names: str, fields: str, *parts: tuple[str, str, str]) -> Theme:
    nested = tuple((_split(called), theme, how) for called, theme, how in parts)
    return Theme(_split(names), tuple(fields.split()), nested)


def _split(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


ADDRESS = ("address, home address, postal address, mailing address", "address", "same")
OWNER = ("owner, author, created by, manager, contact, responsible", "contact", "other")

THEMES: dict[str, Theme] = {
    "person": _theme(
        "person, user, contact, customer, human, individual, user profile, profile, member",
        "full_name first_name last_name age email phone birth_date gender occupation city country "
        "company nationality married height weight_kg language languages hobbies skills username "
        "active description website department salary friends street postal_code uuid id tags",
        ADDRESS,
        ("company, employer, work", "company", "same"),
        ("friends, children, contacts", "contact", "many"),
        ("pets, animals", "pet", "many"),
    ),
    "contact": _theme(
        "contact, person, user, participant, author",
        "full_name first_name last_name email phone age role username city occupation",
    ),
    "employee": _theme(
        "employee, staff member, worker, employee record",
        "id full_name first_name last_name email occupation department salary date active skills "
        "phone company person role birth_date languages code",
        ADDRESS,
        ("manager, supervisor, emergency contact", "contact", "other"),
    ),
    "account": _theme(
        "account, user account, registration, sign up form, login",
        "username email uuid id full_name role active plan date_time later locale time_zone "
        "phone theme page_url ipv4 description birth_date country",
        ("settings, preferences, options", "settings", "other"),
    ),
    "address": _theme(
        "address, shipping address, billing address, location, postal address, delivery address",
        "street city region postal_code country country_code us_zip latitude longitude",
    ),
    "place": _theme(
        "place, city, location, landmark, point of interest",
        "city country region country_code latitude longitude time_zone description coordinates "
        "rating website currency location",
    ),
    "company": _theme(
        "company, organization, business, supplier, startup, firm",
        "company industry founded employees website email phone city country revenue "
        "publicly_traded description tags id location street",
        ADDRESS,
        ("contact, ceo, founder, contact person", "contact", "other"),
        ("employees, staff, founders", "contact", "many"),
    ),
    "product": _theme(
        "product, item, article, catalog item, product listing, goods",
        "product price sku category brand description in_stock stock currency rating reviews color "
        "colors material size weight unit dimension barcode discount images tags id uuid quantity",
        ("dimensions, size, measurements", "dimensions", "same"),
        ("manufacturer, supplier, vendor", "company", "other"),
        ("reviews, ratings, comments", "review", "many"),
    ),
    "dimensions": _theme("dimensions, size", "dimension dimension dimension weight unit"),
    "review": _theme(
        "review, rating, comment, feedback",
        "person stars rating comment date active product phrase book email",
    ),
    "line_item": _theme(
        "line item, item, order line, position, cart item",
        "product quantity price sku id discount money",
    ),
    "order": _theme(
        "order, purchase, purchase order, shopping cart, sale",
        "code id uuid person email date status money currency payment quantity tax discount "
        "date_time later comment active",
        ("items, line items, products, lines", "line_item", "many"),
        ("customer, buyer, recipient, client", "contact", "same"),
        ("shipping address, address, delivery address", "address", "same"),
    ),
    "invoice": _theme(
        "invoice, bill, receipt, payment, transaction",
        "code date end_date person company money currency tax status iban card payment email "
        "comment uuid active",
        ("items, positions, lines", "line_item", "many"),
        ("billing address, address", "address", "same"),
    ),
    "book": _theme(
        "book, novel, publication, library book",
        "book person isbn year genre genres publisher pages price language rating description "
        "in_stock date currency tags",
        ("author, writer", "contact", "other"),
        ("reviews, ratings", "review", "many"),
    ),
    "film": _theme(
        "movie, film, tv show, episode, song, album",
        "book person year genre genres minutes rating description language reviews friends date "
        "music_genre",
        ("director, artist", "contact", "other"),
    ),
    "event": _theme(
        "event, meeting, appointment, conference, calendar entry, booking",
        "event date date_time later end_date location city person friends description capacity "
        "price status tags time minutes website active weekday",
        ("venue, place, location, address", "address", "same"),
        OWNER,
        ("attendees, participants, speakers", "contact", "many"),
    ),
    "task": _theme(
        "task, todo, ticket, issue, bug report, project",
        "task id code description status priority person end_date tags active date_time later "
        "comment minutes department humidity",
        OWNER,
        ("subtasks, tasks, steps", "task", "many"),
    ),
    "post": _theme(
        "blog post, article, post, news item, message, email message",
        "phrase slug person date_time date description tags page_url reviews active status "
        "language comment images emails uuid",
        ("author, writer, sender", "contact", "other"),
        ("comments, replies, reactions", "review", "many"),
    ),
    "recipe": _theme(
        "recipe, dish, meal, menu item",
        "dish description servings minutes calories cuisine vegetarian ingredients notes rating "
        "price tags person",
        ("ingredients, components", "ingredient", "many"),
    ),
    "ingredient": _theme("ingredient", "ingredient quantity unit"),
    "hotel": _theme(
        "hotel booking, reservation, booking, hotel, stay",
        "hotel city country date end_date nights room price currency person stars rating code "
        "email phone status active description website",
        ("guest, customer", "contact", "same"),
        ADDRESS,
    ),
    "flight": _theme(
        "flight, trip, flight booking, ticket, boarding pass",
        "airline flight airport city destination date_time later date seat price currency person "
        "status code minutes",
        ("passenger, traveller", "contact", "same"),
        ("passengers, travellers", "contact", "many"),
    ),
    "car": _theme(
        "car, vehicle, used car, rental car, car listing",
        "car_make car_model year color price mileage fuel code in_stock description person city",
        OWNER,
    ),
    "pet": _theme(
        "pet, animal",
        "pet_name species breed pet_age color weight gender birth_date active comment",
        OWNER,
    ),
    "course": _theme(
        "course, class, student, enrollment, student record",
        "course full_name age email grade gpa credits person date end_date capacity location "
        "description active department year id",
        ("teacher, instructor, student", "contact", "other"),
        ("students, participants", "contact", "many"),
    ),
    "patient": _theme(
        "patient, patient record, medical record, visit, appointment",
        "id full_name age gender birth_date blood diagnosis symptoms height weight_kg person date "
        "phone comment active temperature",
        ("doctor, physician", "contact", "other"),
        ADDRESS,
    ),
    "weather": _theme(
        "weather, weather report, forecast, weather observation",
        "city country date temperature humidity weather wind latitude longitude date_time "
        "description readings",
        ("coordinates, location, position", "point", "same"),
    ),
    "point": _theme("point, coordinates, geo location, position", "latitude longitude"),
    "sensor": _theme(
        "sensor reading, measurement, observation, data point, telemetry, experiment",
        "sensor date_time reading unit temperature humidity status readings location uuid active "
        "latitude longitude comment",
        ("readings, measurements, samples", "sample", "many"),
        ("position, location, coordinates", "point", "same"),
    ),
    "sample": _theme("sample, reading", "date_time reading unit active humidity"),
    "settings": _theme(
        "settings, preferences, configuration, options, profile settings",
        "theme locale active time_zone timeout hex_color currency level email page_url",
    ),
    "server": _theme(
        "server, server config, configuration, service, deployment, database connection",
        "hostname port ipv4 ipv6 version timeout active username path level tags status "
        "date_time page_url method bytes",
        ("settings, options, logging", "settings", "other"),
    ),
    "log": _theme(
        "log entry, request, api response, audit event, http request",
        "date_time level comment method path http_status ipv4 uuid username minutes bytes "
        "page_url hostname hash",
        ("user, actor", "contact", "other"),
    ),
    "file": _theme(
        "file, document, attachment, upload, photo",
        "file path bytes mime date_time later person hash tags version page_url active uuid",
        OWNER,
    ),
    "release": _theme(
        "package, release, repository, software, app, dependency",
        "slug version description person date website page_url reviews language tags bytes hash "
        "active notes",
    ),
    "match": _theme(
        "match, game, game result, fixture",
        "team away_team date goals location date_time status capacity",
        ("players, scorers", "contact", "many"),
    ),
    "bank": _theme(
        "bank account, transfer, bank transaction, savings account",
        "iban full_name money currency date status code card uuid active country date_time comment",
    ),
    "job": _theme(
        "job posting, vacancy, job, job application, resume",
        "occupation company location salary department description skills date end_date email "
        "full_name phone languages active website",
        ("company, employer", "company", "same"),
    ),
    "property": _theme(
        "house, apartment, real estate listing, rental, property",
        "street city postal_code price currency nights dimension year description active images "
        "phone person rating",
        ADDRESS,
        OWNER,
    ),
}
