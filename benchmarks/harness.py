"""What every benchmark shares: interleaved rounds, medians with their range, and one JSON line per target.

Absolute figures drift on a shared machine; only ratios of arms that ran interleaved in one run count.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one arm over the rounds."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median * 1e3:10.2f} ms  ({self.low * 1e3:.2f}..{self.high * 1e3:.2f})"


def import_the_product() -> None:
    """Let a benchmark import `backend` and `config` when it is run as a file."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


def interleave(arms: Mapping[str, Callable[[], object]], *, rounds: int = 5, warm_up: bool = True) -> dict[str, Timing]:
    """Run every arm once per round, in turn, and give each one's timing; a first uncounted round warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(rounds + warm_up):
        for name, arm in arms.items():
            gc.collect()
            begin = time.perf_counter()
            arm()
            elapsed = time.perf_counter() - begin
            if number >= warm_up:
                seconds[name].append(elapsed)
    return {name: timing(values) for name, values in seconds.items()}


def timing(values: Sequence[float]) -> Timing:
    """Median and range of one arm's rounds."""
    return Timing(statistics.median(values), min(values), max(values))


def show(title: str, timings: Mapping[str, Timing], *, rows: int | None = None) -> None:
    """Print the arms as a table, with rows a second where that means something."""
    print(f"\n{title}")
    for name, timing in timings.items():
        rate = f"  {rows / timing.median:12,.0f} rows/s" if rows else ""
        print(f"  {name:34s} {timing}{rate}")


def target(bench: str, name: str, ratio: float, bound: float, *, at_most: bool = False, **facts: object) -> bool:
    """Print the JSON line of one target and say whether it is met."""
    met = ratio <= bound if at_most else ratio >= bound
    line = {"bench": bench, "target": name, "ratio": round(ratio, 3), "bound": bound, "met": met, **facts}
    print(json.dumps(line), flush=True)
    return met


def peak_rss_mib() -> float:
    """The largest resident set that this process ever had (Linux counts KiB, macOS bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024 / 1024
