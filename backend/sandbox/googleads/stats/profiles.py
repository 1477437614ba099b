"""How traffic looks, by type of campaign: volumes, rates, networks and devices, the week and the day."""

from dataclasses import dataclass

from backend.sandbox.googleads.stats.lines import FULL, shares

MOBILE, TABLET, DESKTOP, CONNECTED_TV = 2, 3, 4, 6  # DeviceEnum
SEARCH, SEARCH_PARTNERS, CONTENT, YOUTUBE, GMAIL, DISCOVER = 2, 3, 4, 8, 11, 12  # AdNetworkTypeEnum


@dataclass(frozen=True, slots=True)
class Cell:
    """A network on a device, and its part of the line."""

    network: int
    device: int
    low: int
    high: int


def _cells(*weighted: tuple[int, int, int]) -> tuple[Cell, ...]:
    bounds = shares([weight for _, _, weight in weighted])
    return tuple(Cell(network, device, bounds[i], bounds[i + 1]) for i, (network, device, _) in enumerate(weighted))


@dataclass(frozen=True, slots=True)
class Profile:
    """Typical numbers of one unit. Rates are per ten thousand, money in hundredths of a euro."""

    impressions: tuple[int, int]  # a day
    click_rate: tuple[int, int]
    cost_per_click: tuple[int, int]
    conversion_rate: tuple[int, int]
    conversion_value: tuple[int, int]
    view_rate: int
    cells: tuple[Cell, ...]


_SEARCH = Profile(
    (120, 900),
    (300, 1_200),
    (20, 120),
    (150, 700),
    (1_800, 9_000),
    0,
    _cells(
        (SEARCH, MOBILE, 52),
        (SEARCH, DESKTOP, 29),
        (SEARCH, TABLET, 5),
        (SEARCH_PARTNERS, MOBILE, 8),
        (SEARCH_PARTNERS, DESKTOP, 5),
        (SEARCH_PARTNERS, TABLET, 1),
    ),
)
_DISPLAY = Profile(
    (3_000, 12_000),
    (20, 90),
    (15, 60),
    (20, 90),
    (1_500, 6_000),
    0,
    _cells((CONTENT, MOBILE, 66), (CONTENT, DESKTOP, 28), (CONTENT, TABLET, 6)),
)
_DEMAND_GEN = Profile(
    (3_000, 9_000),
    (60, 220),
    (18, 80),
    (40, 180),
    (1_500, 7_000),
    2_400,
    _cells(
        (YOUTUBE, MOBILE, 38),
        (YOUTUBE, DESKTOP, 8),
        (YOUTUBE, CONNECTED_TV, 6),
        (DISCOVER, MOBILE, 34),
        (GMAIL, MOBILE, 8),
        (GMAIL, DESKTOP, 6),
    ),
)
_PERFORMANCE_MAX = Profile(
    (4_000, 10_000),
    (90, 320),
    (20, 110),
    (120, 420),
    (2_500, 9_500),
    600,
    _cells(
        (SEARCH, MOBILE, 30),
        (SEARCH, DESKTOP, 16),
        (CONTENT, MOBILE, 26),
        (CONTENT, DESKTOP, 10),
        (YOUTUBE, MOBILE, 14),
        (YOUTUBE, CONNECTED_TV, 4),
    ),
)
PROFILES = {
    "SEARCH": _SEARCH,
    "DISPLAY": _DISPLAY,
    "DEMAND_GEN": _DEMAND_GEN,
    "PERFORMANCE_MAX": _PERFORMANCE_MAX,
    "VIDEO": _DEMAND_GEN,
}
DEFAULT = _SEARCH
# per hundred of an average day, Monday first
WEEK = (104, 106, 104, 102, 98, 88, 98)
HOURS = shares([6, 4, 3, 2, 3, 6, 14, 26, 38, 44, 46, 46, 48, 46, 44, 44, 46, 50, 54, 58, 56, 46, 30, 15])
# how much of a day's conversions is known so many days later (of FULL): all of it after thirty
LATE = tuple(
    FULL if age >= 30 else min(FULL, FULL * (52 + 4 * age if age < 8 else 82 + (age - 8) * 18 // 22) // 100)
    for age in range(31)
)
