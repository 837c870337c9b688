"""The cycle of 2024: its instants (UTC+08:00), and the law's numbers in the form of the acts that publish them.

Sources, as in docs/quota.md: deadline 2025-12-31, vintages and carry-over of the 2023/24 plan; offsets up to 5 %
(Measures, article 29); penalties of the Regulation (State Council Order 775). The rounding of an obligation to whole
tonnes is half up, as the steel guideline says of totals.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Final

ZERO: Final = bytes(32)
CHINA: Final = timezone(timedelta(hours=8))


def instant(year: int, month: int, day: int = 1, hour: int = 0) -> int:
    """Unix seconds of a civil time at UTC+08:00."""
    return int(datetime(year, month, day, hour, tzinfo=CHINA).timestamp())


OFFSETS_FROM: Final = instant(2024, 1, 22)
"""The market for offsets opened. The notices name it for 2025 and 2026; that it holds for 2024 is an ASSUMPTION."""
OFFSETS_REGISTERED: Final = instant(2024, 9, 2)
BEGIN: Final = instant(2024, 11)
FIRST_ISSUE: Final = instant(2024, 12, 2)
REPORTS: Final = instant(2025, 3, 20)
FINAL_ISSUE: Final = instant(2025, 9, 25)
OBLIGATIONS: Final = instant(2025, 10, 15)
TRADING: Final = instant(2025, 10, 18)
REGISTERED: Final = instant(2025, 12, 8)
SURRENDERS: Final = instant(2025, 12, 10)
DECISIONS: Final = instant(2025, 12, 22)
DUE: Final = instant(2026, 1) - 1
FORCED: Final = instant(2026, 1, 8)
CLOSING: Final = instant(2026, 1, 15)
RELEASE: Final = instant(2026, 2, 2)
CARRY: Final = instant(2026, 3, 2)
CARRY_DECISIONS: Final = instant(2026, 3, 27)
NEXT_YEAR: Final = instant(2026, 6, 30)
DEADLINE: Final = instant(2027, 1)
"""Of every act: after the last phase."""

PRICE: Final = 6_236
"""Fen a tonne: the average of 2025 (62.36 yuan), in place of the month before the deadline, which is not at hand."""

COMPLIANCE: Final[dict[str, Any]] = {
    "year": 2024,
    "edition": 1,
    "dueAt": DUE,
    "rounding": 3,
    "vintageFrom": 2019,
    "vintageTo": 2024,
    "offsetPpm": 50_000,
    "offsetFrom": OFFSETS_FROM,
    "borrowVintage": 0,
    "borrowGapPpm": 0,
    "borrowPpm": 0,
    "evidence": 1,
    "sourceDigest": ZERO,
}
CARRY_OVER: Final[dict[str, Any]] = {
    "toVintage": 2025,
    "edition": 1,
    "vintageFrom": 2019,
    "vintageTo": 2024,
    "base": 10_000,
    "ratePpm": 1_500_000,
    "salesFrom": 2024,
    "salesTo": 2025,
    "holdingsYear": 2025,
    "applyUntil": instant(2026, 6, 11) - 1,
    "compliantFrom": 2023,
    "compliantTo": 2024,
    "evidence": 1,
    "sourceDigest": ZERO,
}
LAWS: Final[tuple[dict[str, Any], ...]] = (
    {
        "law": b"measures-2021".ljust(32, b"\0"),
        "since": instant(2021, 2),
        "basis": 1,
        "minimum": 2_000_000,
        "maximum": 3_000_000,
        "deducts": 1,
        "evidence": 1,
        "sourceDigest": ZERO,
    },
    {
        "law": b"regulation-775".ljust(32, b"\0"),
        "since": instant(2024, 5),
        "basis": 2,
        "minimum": 5,
        "maximum": 10,
        "deducts": 1,
        "evidence": 1,
        "sourceDigest": ZERO,
    },
    {
        "law": b"code-2026".ljust(32, b"\0"),
        "since": instant(2026, 8, 15),
        "basis": 2,
        "minimum": 5,
        "maximum": 10,
        "deducts": 0,
        "evidence": 1,
        "sourceDigest": ZERO,
    },
)
