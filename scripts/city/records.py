"""What an enterprise hands in over the years, as JSON: all that the check-up reads. Whole numbers; units in the names.

A month counts from year 0; a day is ISO.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Month:
    """A month as declared. `moisture` and `carbon` (of dry coal) in 0.01 per cent; `process_g` in g of the gas."""

    month: int
    due: str
    received: str
    output: int
    coal_kg: int
    moisture: int
    carbon: int
    gas_l: int
    power_wh: int
    process_g: int


@dataclass(slots=True)
class LabTest:
    """A laboratory's report on a month's coal: dates, its two values, whether the original code is on it."""

    month: int
    sampled: str
    received: str
    tested: str
    reported: str
    moisture: int
    carbon: int
    original_code: bool


@dataclass(slots=True)
class Invoice:
    """An invoice or the grid company's bill: carrier coal (kg), gas (l) or power (Wh)."""

    number: str
    month: int
    carrier: str
    quantity: int


@dataclass(slots=True)
class Firm:
    """One enterprise. `registers`: (month, Wh) at the end of each month, the first one before the first month.

    `value_added` in 10^4 CNY a quarter (quarters from year 0); `cems_g` likewise, None without monitoring of the flue.
    `resubmissions` by quarter; `green_permille`: revenue inside the catalogue of green industries.
    """

    code: str
    name_zh: str
    name_en: str
    industry: str
    district: str
    rated_power_w: int
    calibrated_until: str
    permit_t: int
    green_permille: int
    months: list[Month]
    tests: list[LabTest]
    invoices: list[Invoice]
    registers: list[tuple[int, int]]
    value_added: dict[int, int]
    cems_g: dict[int, int] | None
    resubmissions: dict[int, int]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; numbers as keys become strings."""
        return asdict(self)

    @classmethod
    def of(cls, value: dict[str, Any]) -> Firm:
        """Inverse of `to_json`."""
        firm = cls(**value)
        firm.months = [Month(**m) for m in value["months"]]
        firm.tests = [LabTest(**t) for t in value["tests"]]
        firm.invoices = [Invoice(**i) for i in value["invoices"]]
        firm.registers = [(month, wh) for month, wh in value["registers"]]
        firm.value_added = {int(q): v for q, v in value["value_added"].items()}
        firm.cems_g = None if value["cems_g"] is None else {int(q): v for q, v in value["cems_g"].items()}
        firm.resubmissions = {int(q): v for q, v in value["resubmissions"].items()}
        return firm


def write(path: Path, firms: list[Firm]) -> None:
    """One firm a line; the file is there whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as out:
        for firm in firms:
            out.write(json.dumps(firm.to_json(), ensure_ascii=False, separators=(",", ":")) + "\n")
    part.replace(path)


def read(path: Path) -> Iterator[Firm]:
    """The firms of a file, in its order."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Firm.of(json.loads(line))


def quarter_text(quarter: int) -> str:
    """2025Q1."""
    return f"{quarter // 4}Q{quarter % 4 + 1}"


def month_text(month: int) -> str:
    """2025-01."""
    return f"{month // 12}-{month % 12 + 1:02d}"
