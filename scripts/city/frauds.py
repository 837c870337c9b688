"""Kinds of fraud, those of the ministry's published cases (2022-03-14), planted in honest records.

Six leave a contradiction between papers, which a hard rule finds. The seventh hides coal and its invoice alike: no
paper contradicts another, and only the enterprise's own course can show it (S05), as a note and never as a red code.

What was planted, where, and which rule should find it, goes to the truth: a file that no check reads. A firm has one
kind at most. `plant` changes only what the enterprise itself could have changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Final

from scripts.city.records import Firm, LabTest, Month


@dataclass(frozen=True, slots=True)
class Planted:
    """One fraud: firm (credit code), kind, variant, the quarters in which it can be seen, the rule that should."""

    firm: str
    kind: str
    variant: str
    quarters: tuple[int, ...]
    rule: str


Plant = Callable[[Random, Firm, list[int]], Planted]


def plant(seed: int, firms: Sequence[Firm], first: int, quarters: int, each: int) -> list[Planted]:
    """Plant `each` cases of every kind in firms drawn by lot; quarters from `first` on, from year 0."""
    r = Random(f"{seed}/frauds")
    free = list(firms)
    r.shuffle(free)
    found: list[Planted] = []

    def draw(fits: Callable[[Firm], bool]) -> Firm:
        chosen = next(firm for firm in free if fits(firm))
        free.remove(chosen)
        return chosen

    def when(least: int, most: int) -> list[int]:
        length = r.randint(least, most)
        begins = first + r.randrange(quarters - length + 1)
        return list(range(begins, begins + length))

    for _ in range(each):
        found.append(_lab_dates(r, draw(_burns_coal), when(1, 3)))
        found.append(_one_sample(r, draw(_burns_coal), when(1, 3)))
        found.append(_hidden_coal(r, draw(_burns_much_coal), when(2, 5)))
        found.append(_moisture(r, draw(_burns_much_coal), when(2, 5)))
        found.append(_meter(r, draw(_uses_power), when(2, 5)))
    for number in range(each):
        if number % 2:
            found.append(_own_invoice(r, draw(_any), when(2, 2)))
        else:
            found += _shared_invoice(r, draw(_any), draw(_any), when(1, 2))
    latest = [q for q in range(first, first + quarters) if q >= first + QUARTERS_BEFORE_SEASONS]
    found += [_off_books(r, draw(_burns_coal_unmonitored), r.choice(latest)) for _ in range(each if latest else 0)]
    return sorted(found, key=lambda p: p.firm)


def write(path: Path, found: Sequence[Planted]) -> None:
    """The truth, as JSON."""
    path.write_text(json.dumps([asdict(p) for p in found], indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> list[Planted]:
    """Inverse of `write`."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [Planted(**(row | {"quarters": tuple(row["quarters"])})) for row in rows]


def _any(_: Firm) -> bool:
    return True


def _burns_coal(firm: Firm) -> bool:
    return bool(firm.tests)


def _burns_much_coal(firm: Firm) -> bool:
    return firm.industry in MUCH_COAL


def _burns_coal_unmonitored(firm: Firm) -> bool:
    return firm.industry in MUCH_COAL and firm.cems_g is None


def _uses_power(firm: Firm) -> bool:
    return True


QUARTERS_BEFORE_SEASONS: Final = 11
"""From the twelfth quarter on, with the year before the first, a season is known (`checkup.SEASONS_MONTHS`)."""
MUCH_COAL: Final = ("3011", "4411", "2614", "2221", "1713")


def _months(firm: Firm, quarters: Sequence[int]) -> list[Month]:
    return [m for m in firm.months if m.month // 3 in quarters]


def _tests(firm: Firm, quarter: int) -> list[LabTest]:
    return [t for t in firm.tests if t.month // 3 == quarter]


def _lab_dates(r: Random, firm: Firm, quarters: list[int]) -> Planted:
    """Edited lab dates: sent after it was tested, or the original code removed with the old page."""
    variant = r.choice(("order", "code"))
    for quarter in quarters:
        test = r.choice(_tests(firm, quarter))
        if variant == "order":
            test.received, test.tested = test.tested, test.received
        else:
            test.original_code = False
    return Planted(firm.code, "lab-dates", variant, tuple(quarters), "H07")


def _one_sample(r: Random, firm: Firm, quarters: list[int]) -> Planted:
    """One sample for three months: tested on one day, told as three reports."""
    for quarter in quarters:
        tests = _tests(firm, quarter)
        last = tests[-1]
        for test in tests[:-1]:
            test.sampled, test.received = last.sampled, last.received
            test.tested, test.reported = last.tested, last.reported
    return Planted(firm.code, "one-sample", "three-months", tuple(quarters), "H07")


def _hidden_coal(r: Random, firm: Firm, quarters: list[int]) -> Planted:
    """Hidden coal: bought and burnt, but not declared."""
    share = r.randrange(10, 30)
    for month in _months(firm, quarters):
        month.coal_kg = month.coal_kg * (100 - share) // 100
    return Planted(firm.code, "hidden-coal", f"{share}%", tuple(quarters), "H06")


def _moisture(r: Random, firm: Firm, quarters: list[int]) -> Planted:
    """Invented moisture: a wetter coal is declared than the laboratory found, so less of it counts."""
    more = r.randrange(150, 700)
    for month in _months(firm, quarters):
        month.moisture += more + r.randrange(60)
    return Planted(firm.code, "moisture", f"+{more / 100:.1f} points", tuple(quarters), "H04")


def _meter(r: Random, firm: Firm, quarters: list[int]) -> Planted:
    """Altered meter: it runs slow against the grid's bills, or its register is set back."""
    if r.random() < 0.5:
        share = r.randrange(12, 35)
        for month in _months(firm, quarters):
            month.power_wh = month.power_wh * (100 - share) // 100
        registers = [firm.registers[0]]
        for month in firm.months:
            registers.append((month.month, registers[-1][1] + month.power_wh))
        firm.registers = registers
        return Planted(firm.code, "meter", f"slow {share}%", tuple(quarters), "H06")
    quarter = quarters[0]
    at = 3 * quarter + r.randrange(3)
    before = next(wh for month, wh in firm.registers if month == at - 1)
    own = next(wh for month, wh in firm.registers if month == at) - before
    back = own + r.randrange(1, max(2, before // 10))
    firm.registers = [(month, wh - back if month >= at else wh) for month, wh in firm.registers]
    return Planted(firm.code, "meter", "set back", (quarter,), "H08")


def _own_invoice(r: Random, firm: Firm, quarters: list[int]) -> Planted:
    """Reused invoice: one of the quarter before is handed in again; it can be seen from then on."""
    old = [i for i in firm.invoices if i.month // 3 == quarters[0]]
    new = [i for i in firm.invoices if i.month // 3 == quarters[1]]
    source = r.choice(old)
    r.choice([i for i in new if i.carrier == source.carrier]).number = source.number
    return Planted(firm.code, "invoice", "own", (quarters[1],), "H03")


def _shared_invoice(r: Random, one: Firm, other: Firm, quarters: list[int]) -> list[Planted]:
    """Reused invoice: two firms agree to hand in one paper."""
    for quarter in quarters:
        source = r.choice([i for i in one.invoices if i.month // 3 == quarter and i.carrier == "power"])
        copied = next(i for i in other.invoices if i.month == source.month and i.carrier == "power")
        copied.number = source.number
    return [Planted(firm.code, "invoice", "shared", tuple(quarters), "H03") for firm in (one, other)]


def _off_books(r: Random, firm: Firm, quarter: int) -> Planted:
    """Coal off the books: more than half of a month's coal is neither declared nor invoiced; all papers agree."""
    share = r.randrange(55, 71)
    at = 3 * quarter + r.randrange(3)
    for month in firm.months:
        if month.month == at:
            month.coal_kg = month.coal_kg * (100 - share) // 100
    for invoice in firm.invoices:
        if invoice.month == at and invoice.carrier == "coal":
            invoice.quantity = invoice.quantity * (100 - share) // 100
    return Planted(firm.code, "off-books", f"{share}% of a month", (quarter,), "S05")
