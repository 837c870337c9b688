"""The words of disclosures and portfolios in both languages; Chinese as the published notices write them."""

from __future__ import annotations

from typing import Any, Final, Literal

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("{tool}: disclosure, quarter {quarter} of {year}", "{year}年第{quarter}季度{tool}信息披露"),
    "quarter": ("this quarter", "本季度"),
    "year": ("this year to date", "本年累计"),
    "cumulative": ("since first support", "自首次获得支持以来累计"),
    "window": ("Window", "期间"),
    "projects": ("projects", "支持项目数量"),
    "amount": ("loans", "碳减排贷款金额"),
    "rate": ("weighted rate", "加权平均利率"),
    "reduction": ("annual reduction", "带动的年度碳减排量"),
    "field": ("Field", "领域"),
    "total": ("Total", "合计"),
    "project": ("Project", "项目"),
    "investment": ("investment", "项目总投资"),
    "project-reduction": ("reduction of the project", "项目年度碳减排量"),
    "marked": ("Projects with the most marked effect", "碳减排效应最显著的项目"),
    "by-field": ("By field", "分领域情况"),
    "overview": ("Overview", "总体情况"),
    "ledger": ("Ledger line by line", "台账明细"),
    "loan": ("Loan", "贷款"),
    "drawn": ("drawn", "发放日期"),
    "part": ("part of the reduction", "贷款带动的年度碳减排量"),
    "method": ("method, factor, year", "测算方法、因子、年份"),
    "terms": ("commitment of the terms", "贷款条款承诺值"),
    "bank": ("Bank", "金融机构"),
    "code": ("Unified social credit code", "统一社会信用代码"),
    "due": ("To be published by", "应披露日期"),
    "published": ("Published", "披露日期"),
    "rule": ("Rule set", "规则"),
    "notes": ("To be looked at", "提示"),
    "note.outside-the-band": (
        "{window}: {value} t a year per 10^4 CNY is outside the plausible band",
        "{window}:每万元贷款 {value} 吨/年,超出合理区间",
    ),
    "note.windows": ("windows contradict each other: {value}", "期间口径矛盾:{value}"),
    "note.late": ("published late, on {value}", "逾期披露:{value}"),
    "none": ("none", "无"),
    "statement": ("Declaration", "声明"),
    "purpose": ("Purpose", "披露目的"),
    "ledger-digest": ("SHA-256 of the ledger", "台账摘要(SHA-256)"),
    "document-digest": ("SHA-256 of the disclosure", "披露摘要(SHA-256)"),
    "check": ("To be checked at", "核验网址"),
    "scan": ("Scan to check", "扫码核验"),
    "sentence": (
        "{window}: {projects} projects, {amount} x 10^4 CNY at {rate} % a year; {reduction} tCO2e a year.",
        "{window},支持项目{projects}个,发放碳减排贷款{amount}万元,贷款加权平均利率{rate}%,"
        "带动的年度碳减排量为{reduction}吨二氧化碳当量。",
    ),
    "sentence.empty": ("{window}: no loans.", "{window},未发放碳减排贷款。"),
}


def word(name: str, language: Language, **values: Any) -> str:
    """The word, filled in."""
    return _WORDS[name][language == "zh"].format(**values)


def sentence(name: str, window: dict[str, Any], language: Language) -> str:
    """The sentence of one window of a result's JSON."""
    called = word(name, language)
    called = called if language == "zh" else called[0].upper() + called[1:]
    if window["rate"] is None:
        return word("sentence.empty", language, window=called)
    return word(
        "sentence",
        language,
        window=called,
        projects=window["projects"],
        amount=window["amount"]["shown"],
        rate=window["rate"]["shown"],
        reduction=window["reduction"]["shown"],
    )


def note(found: dict[str, str], language: Language) -> str:
    """One note of a result's JSON."""
    window = word(found["window"], language) if found["window"] else ""
    return word(f"note.{found['code']}", language, window=window, value=found["value"])


def heading(result: dict[str, Any], language: Language) -> str:
    """The title of a disclosure."""
    period = result["period"]
    return word("title", language, tool=result["tool"]["title"][language], **period)


def lines(result: dict[str, Any], language: Language) -> list[str]:
    """A disclosure's JSON as text for people."""
    bank = result["bank"]
    found = [heading(result, language), f"{bank['name']} ({bank['credit_code']})", "", result["purpose"][language]]
    found += [sentence(name, window, language) for name, window in _ordered(result["windows"])]
    found += ["", word("by-field", language)]
    for field in result["fields"]:
        found.append(f"  {field['title'][language]}")
        found += [f"    {sentence(name, window, language)}" for name, window in _ordered(field["windows"])]
    found += ["", word("marked", language)]
    found += [f"  {m['name']}: {m['reduction']} t, {m['amount']} x 10^4 CNY" for m in result["marked"]]
    found += ["", result["statement"][language]]
    if result["notes"]:
        found += ["", word("notes", language), *(f"  {note(one, language)}" for one in result["notes"])]
    return [*found, "", f"{word('ledger-digest', language)}: {result['ledger_sha256']}"]


def _ordered(windows: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, windows[name]) for name in ("quarter", "year", "cumulative")]
