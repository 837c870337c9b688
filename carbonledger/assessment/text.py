"""Results of codes, grades and financed emissions as text for people, in English or Chinese, from their JSON."""

from __future__ import annotations

from typing import Any, Final

from carbonledger.assessment import chinese

LANGUAGES: Final = ("en", "zh")
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "green": ("GREEN", "绿码"),
    "red": ("RED", "红码"),
    "grey": ("GREY", "灰码"),
    "passed": ("passed", "通过"),
    "failed": ("FAILED", "未通过"),
    "points": ("points", "计分"),
    "silent": ("not evaluated", "未评估"),
    "insufficient": ("not evaluated", "未评估"),
    "suppressed": ("set aside", "不计分"),
    "proposal": ("proposal", "建议值"),
    "published": ("published", "公开值"),
    "official": ("official", "官方文件"),
    "reputable": ("reputable", "可信来源"),
    "transcription": ("transcription", "转录文本"),
    "draft": ("draft", "征求意见稿"),
    "unverified": ("unverified", "未核对"),
    "none": ("no source outside", "无外部来源"),
    "suspended": ("suspended while the code is red", "红码期间暂停使用"),
    "warning": ("Warning", "警示"),
    "open": ("on", "起"),
    "decision": (
        "{points} points decide (red from {limit[points]} of {limit[families]} families), {queue} order the queue",
        "判定分 {points}(红码界限:{limit[points]} 分且至少 {limit[families]} 类规则),排序分 {queue}",
    ),
}


def sets(rows: list[dict[str, Any]], language: str) -> str:
    """A list of sets: id, validity, status, title and digest of each."""
    return "\n".join(
        f"{row['id']}  ({row['valid_from']} - {row['valid_to'] or _word('open', language)}, {row['status']})\n"
        f"  {row['title'][language]}\n  {row['sha256']}"
        for row in rows
    )


def code(result: dict[str, Any], language: str) -> str:
    """A code: colour, why, and every rule with what it found."""
    period, decision = result["period"], result["decision"]
    out = [
        f"{_word(result['colour'], language)}  {result['subject']['id']}  {period['year']} Q{period['quarter']}",
        f"{result['because'][language]}",
        f"{result['rule_set']['title'][language]}  {result['rule_set']['id']}",
        _word("decision", language).format(
            points=decision["points"], queue=decision["queue_points"], limit=_limits(decision["thresholds"])
        ),
        "",
    ]
    for rule in result["rules"]:
        out.append(
            f"{rule['id']}  {rule['title'][language]}: {_word(rule['status'], language)}  [{_formula(rule, language)}]"
        )
        if rule["status"] != "passed":
            out.append(f"     {rule['explanation'][language]}")
            out += [_threshold(parameter, language) for parameter in rule["thresholds"]]
    out += [f"{_word('warning', language)}: {warned['text'][language]}" for warned in result["warnings"]]
    return "\n".join(out)


def grade(result: dict[str, Any], language: str) -> str:
    """A grade: its title, marks, and every step."""
    period = result["period"]
    out = [
        f"{result['title'][language]}  ({result['grade']})  {result['subject']['id']}  "
        f"{period['year']} Q{period['quarter']}",
        f"{result['scheme']['title'][language]}  {result['scheme']['id']}",
    ]
    if result["suspended"]:
        out.append(f"! {_word('suspended', language)}")
    out.append("")
    for step in result["steps"]:
        value = "" if step["value"] is None else f" = {step['rounded'] or step['value']['shown']}"
        outcome = f"  → {step['outcome']}" if step["outcome"] else ""
        given = ", ".join(f"{name} {item}" for name, item in step["inputs"].items())
        out.append(f"{step['title'][language]}{value}{outcome}")
        out.append(f"     {_formula(step, language)}" + (f"  ({given})" if given else ""))
        out += [_threshold(parameter, language) for parameter in step["thresholds"]]
    out += [f"{_word('warning', language)}: {warned}" for warned in result["warnings"]]
    return "\n".join(out)


def pcaf(result: dict[str, Any], language: str) -> str:
    """Financed emissions: the six lines of the portfolio and of each class."""
    out = [f"{result['method']['title'][language]}  {result['as_of']}  {result['currency']}", ""]
    groups = [(group["title"][language], group) for group in result["by_class"]]
    for title, group in [*groups, (("Total", "合计")[LANGUAGES.index(language)], result["total"])]:
        score = "" if group["score"] is None else f"  score {group['score']['value']}"
        out.append(f"{title}: {group['outstanding']['shown']} {result['currency']}{score}")
        for name, line in group["lines"].items():
            value = "-" if line["value"] is None else f"{int(line['value']):,} gCO2e  ({line['covered']})"
            out.append(f"  {name:<18} {value}")
    out += [f"{_word('warning', language)}: {warned['path']}: {warned['code']}" for warned in result["warnings"]]
    return "\n".join(out)


def _limits(thresholds: list[dict[str, str]]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in thresholds}


def _formula(step: dict[str, Any], language: str) -> str:
    return chinese.formula(step["formula"], language)


def _threshold(parameter: dict[str, str], language: str) -> str:
    label, evidence = _word(parameter["label"], language), _word(parameter["evidence"], language)
    name, unit = chinese.name(parameter["name"], language), chinese.unit(parameter["unit"], language)
    return f"     {name} {parameter['value']}{unit}  ({label}, {evidence}: {parameter['source']})"


def _word(key: str, language: str) -> str:
    return _WORDS[key][LANGUAGES.index(language)]
