"""One honest enterprise over the years: load, season, growth, noise, papers. Seeded by city and number."""

from __future__ import annotations

import math
from datetime import date, timedelta
from random import Random
from typing import Final

from carbonledger.identifiers import credit_code_check_character
from scripts.city.industries import Industry
from scripts.city.records import Firm, Invoice, LabTest, Month

DISTRICTS: Final = (
    ("城东区", "East"),
    ("城西区", "West"),
    ("滨江区", "Riverside"),
    ("高新区", "High-tech"),
    ("临港区", "Harbour"),
    ("山南县", "Shannan"),
)
BASE_LOAD: Final = 0.12  # the share of energy that a standing plant still uses
COAL_MOISTURE: Final = (6.0, 14.0)  # per cent, by mine
COAL_CARBON: Final = (52.0, 66.0)  # per cent of dry coal


def firm(seed: int, number: int, model: Industry, first_month: int, months: int) -> Firm:
    """The enterprise of this number; `first_month` in months from year 0."""
    r = Random(f"{seed}/{number}")
    size = math.exp(r.gauss(0, 0.55))
    growth = r.uniform(*model.growth) / 100
    thrift = {name: math.exp(r.gauss(0, 0.16)) for name in ("coal", "gas", "power", "process", "value")}
    saving = r.uniform(0.0, 0.015)  # a year
    moisture, carbon = r.uniform(*COAL_MOISTURE), r.uniform(*COAL_CARBON)
    standstill = {first_month + 12 * y + r.randrange(12) for y in range(months // 12) if r.random() < 0.05}
    district = r.randrange(len(DISTRICTS))
    made = Firm(
        code=_code(number),
        name_zh=f"示例{DISTRICTS[district][0]}{model.title[1]}第{number + 1}企业",
        name_en=f"Sample {model.title[0]} No. {number + 1}, {DISTRICTS[district][1]}",
        industry=model.code,
        district=DISTRICTS[district][0],
        rated_power_w=0,
        calibrated_until=date(first_month // 12 + months // 12 + r.randrange(3), 1 + r.randrange(12), 15).isoformat(),
        permit_t=0,
        green_permille=_green(Random(f"{seed}/{number}/green")),
        months=[],
        tests=[],
        invoices=[],
        registers=[(first_month - 1, r.randrange(10**6, 10**9))],
        value_added={},
        cems_g=None,
        resubmissions={},
    )
    mean = model.output * size / 12
    for step in range(months):
        month = first_month + step
        load = model.season[month % 12] / 100 * (1 + growth) ** (step / 12) * math.exp(r.gauss(0, 0.04))
        if month in standstill:
            load *= 0.35
        need = (BASE_LOAD + (1 - BASE_LOAD) * load) * (1 - saving) ** (step / 12)
        output = max(1, round(mean * load))
        use = {
            name: mean * need * getattr(model, name) * thrift[name] * math.exp(r.gauss(0, 0.02))
            for name in ("coal", "gas", "power")
        }
        kg = 0.0 if model.process is None else output * model.process.kg * thrift["process"]
        day = date(month // 12, month % 12 + 1, 1)
        due = _first(month + 1) + timedelta(days=9)
        late = r.randrange(1, 8) if r.random() < 0.03 else -r.randrange(1, 6)
        made.months.append(
            Month(
                month=month,
                due=due.isoformat(),
                received=(due + timedelta(days=late)).isoformat(),
                output=output,
                coal_kg=round(use["coal"] * 1000),
                moisture=0,
                carbon=0,
                gas_l=round(use["gas"] * 1000),
                power_wh=round(use["power"] * 1000),
                process_g=round(kg * math.exp(r.gauss(0, 0.01)) * 1000),
            )
        )
        now = made.months[-1]
        if now.coal_kg:
            now.moisture = round(100 * max(1.0, r.gauss(moisture, 0.8)))
            now.carbon = round(100 * r.gauss(carbon, 0.9))
            made.tests.append(_test(r, now, day))
        _invoices(r, made, now, number)
        made.registers.append((month, made.registers[-1][1] + now.power_wh))
        value = output * model.value * thrift["value"] * math.exp(r.gauss(0, 0.03))
        made.value_added[month // 3] = made.value_added.get(month // 3, 0) + max(1, round(value))
    made.rated_power_w = round(max(m.power_wh for m in made.months) / 672 * 1.3) + 1000
    for quarter in range(first_month // 3, (first_month + months) // 3):
        made.resubmissions[quarter] = r.choices((0, 1, 2), (85, 12, 3))[0]
    return made


def _test(r: Random, month: Month, first: date) -> LabTest:
    sampled = first + timedelta(days=19 + r.randrange(8))
    received = sampled + timedelta(days=r.randrange(2))
    tested = received + timedelta(days=1 + r.randrange(4))
    reported = tested + timedelta(days=1 + r.randrange(3))
    return LabTest(
        month=month.month,
        sampled=sampled.isoformat(),
        received=received.isoformat(),
        tested=tested.isoformat(),
        reported=reported.isoformat(),
        moisture=month.moisture,
        carbon=month.carbon,
        original_code=True,
    )


def _invoices(r: Random, made: Firm, month: Month, number: int) -> None:
    """Fuel is bought in one or two lots, weighed again at the gate; the grid's bill follows the meter."""
    for carrier, quantity, error in (("coal", month.coal_kg, 0.004), ("gas", month.gas_l, 0.002)):
        if not quantity:
            continue
        bought = round(quantity * (1 + max(-0.012, min(0.012, r.gauss(0, error)))))
        lots = 2 if carrier == "coal" and r.random() < 0.5 else 1
        first = bought * r.randrange(35, 65) // 100 if lots == 2 else bought
        for lot, part in enumerate((first, bought - first)[:lots]):
            _invoice(made, month, carrier, part, 4 * number + lot)
    bill = round(month.power_wh * (1 + r.gauss(0, 0.001)))
    _invoice(made, month, "power", bill, 4 * number + 2)


def _invoice(made: Firm, month: Month, carrier: str, quantity: int, series: int) -> None:
    number = f"{month.month // 12 % 100:02d}{series:06d}{'cgp'.index(carrier[0]) + 1}{month.month % 12 + 1:02d}"
    made.invoices.append(Invoice(number, month.month, carrier, quantity))


def _green(r: Random) -> int:
    """Two in three earn next to nothing inside the catalogue, the others up to two thirds."""
    return r.randrange(0, 40) if r.random() < 0.67 else r.randrange(100, 660)


def _first(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _code(number: int) -> str:
    body = f"91339999MA{number:07d}"  # 9999: a division code that no place has
    return body + credit_code_check_character(body)
