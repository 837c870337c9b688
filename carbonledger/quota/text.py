"""An outlook as text for people, and the JSON Schema of its input."""

from __future__ import annotations

from typing import Any, Final

from carbonledger.assessment import rational
from carbonledger.quota import library, outlook
from carbonledger.quota.outlook import MOST, MOST_FEN, SECTORS

LANGUAGES: Final = ("en", "zh")
SCHEMA_ID: Final = "urn:carbonledger:outlook-document:v1"
_WORDS: Final = {
    "title": ("Outlook of {year}, as of {as_of}", "{year}年度配额展望,截至{as_of}"),
    "to_date": ("Emitted so far", "累计排放"),
    "months": ("months", "个月"),
    "forecast": ("Forecast of the year", "全年预测"),
    "unknown": ("not known", "未知"),
    "usable": ("Usable allowances", "可用配额"),
    "bound": ("Bound (frozen, pledged, pending, province)", "受限(冻结、质押、待处理、省级账户)"),
    "offsets": ("Offsets (CCER)", "CCER"),
    "quota": ("Quota", "配额"),
    "issued": ("issued", "已发放"),
    "planning": ("planned, entered by hand", "规划值(手工录入)"),
    "obligation": ("Obligation", "应清缴量"),
    "shortfall": ("Shortfall", "缺口"),
    "surplus": ("Surplus", "盈余"),
    "cost": ("Cost at the last close", "按最近收盘价的成本"),
    "what_if": ("If the steps are taken", "采取措施后"),
    "calendar": ("Calendar", "履约日历"),
    "days": ("days", "天"),
}


def shown(value: dict[str, Any], language: str) -> str:
    """Several lines, without a trailing newline; `value` is the result's JSON."""
    at = LANGUAGES.index(language)

    def word(name: str) -> str:
        return _WORDS[name][at]

    def amount(found: dict[str, str] | None) -> str:
        return word("unknown") if found is None else f"{found['value']} {found['unit']}"

    out = [word("title").format(**value)]
    sofar = value["emissions_to_date"]
    out.append(f"  {word('to_date')}: {amount(sofar)} ({sofar['months']} {word('months')})")
    told = value["forecast"]
    if told is None:
        out.append(f"  {word('forecast')}: {word('unknown')}")
    else:
        spread = "" if told["low"] is None else f"  [{told['low']['value']} - {told['high']['value']}]"
        out.append(f"  {word('forecast')}: {amount(told['value'])}{spread}")
        out.append(f"      {told['formula'][language]}; {told['interval'][language]}")
    out += [f"  {word(name)}: {amount(value['holdings'][name])}" for name in ("usable", "bound", "offsets")]
    for name in ("planning", "issued"):
        if (quota := value["quota"][name]) is not None:
            mark = " *" if value["quota"]["in_force"] == name else ""
            out.append(f"  {word('quota')}, {word(name)} {quota['at']}: {quota['tonnes']} t{mark}")
    expected = value["position"]["expected"]
    if expected is not None:
        out += ["", *_position(expected, word, amount, "")]
        out.append(f"      {value['position']['formula'][language]}")
    asked = value["what_if"]
    if asked is not None and asked["position"] is not None:
        out += ["", word("what_if"), *_position(asked["position"], word, amount, "  ")]
    out += ["", word("calendar")]
    out += [
        f"  {day['date']}  {day['title'][language]}  ({day['days']} {word('days')}; {day['evidence']})"
        for day in value["calendar"]
    ]
    return "\n".join(out)


def _position(found: dict[str, Any], word: Any, amount: Any, indent: str) -> list[str]:
    return [f"{indent}  {word(name)}: {amount(found[name])}" for name in ("obligation", "shortfall", "surplus", "cost")]


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the outlook document."""
    tonnes = {"type": "integer", "minimum": 0, "maximum": MOST}
    day = {"type": "string", "format": "date", "pattern": outlook.DATE_PATTERN}
    mass = rational.quantity_schema(rational.TONNES)
    quota = _object(("tonnes", "at"), tonnes=tonnes, at=day)
    known = library.years()
    made = _object(
        ("as_of", "year", "emissions", "holdings"),
        as_of=day,
        year={"type": "integer", "enum": sorted(known)},
        sector={"enum": list(SECTORS)},
        emissions={"type": "array", "maxItems": 12, "items": mass, "description": "Months known, January first"},
        previous_year={"type": "array", "minItems": 12, "maxItems": 12, "items": mass},
        holdings=_object(("usable",), usable=tonnes, bound=tonnes, offsets=tonnes),
        surrendered=tonnes,
        surrendered_offsets=tonnes,
        quota=_object((), planning=quota, issued=quota),
        price=_object(
            ("fen", "date"),
            fen={"type": "integer", "minimum": 1, "maximum": MOST_FEN},
            date=day,
            source={"type": "string", "maxLength": 200},
        ),
        what_if=_object(
            (),
            buy=tonnes,
            offsets=tonnes,
            offset_price={"type": "integer", "minimum": 0, "maximum": MOST_FEN},
            abate=mass,
        ),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Outlook document",
    } | made


def _object(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return made | ({"required": list(required)} if required else {})
