"""Bidding strategies as Google's resources spell them: the fields of each, and SQL that puts the chosen one together.

The same for a campaign's own strategy and for a portfolio strategy that campaigns share: `{"target_cpa":
{"target_cpa_micros": 20000000}}`, the form in which people write it too.
"""

from __future__ import annotations

from backend.integrations.googleads.rows import Column, Kind

_MICROS, _RATIO, _NAME = Kind.INT, Kind.FLOAT, Kind.ENUM
_LIMITS = {"cpc_bid_ceiling_micros": _MICROS, "cpc_bid_floor_micros": _MICROS}
_STRATEGIES: dict[str, dict[str, Kind]] = {
    "maximize_conversions": {"target_cpa_micros": _MICROS, **_LIMITS},
    "maximize_conversion_value": {"target_roas": _RATIO, **_LIMITS},
    "target_cpa": {"target_cpa_micros": _MICROS, **_LIMITS},
    "target_roas": {"target_roas": _RATIO, **_LIMITS},
    "target_spend": {"target_spend_micros": _MICROS, "cpc_bid_ceiling_micros": _MICROS},
    "target_impression_share": {
        "location": _NAME,
        "location_fraction_micros": _MICROS,
        "cpc_bid_ceiling_micros": _MICROS,
    },
}


def columns(resource: str, type_column: str) -> tuple[Column, ...]:
    """What to select from a resource that has a strategy; the type fills `type_column`."""
    path = "bidding_strategy_type" if resource == "campaign" else "type"
    settings = (
        Column(f"{resource}.{strategy}.{name}", f"{strategy}_{name}", kind, nullable=True)
        for strategy, names in _STRATEGIES.items()
        for name, kind in names.items()
    )
    return (Column(f"{resource}.{path}", type_column, Kind.ENUM, nullable=True), *settings)


def settings(type_column: str) -> str:
    """SQL over `s`: the strategy under Google's name with the settings that are set; {} where there is none."""
    whens = " ".join(
        f"WHEN '{strategy.upper()}' THEN jsonb_strip_nulls(jsonb_build_object({_pairs(strategy, names)}))"
        for strategy, names in _STRATEGIES.items()
    )
    return (
        f"CASE WHEN s.{type_column} IS NULL OR s.{type_column} IN ('UNSPECIFIED', 'UNKNOWN') THEN '{{}}'"
        f" ELSE jsonb_build_object(lower(s.{type_column}), CASE s.{type_column} {whens} ELSE '{{}}'::jsonb END) END"
    )


def _pairs(strategy: str, names: dict[str, Kind]) -> str:
    nothing = {_MICROS: "0", _RATIO: "0", _NAME: "'UNSPECIFIED'"}
    return ", ".join(f"'{name}', nullif(s.{strategy}_{name}, {nothing[kind]})" for name, kind in names.items())
