"""A statement of result as text for people, in English or Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from carbonledger.accounting import exact
from carbonledger.accounting.exact import TO_THE_GRAM
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.statement import Derivation, Statement, StatementLine, Used

LANGUAGES: Final = ("en", "zh")

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "statement": ("Statement of result, reporting year", "核算结果,报告年度"),
    "rule set": ("Rule set", "规则集"),
    "status": ("Status", "状态"),
    "scope": ("scope", "范围"),
    "month": ("month", "月份"),
    "outside": ("none", "范围外"),
    "apart": ("apart from the total", "单独报告,不计入合计"),
    "by group": ("By source", "按排放源"),
    "by gas": ("By gas", "按气体"),
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
    codes = [rule.code for rule in rules.lines]
    for line in sorted(result.lines, key=lambda line: (codes.index(line.rule.code), line.item, line.month)):
        out += [*_line(line, at), ""]
    for name, sums in (("by group", _groups(result, at)), ("by gas", result.by_gas())):
        if len(sums) > 1:
            out += [f"{_word(name, at)}:", *(f"  {key}: {_grams(grams)}" for key, grams in sums.items()), ""]
    out.append(f"{_word('emission', at)}: {_whole(result.emission)}")
    for view in rules.views:
        grams = result.view(view)
        if grams is not None:
            out.append(f"{view.title[at]}: {_whole(grams)}")
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
    month = f", {_word('month', at)} {line.month}" if line.month else ""
    sign = {1: "+", -1: "", 0: f"({_word('apart', at)}) "}[line.rule.sign]
    scope = f"{_word('scope', at)} {_word('outside', at) if line.rule.scope == 'outside' else line.rule.scope}"
    return [
        f"{line.rule.title[at]}{item}{month}  [{line.rule.code}, {scope}]",
        f"  {_grouped(str(line.quantity.value))} {line.quantity.unit}{_derived(line.derivation)}",
        *(f"  {_used(used, at)}" for used in line.parameters),
        f"  = {sign}{_grouped(line.shown)} gCO2e",
    ]


def _used(used: Used, at: int) -> str:
    unit = "" if used.unit == "1" else f" {used.unit}"
    text = f"x {used.name} {exact.fixed_text(used.value)}{unit}  ({_word(used.tier, at)}"
    if used.factor is None:
        return f"{text}){_derived(used.derivation)}"
    factor = used.factor
    source = f"{factor.guideline} {factor.version}, {factor.reference}"
    return f"{text}: {source}; {_word(factor.evidence, at)}){_derived(used.derivation)}"


def _derived(derivation: Derivation | None) -> str:
    """How a value came about, in the words of the statement's JSON; empty where it is as it was given."""
    if derivation is None:
        return ""
    return "  <- " + ", ".join(f"{key} {_flat(value)}" for key, value in derivation.items())


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(part) for part in value.values())
    return str(value)


def _groups(result: Statement, at: int) -> dict[str, Fraction]:
    titles = {group.key: group.title[at] for group in result.rules.groups}
    return {titles[key]: grams for key, grams in result.by_group().items()}


def _grams(grams: Fraction) -> str:
    return f"{_grouped(exact.truncated(grams, 2))} gCO2e"


def _whole(grams: int) -> str:
    tonnes = exact.truncated(Fraction(grams, 10**6), 6)
    return f"{_grouped(str(grams))} gCO2e  ({_grouped(tonnes)} tCO2e)"


def _word(key: str, at: int) -> str:
    return _WORDS[key][at]


def _grouped(number: str) -> str:
    whole, point, places = number.partition(".")
    return f"{int(whole):,}{point}{places}" if not whole.startswith("-0") else number
