"""Words of the demo: businesses, what they sell, and where they live."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Business:
    """A client's trade: its products name ad groups, keywords and search terms."""

    name: str
    domain: str
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Market:
    """Money, time and place of a client. `scale` turns an amount in euros into the currency."""

    currency: str
    time_zone: str
    scale: int
    country: int  # geo target id
    language: int  # language constant id


BUSINESSES = (
    Business(
        "Nordwind Outdoor",
        "nordwind-outdoor.example",
        ("hiking boots", "rain jacket", "trekking backpack", "camping tent", "sleeping bag", "climbing harness"),
    ),
    Business(
        "Alpen Velo",
        "alpen-velo.example",
        ("mountain bike", "road bike", "bike helmet", "e-bike battery", "cycling shorts", "bike lock"),
    ),
    Business(
        "Kaffeehaus Lindner",
        "kaffeehaus-lindner.example",
        ("espresso beans", "coffee grinder", "french press", "coffee subscription", "milk frother", "pour over set"),
    ),
    Business(
        "Sakura Ceramics",
        "sakura-ceramics.example",
        ("tea bowl", "sake set", "ramen bowl", "ceramic plates", "glazed vase", "porcelain cups"),
    ),
    Business(
        "Hudson Home",
        "hudson-home.example",
        ("standing desk", "office chair", "floor lamp", "bookshelf", "area rug", "sectional sofa"),
    ),
    Business(
        "Blauzahn Audio",
        "blauzahn-audio.example",
        ("wireless headphones", "bluetooth speaker", "turntable", "studio monitor", "noise cancelling earbuds", "dac"),
    ),
    Business(
        "Verde Garden",
        "verde-garden.example",
        ("raised garden bed", "lawn mower", "garden hose", "tomato seeds", "pruning shears", "compost bin"),
    ),
    Business(
        "Petit Marin",
        "petit-marin.example",
        ("striped shirt", "kids raincoat", "linen dress", "wool sweater", "canvas shoes", "summer hat"),
    ),
    Business(
        "Helvetia Uhren",
        "helvetia-uhren.example",
        ("automatic watch", "watch strap", "diver watch", "pocket watch", "watch winder", "chronograph"),
    ),
    Business(
        "Dental Plus",
        "dental-plus.example",
        ("teeth whitening", "dental implant", "invisible braces", "emergency dentist", "root canal", "dental cleaning"),
    ),
)
MARKETS = (
    Market("EUR", "Europe/Berlin", 1, 2276, 1001),
    Market("EUR", "Europe/Vienna", 1, 2040, 1001),
    Market("EUR", "Europe/Madrid", 1, 2724, 1003),
    Market("JPY", "Asia/Tokyo", 160, 2392, 1005),
    Market("USD", "America/New_York", 1, 2840, 1000),
    Market("GBP", "Europe/London", 1, 2826, 1000),
    Market("CHF", "Europe/Zurich", 1, 2756, 1001),
    Market("SEK", "Europe/Stockholm", 11, 2752, 1015),
    Market("AUD", "Australia/Sydney", 2, 2036, 1000),
    Market("USD", "America/Los_Angeles", 1, 2840, 1000),
    Market("PLN", "Europe/Warsaw", 4, 2616, 1030),
    Market("BRL", "America/Sao_Paulo", 6, 2076, 1014),
    Market("INR", "Asia/Kolkata", 90, 2356, 1000),
    Market("NZD", "Pacific/Auckland", 2, 2554, 1000),
)
MODIFIERS = (
    "buy",
    "cheap",
    "best",
    "online",
    "sale",
    "near me",
    "reviews",
    "price",
    "for women",
    "for men",
    "kids",
    "lightweight",
    "waterproof",
    "shop",
    "2026",
    "discount",
    "second hand",
    "how to choose",
    "brands",
    "free shipping",
    "test winner",
    "set",
    "gift",
    "replacement",
    "small",
    "large",
    "premium",
    "compare",
    "outlet",
    "black",
    "repair",
    "delivery",
)
NEGATIVES = ("free", "used", "diy", "jobs", "wikipedia", "repair manual", "rental", "pdf")
HEADLINE_ENDINGS = (
    "Free Delivery",
    "Order Today",
    "30 Days Return",
    "Expert Advice",
    "New Collection",
    "Top Rated",
    "Made to Last",
    "Save up to 20%",
    "Official Shop",
)
DESCRIPTIONS = (
    "Find {product} that fit. Delivered within two days, returned for free.",
    "Our experts tested every {product} so that you do not have to. Compare and choose.",
    "Quality {product} at fair prices. Order online or collect it in one of our shops.",
    "Over 40,000 happy customers. Two years of warranty on every {product}.",
)
SITELINKS = ("New arrivals", "Bestsellers", "Our shops", "Contact", "Sale", "Gift cards")
CALLOUTS = ("Free delivery", "30 days return", "Two years warranty", "Expert advice", "Climate neutral")
LABELS = (("Brand", "#1A73E8"), ("Non-brand", "#E8710A"), ("Seasonal", "#188038"), ("Test", "#9334E6"))
