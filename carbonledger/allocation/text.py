"""A result of allocation as text for people, in English or Chinese."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from carbonledger.allocation.allocate import Allocation, SectorAllocation
from carbonledger.allocation.rule_set import AllocationRules

LANGUAGES: Final = ("en", "zh")
_STATUS: Final = {
    "in-force": ("in force", "现行"),
    "draft": ("draft", "征求意见稿"),
    "unverified": ("unverified", "未核对"),
}


def result(found: Allocation | SectorAllocation, language: str) -> str:
    """The result, several lines, without a trailing newline."""
    at = LANGUAGES.index(language)
    rules = found.rules
    value = found.to_json()
    out = [
        f"{('Allocation, reporting year', '配额分配,年度')[at]} {found.year}",
        f"{rules.title[at]}",
        f"  {rules.key}  {rules.id.hex()}  ({_STATUS[rules.status][at]})",
        "",
    ]
    match found:
        case SectorAllocation():
            out += [
                f"{('Balance value', '盈亏平衡值')[at]} ({found.sector}): {value['balance']['value']} t/t",
                f"{('Residue of the sector', '行业余量')[at]}: {value['residue']['value']} t",
                *(
                    f"  {row['id']}: I {row['intensity']['value']}, {row['allocation']['value']} t"
                    for row in value["members"]
                ),
            ]
        case Allocation():
            for unit in value["units"]:
                out += [f"{('Unit', '机组')[at]} {unit['id']}", *_steps(unit["steps"], language), ""]
            out += [("Enterprise", "重点排放单位")[at], *_steps(value["steps"], language)]
    if value["warnings"]:
        out += ["", *(f"! {warned['path']}: {warned['text']}" for warned in value["warnings"])]
    return "\n".join(out)


def rule_sets(rules: Iterable[AllocationRules], language: str) -> str:
    """A list of rule sets: key, years, status, title and id of each."""
    at = LANGUAGES.index(language)
    out = []
    for rule in rules:
        years = f"{rule.years[0]}-{rule.years[1]}"
        out += [f"{rule.key}  ({years}, {_STATUS[rule.status][at]})", f"  {rule.title[at]}", f"  {rule.id.hex()}"]
    return "\n".join(out)


def _steps(steps: list[dict[str, Any]], language: str) -> list[str]:
    out = []
    for step in steps:
        rounded = f"  [{step['rounding']}]" if step["rounding"] else ""
        out.append(f"  {step['title'][language]}: {step['value']} {step['unit']}  = {step['formula']}{rounded}")
        out += [
            f"      {given['name']} {given['value']} {given['unit']}"
            + (f"  ({given['evidence']}: {given['source']})" if given["evidence"] else "")
            for given in step["inputs"]
        ]
    return out
