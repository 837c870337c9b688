"""A statement of result as text for people, in English or Chinese."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from carbonledger.accounting import exact
from carbonledger.accounting.exact import TO_THE_GRAM
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.statement import Statement, StatementLine, Used

LANGUAGES: Final = ("en", "zh")

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "statement": ("Statement of result, reporting year", "核算结果,报告年度"),
    "rule set": ("Rule set", "规则集"),
    "status": ("Status", "状态"),
    "scope": ("scope", "范围"),
    "emission": ("Emission", "排放量"),
    "rounding": ("Rounding", "修约"),
    "missing": ("Not reported (unknown, which is not zero)", "未报告(未知,不等于零)"),
    "warnings": ("Warnings", "警示"),
    "years": ("reporting years", "报告年度"),
    "open": ("on", "起"),
    "in-force": ("in force", "现行"),
    "draft": ("draft", "征求意见稿"),
    "unverified": ("unverified", "未核对"),
    "default": ("default", "缺省值"),
    "measured": ("measured", "实测值"),
    "conservative": ("conservative", "保守值"),
    "official": ("official", "官方文本"),
    "reputable": ("reputable", "可靠来源"),
    "transcription": ("transcription, unverified", "转录,未核对"),
    "floor": ("down", "向下取整"),
    "ceiling": ("up", "向上取整"),
    "half-up": ("half up", "四舍五入"),
    "half-even": ("half to even", "四舍六入五成双"),
    "line": ("each line", "逐行"),
    "total": ("the total", "合计"),
    "to": ("to whole", "至整"),
}


def statement(result: Statement, language: str) -> str:
    """The statement, several lines, without a trailing newline."""
    at = LANGUAGES.index(language)
    rules = result.rules
    out = [
        f"{_word('statement', at)} {result.year}",
        f"{_word('rule set', at)}: {rules.title[at]}",
        f"  {rules.key}  {rules.id.hex()}",
        f"  {_word('status', at)}: {_word(rules.status, at)}",
        "",
    ]
    for line in result.lines:
        out += [*_line(line, at), ""]
    tonnes = exact.truncated(Fraction(result.emission, 10**6), 6)
    out.append(f"{_word('emission', at)}: {_grouped(str(result.emission))} gCO2e  ({_grouped(tonnes)} tCO2e)")
    for row in rules.rounding or (TO_THE_GRAM,):
        where, how = _word(row.place, at), _word(row.mode, at)
        out.append(f"{_word('rounding', at)}: {where}, {how}, {_word('to', at)} {row.unit}")
    if result.missing:
        titles = [rule.title[at] for rule in rules.lines if rule.code in result.missing]
        out += ["", f"{_word('missing', at)}:", *(f"  - {title}" for title in titles)]
    if result.warnings:
        out += ["", f"{_word('warnings', at)}:", *(f"  ! {warned.path}: {warned.text}" for warned in result.warnings)]
    return "\n".join(out)


def rule_sets(rules: Iterable[RuleSet], language: str) -> str:
    """A list of rule sets: key, years, status, title and id of each."""
    at = LANGUAGES.index(language)
    out = []
    for rule in rules:
        first, last = rule.years
        years = f"{first}-{last}" if last else f"{first} {_word('open', at)}"
        out.append(f"{rule.key}  ({_word('years', at)} {years}, {_word(rule.status, at)})")
        out += [f"  {rule.title[at]}", f"  {rule.id.hex()}"]
    return "\n".join(out)


def _line(line: StatementLine, at: int) -> list[str]:
    item = f" - {line.item}" if line.item else ""
    sign = "" if line.numerator < 0 else "+"
    return [
        f"{line.rule.title[at]}{item}  [{line.rule.code}, {_word('scope', at)} {line.rule.scope}]",
        f"  {_grouped(str(line.quantity.value))} {line.quantity.unit}",
        *(f"  {_used(used, at)}" for used in line.parameters),
        f"  = {sign}{_grouped(line.shown)} gCO2e",
    ]


def _used(used: Used, at: int) -> str:
    unit = "" if used.unit == "1" else f" {used.unit}"
    text = f"x {used.name} {exact.fixed_text(used.value)}{unit}  ({_word(used.tier, at)}"
    if used.factor is None:
        return text + ")"
    factor = used.factor
    source = f"{factor.guideline} {factor.version}, {factor.reference}"
    return f"{text}: {source}; {_word(factor.evidence, at)})"


def _word(key: str, at: int) -> str:
    return _WORDS[key][at]


def _grouped(number: str) -> str:
    whole, point, places = number.partition(".")
    return f"{int(whole):,}{point}{places}" if not whole.startswith("-0") else number
