"""How small a fraud may be and still be found: one kind, one size, many firms. `python -m scripts.city.limits`.

The city plants what is above the thresholds. This says where they lie: the share of firms in which the rule finds the
fraud of a size, of firms that are honest but for that one quarter.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Sequence
from typing import Final

from scripts.city import build
from scripts.city.checkup import Books, check
from scripts.city.frauds import MUCH_COAL
from scripts.city.records import Firm

Alter = Callable[[Firm, int, int], None]


def hide_coal(firm: Firm, quarter: int, size: int) -> None:
    """`size` tenths of a per cent of the coal are not declared."""
    for month in firm.months:
        if month.month // 3 == quarter:
            month.coal_kg = month.coal_kg * (1000 - size) // 1000


def add_moisture(firm: Firm, quarter: int, size: int) -> None:
    """`size` tenths of a point of moisture are added to what the laboratory found."""
    for month in firm.months:
        if month.month // 3 == quarter:
            month.moisture += 10 * size


def slow_meter(firm: Firm, quarter: int, size: int) -> None:
    """The meter counts `size` tenths of a per cent too little."""
    for month in firm.months:
        if month.month // 3 == quarter:
            month.power_wh = month.power_wh * (1000 - size) // 1000


KINDS: Final[dict[str, tuple[Alter, str, tuple[int, ...]]]] = {
    "hidden-coal": (hide_coal, "H06", (5, 10, 15, 20, 25, 30, 40, 50, 60, 80)),
    "moisture": (add_moisture, "H04", (0, 1, 2, 5)),
    "meter": (slow_meter, "H06", (5, 10, 20, 30, 40, 50, 60, 80)),
}


def found(firms: Sequence[Firm], quarter: int, kind: str, size: int) -> tuple[int, int]:
    """(firms in which the rule finds it, firms)."""
    alter, rule, _ = KINDS[kind]
    count = 0
    chosen = [firm for firm in firms if firm.industry in MUCH_COAL]
    for firm in chosen:
        moved = copy.deepcopy(firm)
        alter(moved, quarter, size)
        others = [other if other.code != firm.code else moved for other in firms]
        count += rule in check(Books(others), moved, quarter).reasons
    return count, len(chosen)


def main() -> int:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--firms", type=int, default=24, help="a city of so many, one in two burns much coal")
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    firms, _ = build.build(asked.seed, asked.firms, 0)
    quarter = build.FIRST_QUARTER + 9
    for kind, (_, rule, sizes) in KINDS.items():
        unit = "points" if kind == "moisture" else "%"
        for size in sizes:
            count, all_of = found(firms, quarter, kind, size)
            print(f"{kind:<12} {size / 10:>4.1f} {unit:<6} {rule} {count}/{all_of}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
