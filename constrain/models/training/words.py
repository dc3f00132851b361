"""The words that the training documents are made of: names, places, things."""

from __future__ import annotations


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


FEMALE_NAMES = tuple(
    """
    Alice Amelia Ana Anna Aisha Beatrice Bianca Camille Carla Caroline Chloe Clara Daniela Diana
    Elena Elise Eliza Emily Emma Eva Fatima Fiona Freya Grace Greta Hana Hannah Helen Ines Ingrid
    Irene Isabel Ivy Jane Jasmine Julia Karen Katya Laura Layla Leila Lena Lily Linda Lucia Lucy
    Maria Marta Maya Mei Mia Mina Monica Nadia Naomi Nina Nora Olivia Paula Petra Priya Rachel
    Rosa Ruth Sakura Sara Sofia Sophie Susan Tara Tessa Valentina Vera Victoria Yara Yuki Zoe
    """.split()
)
MALE_NAMES = tuple(
    """
    Adam Ahmed Alan Alexander Ali Andre Andrew Anton Arthur Ben Boris Bruno Carlos Charles Chen
    Daniel David Diego Dmitri Edward Emil Eric Ethan Felix Frank Gabriel George Hamid Hans Henry
    Hugo Ibrahim Isaac Ivan Jack Jacob James Jan Javier John Jonas Jorge Joseph Karl Kenji Kevin
    Lars Leo Liam Louis Lucas Marco Mark Martin Mateo Max Michael Miguel Mohammed Nathan Noah
    Oliver Omar Oscar Pablo Paul Pedro Peter Rafael Raj Ravi Robert Samuel Sven Thomas Tomas
    Victor Walter Wei William Yusuf
    """.split()
)
LAST_NAMES = tuple(
    """
    Adams Ali Allen Andersen Baker Becker Bell Bennett Berg Brown Campbell Carter Chen Clark Cohen
    Cook Costa Cruz Davis Diaz Dubois Eriksson Evans Fernandez Fischer Fisher Foster Garcia Gomez
    Green Gupta Haas Hall Hansen Harris Hassan Hill Hoffmann Hughes Ito Ivanov Jackson Jensen
    Johnson Jones Kaya Keller Kelly Khan Kim King Klein Kowalski Kumar Larsen Lee Lewis Lin Lopez
    Marino Martin Martinez Meyer Miller Mitchell Moore Moreau Morgan Morris Mueller Murphy Nakamura
    Nelson Nguyen Novak Okafor Olsen Ortiz Park Parker Patel Perez Petrov Phillips Popov Ramos Reed
    Richter Rivera Roberts Rossi Roy Santos Sato Schmidt Schneider Scott Shah Sharma Silva Singh
    Smith Sokolov Suzuki Tanaka Taylor Thomas Thompson Torres Turner Vargas Walker Wang Ward Weber
    White Williams Wilson Wolf Wong Wood Wright Yamamoto Yang Yilmaz Young Zhang
    """.split()
)

# city, region, country, country code, currency, time zone, latitude, longitude, postal code shape
PLACES = tuple(
    (c, r, n, k, cur, tz, float(lat), float(lon), zipped)
    for c, r, n, k, cur, tz, lat, lon, zipped in (
        line.split("|")
        for line in _lines(
            """
            Amsterdam|North Holland|Netherlands|NL|EUR|Europe/Amsterdam|52.37|4.9|1### AB
            Athens|Attica|Greece|GR|EUR|Europe/Athens|37.98|23.73|10###
            Auckland|Auckland|New Zealand|NZ|NZD|Pacific/Auckland|-36.85|174.76|10##
            Austin|TX|United States|US|USD|America/Chicago|30.27|-97.74|787##
            Bangkok|Bangkok|Thailand|TH|THB|Asia/Bangkok|13.76|100.5|10###
            Barcelona|Catalonia|Spain|ES|EUR|Europe/Madrid|41.39|2.17|080##
            Berlin|Berlin|Germany|DE|EUR|Europe/Berlin|52.52|13.4|10###
            Bogota|Cundinamarca|Colombia|CO|COP|America/Bogota|4.71|-74.07|1101##
            Boston|MA|United States|US|USD|America/New_York|42.36|-71.06|021##
            Brussels|Brussels|Belgium|BE|EUR|Europe/Brussels|50.85|4.35|10##
            Budapest|Budapest|Hungary|HU|HUF|Europe/Budapest|47.5|19.04|10##
            Buenos Aires|Buenos Aires|Argentina|AR|ARS|America/Argentina/Buenos_Aires|-34.6|-58.38|10##
            Cairo|Cairo|Egypt|EG|EGP|Africa/Cairo|30.04|31.24|115##
            Cape Town|Western Cape|South Africa|ZA|ZAR|Africa/Johannesburg|-33.92|18.42|80##
            Chicago|IL|United States|US|USD|America/Chicago|41.88|-87.63|606##
            Copenhagen|Capital Region|Denmark|DK|DKK|Europe/Copenhagen|55.68|12.57|1###
            Denver|CO|United States|US|USD|America/Denver|39.74|-104.99|802##
            Dublin|Leinster|Ireland|IE|EUR|Europe/Dublin|53.35|-6.26|D0# X###
            Edinburgh|Scotland|United Kingdom|GB|GBP|Europe/London|55.95|-3.19|EH# #AB
            Geneva|Geneva|Switzerland|CH|CHF|Europe/Zurich|46.2|6.14|12##
            Hamburg|Hamburg|Germany|DE|EUR|Europe/Berlin|53.55|9.99|20###
            Helsinki|Uusimaa|Finland|FI|EUR|Europe/Helsinki|60.17|24.94|00###
            Istanbul|Istanbul|Turkey|TR|TRY|Europe/Istanbul|41.01|28.98|34###
            Kyoto|Kyoto|Japan|JP|JPY|Asia/Tokyo|35.01|135.77|604-00##
            Lagos|Lagos|Nigeria|NG|NGN|Africa/Lagos|6.52|3.38|1002##
            Lima|Lima|Peru|PE|PEN|America/Lima|-12.05|-77.04|150##
            Lisbon|Lisbon|Portugal|PT|EUR|Europe/Lisbon|38.72|-9.14|1###-###
            London|England|United Kingdom|GB|GBP|Europe/London|51.51|-0.13|SW# #AB
            Lyon|Rhone|France|FR|EUR|Europe/Paris|45.76|4.84|6900#
            Madrid|Madrid|Spain|ES|EUR|Europe/Madrid|40.42|-3.7|280##
            Melbourne|Victoria|Australia|AU|AUD|Australia/Melbourne|-37.81|144.96|30##
            Mexico City|CDMX|Mexico|MX|MXN|America/Mexico_City|19.43|-99.13|06###
            Milan|Lombardy|Italy|IT|EUR|Europe/Rome|45.46|9.19|201##
            Montreal|QC|Canada|CA|CAD|America/Toronto|45.5|-73.57|H#B #A#
            Mumbai|Maharashtra|India|IN|INR|Asia/Kolkata|19.08|72.88|4000##
            Munich|Bavaria|Germany|DE|EUR|Europe/Berlin|48.14|11.58|80###
            Nairobi|Nairobi|Kenya|KE|KES|Africa/Nairobi|-1.29|36.82|001##
            New York|NY|United States|US|USD|America/New_York|40.71|-74.01|100##
            Osaka|Osaka|Japan|JP|JPY|Asia/Tokyo|34.69|135.5|530-00##
            Oslo|Oslo|Norway|NO|NOK|Europe/Oslo|59.91|10.75|01##
            Paris|Ile-de-France|France|FR|EUR|Europe/Paris|48.86|2.35|750##
            Portland|OR|United States|US|USD|America/Los_Angeles|45.52|-122.68|972##
            Prague|Prague|Czech Republic|CZ|CZK|Europe/Prague|50.08|14.44|110 ##
            Rome|Lazio|Italy|IT|EUR|Europe/Rome|41.9|12.5|001##
            San Francisco|CA|United States|US|USD|America/Los_Angeles|37.77|-122.42|941##
            Santiago|Santiago|Chile|CL|CLP|America/Santiago|-33.45|-70.67|83###
            Sao Paulo|SP|Brazil|BR|BRL|America/Sao_Paulo|-23.55|-46.63|010##-000
            Seattle|WA|United States|US|USD|America/Los_Angeles|47.61|-122.33|981##
            Seoul|Seoul|South Korea|KR|KRW|Asia/Seoul|37.57|126.98|045##
            Singapore|Singapore|Singapore|SG|SGD|Asia/Singapore|1.35|103.82|0498##
            Stockholm|Stockholm|Sweden|SE|SEK|Europe/Stockholm|59.33|18.07|111 ##
            Sydney|New South Wales|Australia|AU|AUD|Australia/Sydney|-33.87|151.21|20##
            Tokyo|Tokyo|Japan|JP|JPY|Asia/Tokyo|35.68|139.69|100-00##
            Toronto|ON|Canada|CA|CAD|America/Toronto|43.65|-79.38|M#V #A#
            Vienna|Vienna|Austria|AT|EUR|Europe/Vienna|48.21|16.37|10##
            Warsaw|Mazovia|Poland|PL|PLN|Europe/Warsaw|52.23|21.01|00-0##
            Zurich|Zurich|Switzerland|CH|CHF|Europe/Zurich|47.38|8.54|80##
            """  # noqa: E501
        )
    )
)
LANGUAGES = (
    "English German French Spanish Italian Portuguese Dutch Polish Russian Turkish Arabic "
    "Japanese Korean Chinese Hindi Swedish"
).split()
LANGUAGE_CODES = "en de fr es it pt nl pl ru tr ar ja ko zh hi sv".split()
LOCALES = "en-US en-GB de-DE fr-FR es-ES it-IT pt-BR nl-NL pl-PL ja-JP ko-KR zh-CN".split()
CURRENCIES = "USD EUR GBP JPY CHF CAD AUD SEK INR BRL".split()

STREETS = _lines(
    """
    Main Street
    Oak Avenue
    Park Road
    Maple Drive
    Cedar Lane
    High Street
    Church Street
    Station Road
    Elm Street
    Lake View
    King Street
    Queen Street
    Mill Lane
    Garden Avenue
    Hill Road
    River Street
    Market Square
    Victoria Road
    Bridge Street
    Sunset Boulevard
    Forest Drive
    School Lane
    Washington Avenue
    Harbor Street
    """
)

OCCUPATIONS = _lines(
    """
    Software Engineer
    Data Scientist
    Product Manager
    Nurse
    Teacher
    Architect
    Accountant
    Graphic Designer
    Sales Manager
    Electrician
    Journalist
    Lawyer
    Pharmacist
    Chef
    Mechanical Engineer
    Civil Engineer
    Marketing Specialist
    Project Manager
    Research Scientist
    Librarian
    Photographer
    Dentist
    Pilot
    Translator
    Carpenter
    System Administrator
    Financial Analyst
    Consultant
    Biologist
    Customer Support Agent
    """
)
DEPARTMENTS = (
    "Engineering Marketing Sales Finance Operations Support Research Legal Design Logistics"
).split()
SKILLS = (
    "python java sql writing design leadership statistics teaching cooking javascript rust "
    "photography planning research testing negotiation accounting painting"
).split()
HOBBIES = (
    "reading hiking cooking chess painting swimming cycling gardening photography music "
    "dancing running travel yoga fishing climbing sailing knitting"
).split()

COMPANY_HEADS = (
    "Acme Northwind Bright Summit Blue Evergreen Pioneer Atlas Nova Vertex Harbor Silver Orion "
    "Cedar Quantum Falcon Delta Lumen Granite Meadow Apex Coral Titan Willow Horizon"
).split()
COMPANY_TAILS = (
    "Systems Labs Foods Logistics Software Energy Media Health Design Trading Robotics Travel "
    "Analytics Partners Motors Studios"
).split()
COMPANY_FORMS = ("", "", " Ltd", " Inc", " GmbH", " Corp", " LLC", " Group")
INDUSTRIES = (
    "technology healthcare finance education retail manufacturing energy transport media "
    "agriculture construction tourism"
).split()
DOMAINS = (
    "example.com example.org example.net mail.com inbox.org post.net webmail.com letters.org"
).split()
TOP_LEVEL = ("com", "org", "net", "io", "co")

# category | products
PRODUCTS = {
    head: tuple(item.strip() for item in items.split(","))
    for head, items in (
        line.split("|")
        for line in _lines(
            """
            electronics|Headphones, Keyboard, Laptop, Monitor, Phone, Camera, Speaker, Tablet, Charger
            furniture|Desk, Chair, Bookshelf, Sofa, Table, Wardrobe, Lamp, Cabinet
            clothing|Jacket, T-Shirt, Sweater, Scarf, Jeans, Dress, Raincoat, Hat
            kitchen|Kettle, Toaster, Knife Set, Blender, Coffee Maker, Frying Pan, Mug, Teapot
            sports|Bicycle, Tennis Racket, Football, Yoga Mat, Running Shoes, Backpack, Tent
            toys|Puzzle, Board Game, Toy Train, Building Blocks, Teddy Bear, Kite
            garden|Watering Can, Rake, Flower Pot, Hose, Shovel, Bird Feeder
            office|Notebook, Pen Set, Stapler, Paper, Calendar, Desk Organizer
            books|Cookbook, Atlas, Novel, Dictionary, Travel Guide, Poetry Collection
            beauty|Shampoo, Hand Cream, Perfume, Soap, Face Mask, Hairbrush
            """  # noqa: E501
        )
    )
}
PRODUCT_HEADS = (
    "Wireless Classic Compact Wooden Portable Deluxe Modern Smart Organic Lightweight Vintage "
    "Premium Folding Ergonomic Steel Cotton"
).split()
COLORS = (
    "red blue green black white yellow orange purple grey brown pink silver gold navy teal"
).split()
MATERIALS = "cotton steel wood plastic glass leather aluminium ceramic wool bamboo".split()
SIZES = ("XS", "S", "M", "L", "XL", "XXL")
UNITS = ("kg", "g", "lb", "cm", "mm", "m", "l", "ml")
TAGS = (
    "new sale popular featured limited eco handmade gift summer winter outdoor home travel kids "
    "premium classic urgent internal draft public archive important weekly"
).split()

BOOK_HEADS = _lines(
    """
    The Silent
    The Last
    The Hidden
    A Distant
    The Golden
    Beyond the
    The Broken
    The Winter
    The Lost
    Under the
    The Burning
    The Secret
    Return to the
    Song of the
    """
)
BOOK_TAILS = (
    "Garden River House Mountain Sea City Forest Light Star Road Island Bridge Letter Shadow "
    "Storm Harbor Kingdom Summer Night Mirror"
).split()
GENRES = (
    "fiction mystery fantasy romance history science biography thriller poetry adventure comedy "
    "drama horror documentary animation"
).split()
MUSIC_GENRES = "rock jazz pop classical electronic folk blues country soul metal".split()
PUBLISHERS = _lines(
    """
    Riverside Press
    Northgate Books
    Blue Lantern Publishing
    Harbor House
    Old Mill Press
    Open Page Books
    """
)

EVENTS = _lines(
    """
    Team Meeting
    Project Kickoff
    Product Launch
    Annual Conference
    Design Workshop
    Birthday Party
    Budget Review
    Training Session
    Book Fair
    Spring Concert
    City Marathon
    Art Exhibition
    Food Festival
    Security Audit
    Open Day
    Charity Dinner
    """
)
TASKS = _lines(
    """
    Fix the login page
    Update the documentation
    Write unit tests
    Review the pull request
    Prepare the monthly report
    Call the supplier
    Clean up the database
    Order new equipment
    Plan the next release
    Translate the user guide
    Check the invoices
    Design the new logo
    Migrate the old server
    Answer customer questions
    Book the meeting room
    Test the backup
    """
)
DISHES = _lines(
    """
    Tomato Soup
    Chicken Curry
    Apple Pie
    Vegetable Lasagne
    Beef Stew
    Mushroom Risotto
    Pancakes
    Greek Salad
    Lentil Soup
    Fish Tacos
    Banana Bread
    Fried Rice
    Pumpkin Soup
    Chocolate Cake
    Pasta Carbonara
    Potato Gratin
    """
)
INGREDIENTS = (
    "flour sugar butter eggs milk salt pepper garlic onion tomatoes rice chicken cheese carrots "
    "basil lemon potatoes mushrooms cream honey"
).split()
CUISINES = "Italian French Indian Mexican Japanese Thai Greek Spanish Chinese American".split()
HOTEL_TAILS = ("Hotel", "Inn", "Lodge", "Resort", "Guesthouse", "Suites")
AIRLINES = _lines(
    """
    Nordic Air
    Blue Sky Airlines
    Pacific Wings
    Euro Connect
    Sunrise Airways
    Continental Express
    """
)
CAR_MODELS = {
    "Toyota": ("Corolla", "Yaris", "Camry"),
    "Ford": ("Focus", "Fiesta", "Mustang"),
    "Volkswagen": ("Golf", "Polo", "Passat"),
    "Honda": ("Civic", "Accord", "Jazz"),
    "BMW": ("320i", "X3", "i4"),
    "Volvo": ("V60", "XC40", "S90"),
    "Renault": ("Clio", "Megane", "Zoe"),
    "Hyundai": ("Tucson", "Ioniq", "Kona"),
}
COURSES = _lines(
    """
    Linear Algebra
    Introduction to Biology
    World History
    Organic Chemistry
    Data Structures
    Microeconomics
    Modern Art
    Machine Learning
    Creative Writing
    Human Anatomy
    Statistics
    Astronomy
    """
)
SYMPTOMS = "headache fever cough fatigue nausea dizziness rash insomnia".split()
DISEASES = ("influenza", "asthma", "diabetes", "migraine", "hypertension", "allergy", "anemia")
ANIMALS = {
    "dog": ("Labrador", "Beagle", "Poodle", "Terrier", "Collie"),
    "cat": ("Siamese", "Persian", "Maine Coon", "Bengal"),
    "rabbit": ("Dutch", "Lop", "Angora"),
    "horse": ("Arabian", "Shetland", "Friesian"),
    "bird": ("Canary", "Parrot", "Finch"),
}
PET_NAMES = "Bella Max Luna Rocky Milo Daisy Coco Simba Nala Oscar Ruby Buddy Molly Felix".split()
WEATHER = ("sunny", "cloudy", "rain", "snow", "fog", "thunderstorm", "windy", "clear")
TEAMS = _lines(
    """
    River City Rovers
    Northern Lions
    Harbor United
    Golden Eagles
    Red Foxes
    Mountain Bears
    Silver Sharks
    Westside Wolves
    """
)
FILE_STEMS = "report invoice photo notes budget backup summary data draft index readme".split()
FILE_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "txt": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
    "html": "text/html",
    "zip": "application/zip",
}
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")

ADJECTIVES = (
    "small large simple careful bright quiet modern early late local useful open clean strong "
    "friendly fast detailed public warm new"
).split()
NOUNS = (
    "report garden system team project house school market office plan library station "
    "machine kitchen service village museum window engine story"
).split()
VERBS = (
    "opens closes improves supports covers describes follows replaces needs includes explains "
    "checks moves shows keeps helps"
).split()
ADVERBS = (
    "today",
    "every day",
    "next week",
    "on time",
    "without delay",
    "in the morning",
    "at night",
    "for everyone",
    "this year",
    "with care",
)
ABSTRACT = (
    "alpha beta gamma delta omega north south east west first second third primary secondary "
    "fast slow hot cold open closed high low left right manual auto basic full partial none "
    "internal external light dark soft hard raw final green amber red spring summer autumn winter "
    "daily weekly monthly yearly monday tuesday friday sunday yes no maybe true_north ok failed "
    "ready waiting running stopped queued visible hidden enabled disabled read write admin guest "
    "member owner free paid trial standard express economy business square round flat"
).split()
# what may stand before the name of a known field
QUALIFIERS = (
    "customer user contact home billing main primary secondary company parent my current new "
    "other public official client account person partner"
).split()
# the heads and tails of property names that no field below has
ODD_HEADS = (
    "max min total current last next first default base raw final target source primary average "
    "initial estimated actual local global extra inner outer main old new"
).split()
ODD_NUMBERS = (
    "count size level limit offset index score rate ratio depth width length height weight delay "
    "timeout distance speed volume angle threshold capacity step batch pressure balance"
).split()
ODD_STRINGS = (
    "label note key code mode kind group state section region theme channel format source reason "
    "comment value text remark class layer pattern stage token slot"
).split()
ODD_FLAGS = (
    "enabled active visible required locked verified public optional archived hidden ready valid "
    "shared default deleted available approved paid complete recurring"
).split()
