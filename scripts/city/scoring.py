"""What the order by scores gains: planted frauds among the first k. `python -m scripts.city.scoring`.

Two cities of one quarter. *Loud*: the six kinds that rules find. *Quiet*: kinds that leave every code green, as each
gap is within the rules' tolerance, or all papers agree with one another. All enterprises are put in order by their
score; beside it by points, and by chance (equal points by chance too), as expected numbers.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Final

from carbonledger import jcs
from carbonledger.assessment import library
from carbonledger.assessment.code.assess import assess
from ledger_node.scoring.features import features
from ledger_node.scoring.scoring import Parameters, Scoring, Subject, score
from scripts.city import build, frauds, limits
from scripts.city.checkup import Books, document
from scripts.city.frauds import MUCH_COAL
from scripts.city.records import Firm

QUARTER: Final = build.FIRST_QUARTER + build.QUARTERS - 1
FIRST: Final = (10, 20, 30, 50)
EACH: Final = 8
SPREAD: Final = 5
"""Quarters over which the loud frauds lie: many reach the last one, as each lasts up to five."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A judged quarter: points and colour by firm, what was planted in it (firm → kind), and the scores."""

    points: Mapping[str, int]
    colours: Mapping[str, str]
    planted: Mapping[str, str]
    scoring: Scoring

    @property
    def order(self) -> list[str]:
        """Firms, the largest score first."""
        return [one.id for one in sorted(self.scoring.scores, key=lambda one: (-one.per_mille, one.id))]

    def among_first(self, count: int) -> int:
        """Planted ones among the first by score."""
        return sum(firm in self.planted for firm in self.order[:count])

    def by_points(self, count: int) -> Fraction:
        """The same by points, as expected where equal points are in the order of chance."""
        left, found = Fraction(count), Fraction(0)
        for points in sorted(set(self.points.values()), reverse=True):
            tied = [firm for firm, own in self.points.items() if own == points]
            taken = min(left, Fraction(len(tied)))
            found += taken * sum(firm in self.planted for firm in tied) / len(tied)
            left -= taken
        return found

    def by_chance(self, count: int) -> Fraction:
        """The same by chance."""
        return Fraction(count * len(self.planted), len(self.points))


def loud(seed: int, count: int) -> tuple[list[Firm], dict[str, str]]:
    """A city with the kinds that rules find; what of it lies in the quarter."""
    firms, _ = build.build(seed, count, 0)
    planted = frauds.plant(seed, firms, QUARTER - SPREAD + 1, SPREAD, EACH)
    return firms, {one.firm: one.kind for one in planted if QUARTER in one.quarters}


def quiet(seed: int, count: int, each: int = EACH) -> tuple[list[Firm], dict[str, str]]:
    """A city with kinds that no rule finds."""
    firms, _ = build.build(seed, count, 0)
    r = Random(f"{seed}/quiet")
    free = [firm for firm in firms if firm.industry in MUCH_COAL]
    r.shuffle(free)
    planted: dict[str, str] = {}
    for _ in range(each):
        for kind in ("coal-within-tolerance", "meter-within-tolerance", "coal-without-papers"):
            firm = free.pop()
            match kind:
                case "coal-within-tolerance":
                    limits.hide_coal(firm, QUARTER, r.randrange(10, 20))
                case "meter-within-tolerance":
                    limits.slow_meter(firm, QUARTER, r.randrange(10, 20))
                case _:
                    _hide_papers(firm, r.randrange(100, 300))
            planted[firm.code] = kind
    return firms, planted


def _hide_papers(firm: Firm, size: int) -> None:
    """`size` tenths of a per cent of the coal are neither declared nor invoiced."""
    limits.hide_coal(firm, QUARTER, size)
    for invoice in firm.invoices:
        if invoice.month // 3 == QUARTER and invoice.carrier == "coal":
            invoice.quantity = invoice.quantity * (1000 - size) // 1000


def judged(firms: Sequence[Firm], planted: Mapping[str, str], parameters: Parameters) -> Scene:
    """Codes and scores of the quarter."""
    books = Books(firms)
    points, colours, subjects = {}, {}, []
    for firm in books.firms:
        raw = jcs.encode(document(books, firm, QUARTER))
        result = assess(raw, library.code_rules())
        points[firm.code], colours[firm.code] = result.points + result.queue_points, result.colour
        subjects.append(Subject(firm.code, firm.industry, features(raw, result.json(), None)))
    return Scene(points, colours, planted, score(subjects, parameters))


def told(scene: Scene) -> list[str]:
    """As lines."""
    red = [firm for firm, colour in scene.colours.items() if colour == "red"]
    out = [f"{len(scene.points)} firms, {len(red)} red, {len(scene.planted)} planted"]
    out.append(f"red and planted: {sum(firm in scene.planted for firm in red)}")
    out.append("first   by score   by points   by chance")
    for count in FIRST:
        chance, points = float(scene.by_chance(count)), float(scene.by_points(count))
        out.append(f"{count:>5}   {scene.among_first(count):>8}   {points:>9.1f}   {chance:>9.1f}")
    places = {firm: place for place, firm in enumerate(scene.order, start=1)}
    for kind, number in sorted(Counter(scene.planted.values()).items()):
        own = sorted(places[firm] for firm, what in scene.planted.items() if what == kind)
        out.append(f"  {kind:<24} {number}: places {', '.join(map(str, own))}")
    return out


def main() -> int:
    """Print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--firms", type=int, default=build.FIRMS)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    for name, make in (("loud", loud), ("quiet", quiet)):
        firms, planted = make(asked.seed, asked.firms)
        print(f"{name}, seed {asked.seed}")
        print("\n".join(told(judged(firms, planted, Parameters()))), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
