"""Things that belong to no account: places, languages, currencies, topics, interests.

A small built-in set; ids and names are Google's own. Source: the geo targets and languages lists of
developers.google.com/google-ads/api/data.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from backend.sandbox.googleads.demo.messages import make

# id, name, country code, type, parent id
_PLACES: tuple[tuple[int, str, str, str, int], ...] = (
    (2036, "Australia", "AU", "Country", 0),
    (2040, "Austria", "AT", "Country", 0),
    (2056, "Belgium", "BE", "Country", 0),
    (2076, "Brazil", "BR", "Country", 0),
    (2124, "Canada", "CA", "Country", 0),
    (2156, "China", "CN", "Country", 0),
    (2203, "Czechia", "CZ", "Country", 0),
    (2208, "Denmark", "DK", "Country", 0),
    (2246, "Finland", "FI", "Country", 0),
    (2250, "France", "FR", "Country", 0),
    (2276, "Germany", "DE", "Country", 0),
    (2356, "India", "IN", "Country", 0),
    (2372, "Ireland", "IE", "Country", 0),
    (2380, "Italy", "IT", "Country", 0),
    (2392, "Japan", "JP", "Country", 0),
    (2484, "Mexico", "MX", "Country", 0),
    (2528, "Netherlands", "NL", "Country", 0),
    (2554, "New Zealand", "NZ", "Country", 0),
    (2578, "Norway", "NO", "Country", 0),
    (2616, "Poland", "PL", "Country", 0),
    (2620, "Portugal", "PT", "Country", 0),
    (2724, "Spain", "ES", "Country", 0),
    (2752, "Sweden", "SE", "Country", 0),
    (2756, "Switzerland", "CH", "Country", 0),
    (2826, "United Kingdom", "GB", "Country", 0),
    (2840, "United States", "US", "Country", 0),
    (20226, "Bavaria", "DE", "State", 2276),
    (20227, "Berlin", "DE", "State", 2276),
    (20229, "Hamburg", "DE", "State", 2276),
    (21137, "California", "US", "State", 2840),
    (21167, "New York", "US", "State", 2840),
    (21171, "Oregon", "US", "State", 2840),
    (20339, "England", "GB", "Province", 2826),
    (1003854, "Berlin", "DE", "City", 20227),
    (1004437, "Munich", "DE", "City", 20226),
    (1004234, "Hamburg", "DE", "City", 20229),
    (1006886, "London", "GB", "City", 20339),
    (1006094, "Paris", "FR", "City", 2250),
    (1005493, "Madrid", "ES", "City", 2724),
    (1009293, "Tokyo", "JP", "City", 2392),
    (1013962, "Los Angeles", "US", "City", 21137),
    (1014221, "San Francisco", "US", "City", 21137),
    (1023191, "New York", "US", "City", 21167),
    (1000997, "Vienna", "AT", "City", 2040),
    (1003297, "Zurich", "CH", "City", 2756),
    (1012080, "Stockholm", "SE", "City", 2752),
    (1011419, "Warsaw", "PL", "City", 2616),
    (1000286, "Sydney", "AU", "City", 2036),
    (1001773, "Sao Paulo", "BR", "City", 2076),
    (1007788, "Bengaluru", "IN", "City", 2356),
)
_EU = frozenset({"AT", "BE", "CZ", "DK", "FI", "FR", "DE", "IE", "IT", "NL", "PL", "PT", "ES", "SE"})
_LANGUAGES: tuple[tuple[int, str, str], ...] = (
    (1000, "en", "English"),
    (1001, "de", "German"),
    (1002, "fr", "French"),
    (1003, "es", "Spanish"),
    (1004, "it", "Italian"),
    (1005, "ja", "Japanese"),
    (1009, "da", "Danish"),
    (1010, "nl", "Dutch"),
    (1011, "fi", "Finnish"),
    (1012, "ko", "Korean"),
    (1013, "no", "Norwegian"),
    (1014, "pt", "Portuguese"),
    (1015, "sv", "Swedish"),
    (1017, "zh_CN", "Chinese (simplified)"),
    (1019, "ar", "Arabic"),
    (1021, "cs", "Czech"),
    (1023, "hi", "Hindi"),
    (1030, "pl", "Polish"),
    (1031, "ru", "Russian"),
    (1037, "tr", "Turkish"),
)
_CURRENCIES: tuple[tuple[str, str, str, int], ...] = (
    ("AUD", "Australian Dollar", "A$", 10_000),
    ("BRL", "Brazilian Real", "R$", 10_000),
    ("CHF", "Swiss Franc", "CHF", 10_000),
    ("EUR", "Euro", "€", 10_000),
    ("GBP", "British Pound Sterling", "£", 10_000),
    ("INR", "Indian Rupee", "₹", 10_000),
    ("JPY", "Yen", "¥", 1_000_000),
    ("NZD", "New Zealand Dollar", "NZ$", 10_000),
    ("PLN", "Polish Zloty", "zł", 10_000),
    ("SEK", "Swedish Krona", "kr", 10_000),
    ("USD", "US Dollar", "$", 10_000),
)
_TOPICS = ((3, "Arts & Entertainment", 0), (35, "Film & TV Industry", 3), (18, "Shopping", 0), (20, "Sports", 0))
_INTERESTS = ((80101, "Outdoor Enthusiasts"), (80146, "Home Decor Enthusiasts"), (90203, "Coffee Shop Regulars"))
_CATEGORIES = ((60000, "Apps"), (60008, "Sports (apps)"), (60506, "Games"))
_PRODUCT_CATEGORIES = (
    (166, 1, "Apparel & Accessories", 0),
    (1604, 2, "Clothing", 166),
    (187, 2, "Shoes", 166),
    (988, 1, "Sporting Goods", 0),
    (1011, 2, "Outdoor Recreation", 988),
)
_CARRIERS = ((70000, "Vodafone", "DE"), (70012, "T-Mobile", "US"), (70362, "NTT docomo", "JP"))


@cache
def entities(kind: str) -> Mapping[str, Any]:
    """All constants of a kind by resource name; empty for kinds that have none here."""
    builder = _BUILDERS.get(kind)
    messages = builder() if builder else ()
    return MappingProxyType({message.resource_name: message for message in messages})


def minor_unit_micros(currency: str) -> int:
    """The smallest amount that can be charged, in micros: a cent, or a whole yen."""
    return next((unit for code, _, _, unit in _CURRENCIES if code == currency), 10_000)


def _places() -> list[Any]:
    names = {place[0]: place for place in _PLACES}
    return [
        make(
            "geo_target_constant",
            f"geoTargetConstants/{number}",
            id=number,
            name=name,
            country_code=country,
            target_type=kind,
            status="ENABLED",
            canonical_name=",".join(_canonical(number, names)),
            require_eu_political_advertising_declaration=country in _EU,
            **({"parent_geo_target": f"geoTargetConstants/{parent}"} if parent else {}),
        )
        for number, name, country, kind, parent in _PLACES
    ]


def _canonical(number: int, names: Mapping[int, tuple[int, str, str, str, int]]) -> list[str]:
    parts = []
    while number:
        parts.append(names[number][1])
        number = names[number][4]
    return parts


def _languages() -> list[Any]:
    return [
        make("language_constant", f"languageConstants/{number}", id=number, code=code, name=name, targetable=True)
        for number, code, name in _LANGUAGES
    ]


def _currencies() -> list[Any]:
    return [
        make("currency_constant", f"currencyConstants/{c}", code=c, name=name, symbol=sign, billable_unit_micros=unit)
        for c, name, sign, unit in _CURRENCIES
    ]


def _topics() -> list[Any]:
    return [
        make(
            "topic_constant",
            f"topicConstants/{number}",
            id=number,
            path=["", name],
            **({"topic_constant_parent": f"topicConstants/{parent}"} if parent else {}),
        )
        for number, name, parent in _TOPICS
    ]


def _mobile_categories() -> list[Any]:
    kind = "mobile_app_category_constant"
    return [make(kind, f"mobileAppCategoryConstants/{number}", id=number, name=name) for number, name in _CATEGORIES]


def _carriers() -> list[Any]:
    return [
        make("carrier_constant", f"carrierConstants/{number}", id=number, name=name, country_code=country)
        for number, name, country in _CARRIERS
    ]


def _product_categories() -> list[Any]:
    kind, collection = "product_category_constant", "productCategoryConstants"
    return [
        make(
            kind,
            f"{collection}/LEVEL{level}~{number}",
            category_id=number,
            level=f"LEVEL{level}",
            state="ENABLED",
            localizations=[{"region_code": "US", "language_code": "en", "value": name}],
            **({"product_category_constant_parent": f"{collection}/LEVEL1~{parent}"} if parent else {}),
        )
        for number, level, name, parent in _PRODUCT_CATEGORIES
    ]


def interests(customer_id: str) -> list[Any]:
    """Audience segments by interest: the same for everyone, but named under each customer."""
    return [
        make(
            "user_interest",
            f"customers/{customer_id}/userInterests/{number}",
            user_interest_id=number,
            name=name,
            taxonomy_type="AFFINITY",
            launched_to_all=True,
        )
        for number, name in _INTERESTS
    ]


_BUILDERS = {
    "geo_target_constant": _places,
    "language_constant": _languages,
    "currency_constant": _currencies,
    "topic_constant": _topics,
    "mobile_app_category_constant": _mobile_categories,
    "carrier_constant": _carriers,
    "product_category_constant": _product_categories,
}
