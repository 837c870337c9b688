"""From an allocation document to a result: one pure function behind the command and the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from carbonledger import jcs
from carbonledger.accounting import exact, inputs
from carbonledger.accounting.inputs import Node, RefusedInput
from carbonledger.accounting.units import quantity
from carbonledger.allocation import band
from carbonledger.allocation.band import Balance
from carbonledger.allocation.entity import Account, EntityResult, settle
from carbonledger.allocation.facts import WORD64, Unit, parse_units
from carbonledger.allocation.powers import half_up
from carbonledger.allocation.rule_set import GAP_PLACES, INTENSITY_PLACES, AllocationRules
from carbonledger.allocation.steps import fixed_places
from carbonledger.allocation.unit import GRAMS, UnitResult, allocate_unit
from carbonledger.errors import Refused

MAX_MEMBERS = 10_000


@dataclass(frozen=True, slots=True)
class Allocation:
    """The result for one enterprise; `facts`, `balance`, `share` and `account` are what the chain is asked with."""

    rules: AllocationRules
    year: int
    facts: tuple[Unit, ...]
    units: tuple[UnitResult, ...]
    entity: EntityResult
    account: Account
    share: int
    sector: str
    balance: int | None

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON value of the canonical domain."""
        return _head(self.rules, self.year) | {
            "entity": _entity(self.entity),
            "steps": [step.to_json() for step in self.entity.steps],
            "units": [_unit(result) for result in self.units],
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())


@dataclass(frozen=True, slots=True)
class Member:
    """One enterprise (line, process) of a sector: intensity in 10^-4 t/t, emissions in g."""

    id: str
    intensity: int
    emissions: int


@dataclass(frozen=True, slots=True)
class SectorAllocation:
    """The balance value of a sector and what each member gets, t; `residue` = Σ E - Σ A in t, exact."""

    rules: AllocationRules
    year: int
    sector: str
    members: tuple[Member, ...]
    balance: Balance
    allocations: tuple[int, ...]
    residue: Fraction

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON value of the canonical domain."""
        numbers = band.numbers(self.rules)
        rates = [band.rate(numbers, self.balance.value, member.intensity) for member in self.members]
        return _head(self.rules, self.year) | {
            "balance": {"unit": "t/t", "value": fixed_places(self.balance.value, INTENSITY_PLACES)},
            "groups": {
                "best": sum(rate == numbers.cap for rate in rates),
                "within": sum(abs(rate) < numbers.cap for rate in rates),
                "worst": sum(rate == -numbers.cap for rate in rates),
            },
            "members": [
                {
                    "allocation": _tonnes(allocation),
                    "emissions": _tonnes(Fraction(member.emissions, GRAMS)),
                    "id": member.id,
                    "intensity": {"unit": "t/t", "value": fixed_places(member.intensity, INTENSITY_PLACES)},
                    "rate": exact.text(rate),
                }
                for member, allocation, rate in zip(self.members, self.allocations, rates, strict=True)
            ],
            "proof": {
                "above": exact.text(self.balance.above / GRAMS),
                "at_or_below": exact.text(self.balance.below / GRAMS),
            },
            "residue": _tonnes(self.residue),
            "sector": self.sector,
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())


def allocate(document: bytes | Node, rules: Sequence[AllocationRules]) -> Allocation | SectorAllocation:
    """Compute an allocation document (its JSON bytes, or the parsed node) under the rule set it names.

    MalformedInput and RefusedInput carry the JSON path in the document, what was expected and what was found.
    """
    node = document if isinstance(document, Node) else inputs.parse(document)
    if isinstance(node.value, dict) and "members" in node.value:
        return _sector(node, rules)
    fields = node.fields(("rule_set", "units", "year"), ("account", "balance", "sector"))
    chosen, year = _rules(fields, rules)
    sector = _sector_of(fields, chosen)
    facts = parse_units(fields["units"], chosen)
    account, share = _account(fields.get("account"), chosen)
    balance = None
    if "balance" in fields:
        if chosen.method != "intensity-band":
            raise fields["balance"].refused("this plan has no balance value", "no balance")
        balance = _per_tonne(fields["balance"])
        if balance == 0:
            raise fields["balance"].refused("no balance value", "above 0")
    small = _small(facts, chosen)
    units = tuple(
        allocate_unit(unit, chosen, year, small=small, share=Fraction(share, exact.SCALE), balance=balance)
        for unit in facts
    )
    return Allocation(chosen, year, facts, units, settle(units, chosen, account), account, share, sector, balance)


def solve_sector(
    rules: AllocationRules, year: int, sector: str, members: Sequence[Member], path: str = "$.members"
) -> SectorAllocation:
    """The balance value over the members, and the allocation of each."""
    numbers = band.numbers(rules)
    try:
        balance = band.solve(numbers, [(member.intensity, member.emissions) for member in members])
    except Refused as error:
        raise RefusedInput(path, error.message, expected=error.expected, found=error.found) from error
    allocations = tuple(
        int(Fraction(member.emissions, GRAMS) * (1 + band.rate(numbers, balance.value, member.intensity)))
        for member in members
    )
    residue = Fraction(sum(member.emissions for member in members), GRAMS) - sum(allocations)
    return SectorAllocation(rules, year, sector, tuple(members), balance, allocations, residue)


def describe(rules: AllocationRules) -> dict[str, Any]:
    """One row of a list: readable id (the key), the SHA-256 that binds it, titles, status, years, method, sectors."""
    return {
        "id": rules.key,
        "sha256": rules.id.hex(),
        "method": rules.method,
        "sectors": list(rules.sectors),
        "status": rules.status,
        "title": {"en": rules.title[0], "zh": rules.title[1]},
        "version": rules.version,
        "years": list(rules.years),
    }


def _sector(node: Node, rules: Sequence[AllocationRules]) -> SectorAllocation:
    fields = node.fields(("members", "rule_set", "sector", "year"))
    chosen, year = _rules(fields, rules)
    if chosen.method != "intensity-band":
        raise fields["members"].refused("this plan has no balance value to solve", "a rule set of the intensity band")
    members = []
    seen: set[str] = set()
    for item in fields["members"].items(least=1, most=MAX_MEMBERS):
        given = item.fields(("id", "verified_emissions"), ("intensity", "output"))
        name = given["id"].text(least=1, most=200)
        if name in seen:
            raise given["id"].refused("an id that came before", "each member once")
        seen.add(name)
        emissions = _grams(given["verified_emissions"])
        if ("intensity" in given) == ("output" in given):
            raise item.refused("one of intensity and output is needed", "intensity in t/t, or output with emissions")
        if "intensity" in given:
            intensity = _per_tonne(given["intensity"])
        else:
            output = _grams(given["output"])
            if output == 0:
                raise given["output"].refused("no output", "above 0")
            intensity = half_up(Fraction(emissions, output), INTENSITY_PLACES)
        members.append(Member(name, intensity, emissions))
    return solve_sector(chosen, year, _sector_of(fields, chosen), members, fields["members"].path)


def _rules(fields: dict[str, Node], rules: Sequence[AllocationRules]) -> tuple[AllocationRules, int]:
    name = fields["rule_set"].text(most=64)
    chosen = next((rule for rule in rules if name in (rule.key, rule.id.hex())), None)
    if chosen is None:
        raise fields["rule_set"].refused(
            "a rule set that is not known here", "one of " + ", ".join(rule.key for rule in rules)
        )
    year = fields["year"].integer(1990, 9999)
    if not chosen.covers(year):
        first, last = chosen.years
        raise fields["year"].refused(
            f"rule set {chosen.key} does not hold for this reporting year", f"{first} to {last}"
        )
    return chosen, year


def _sector_of(fields: dict[str, Node], rules: AllocationRules) -> str:
    if "sector" in fields:
        return fields["sector"].one_of(rules.sectors, "not a sector of the plan")
    return rules.sectors[0] if len(rules.sectors) == 1 else ""


def _account(node: Node | None, rules: AllocationRules) -> tuple[Account, int]:
    """The account, and the share of the pre-allocation in 1e-18: the plan's, or the province's lower one."""
    most = rules.number("pre-allocation")
    share = most.value if most else 0
    if node is None:
        return Account(), share
    fields = node.fields((), ("arrears", "differentiated", "pre_allocated", "pre_allocation_share"))
    if "pre_allocation_share" in fields:
        place = fields["pre_allocation_share"].fields(("unit", "value"))
        place["unit"].one_of(("%",))
        share_given = exact.fixed(exact.decimal(place["value"]) / 100, place["value"].path, "1")
        if share_given > share:
            raise place["value"].refused("more than the plan allows", f"at most {most.printed if most else 0} %")
        share = share_given
    obligation = None
    if "differentiated" in fields:
        given = fields["differentiated"].fields(("obligation", "reason"))
        given["reason"].one_of(("frozen", "unpaid"))
        obligation = _whole_tonnes(given["obligation"])
    arrears = _whole_tonnes(fields["arrears"]) if "arrears" in fields else 0
    issued = _whole_tonnes(fields["pre_allocated"]) if "pre_allocated" in fields else None
    return Account(arrears, issued, obligation), share


def _small(facts: Sequence[Unit], rules: AllocationRules) -> bool:
    below = rules.number("small-below")
    if below is None or facts[0].emissions is None:
        return False
    return Fraction(sum(unit.emissions or 0 for unit in facts), GRAMS) < below.fraction


def _grams(node: Node) -> int:
    found = quantity(node, "g").value
    if found >= WORD64:
        raise node.refused("an amount too large", "below 2^64 g")
    return found


def _whole_tonnes(node: Node) -> int:
    grams = _grams(node)
    if grams % GRAMS:
        raise node.refused("not whole tonnes", "a whole number of t")
    return grams // GRAMS


def _per_tonne(node: Node) -> int:
    """Whole 10^-4 t/t."""
    fields = node.fields(("unit", "value"))
    fields["unit"].one_of(("t/t",))
    found = exact.decimal(fields["value"]) * 10**INTENSITY_PLACES
    if found.denominator != 1 or found >= WORD64:
        raise fields["value"].refused("not of four decimals", "at most four decimals, as the rule set rounds it")
    return found.numerator


def _head(rules: AllocationRules, year: int) -> dict[str, Any]:
    weak = sorted({number.name for number in rules.numbers.values() if number.evidence == "unverified"})
    if any(benchmark.electricity.evidence == "unverified" for benchmark in rules.benchmarks):
        weak.append("benchmarks")
    warnings = []
    if rules.status != "in-force":
        texts = {
            "draft": "the plan is a consultation draft: not for a final allocation",
            "unverified": "the plan was not compared with its document",
        }
        warnings.append({"code": f"{rules.status}-rule-set", "path": "$.rule_set", "text": texts[rules.status]})
    if weak:
        text = "written from memory, compared with no document: " + ", ".join(weak)
        warnings.append({"code": "unverified-numbers", "path": "$.rule_set", "text": text})
    return {
        "rule_set": {
            "id": rules.id.hex(),
            "key": rules.key,
            "status": rules.status,
            "title": {"en": rules.title[0], "zh": rules.title[1]},
        },
        "rounding": [
            {"evidence": row.evidence, "mode": row.mode, "of": row.of, "places": row.places} for row in rules.rounding
        ],
        "sources": [{"key": key, "text": text} for key, text in rules.sources.items()],
        "v": 1,
        "warnings": warnings,
        "year": year,
    }


def _unit(result: UnitResult) -> dict[str, Any]:
    amounts = {"allocation": result.allocation, "pre_allocation": result.pre_allocation, "top_up": result.top_up}
    return {name: _tonnes(amount) for name, amount in amounts.items() if amount is not None} | {
        "class": result.of,
        "covered": result.covered,
        "id": result.unit.id,
        "out": result.out,
        "steps": [step.to_json() for step in result.steps],
    }


def _entity(result: EntityResult) -> dict[str, Any]:
    back = result.claw_back
    amounts: dict[str, int | Fraction | None] = {
        "emissions": result.emissions,
        "gas_top_ups": result.gas_top_ups,
        "gap_cap_top_up": result.cap_top_up,
        "initial_allocation": result.initial,
        "pre_allocation": result.pre_allocation,
        "verified_allocation": result.verified,
        "issued_first": result.issued_first,
        "held": result.held,
        "surrendered": result.surrendered,
        "released": result.released,
    }
    if back is not None:
        amounts |= {
            "arrears_left": back.left,
            "deducted": back.deducted,
            "issued": back.issued,
            "issued_final": back.issued_final,
        }
    rates = {"gap_rate": result.gap_rate, "gap_rate_final": result.gap_rate_final}
    return {name: _tonnes(amount) for name, amount in amounts.items() if amount is not None} | {
        name: {"unit": "%", "value": fixed_places(rate, GAP_PLACES)} for name, rate in rates.items() if rate is not None
    }


def _tonnes(amount: int | Fraction) -> dict[str, str]:
    return {"unit": "t", "value": exact.text(Fraction(amount)) if amount >= 0 else f"-{exact.text(Fraction(-amount))}"}
