"""A reduction as text for people, and the JSON Schema of its input."""

from __future__ import annotations

from typing import Any, Final

from carbonledger.assessment import rational
from carbonledger.reduction import library
from carbonledger.reduction.document import ELECTRICITY, FUELS, HEAT, MAX_STRETCHES, VOLUMES

LANGUAGES: Final = ("en", "zh")
SCHEMA_ID: Final = "urn:carbonledger:reduction-document:v1"
_PARTS: Final = {
    "baseline": ("Baseline emissions", "基准线排放"),
    "project": ("Project emissions", "项目排放"),
    "leakage": ("Leakage", "泄漏"),
    "reduction": ("Reduction", "减排量"),
}


def shown(value: dict[str, Any], language: str) -> str:
    """Several lines, without a trailing newline."""
    at = LANGUAGES.index(language)
    said = value["statement"]
    out = [
        f"{said['project']}: {said['methodology']['title'][language]}",
        f"  {said['period']['from']} - {said['period']['to']}  ({said['methodology']['key']},"
        f" {said['methodology']['status']})",
        "",
    ]
    out += [f"  {s['title'][language]}: {s['value']}  = {s['formula']}" for s in said["steps"]]
    out.append("")
    out += [f"{names[at]}: {said['result'][part]['value']} g" for part, names in _PARTS.items()]
    out.append(f"{('To be issued', '可签发')[at]}: {said['result']['tonnes']['value']} t")
    out.append(f"{('Digest of the statement', '声明摘要')[at]}: {value['digest']}")
    out += [f"! {warning['text']}" for warning in said["warnings"]]
    return "\n".join(out)


def listed(rows: list[dict[str, Any]], language: str) -> str:
    """The methodologies."""
    return "\n".join(f"{r['key']}  ({r['status']})\n  {r['title'][language]}\n  {r['id']}" for r in rows)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the reduction document."""
    day = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
    digest = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    amount = rational.quantity_schema({**ELECTRICITY, **HEAT, **rational.TONNES, **VOLUMES})
    stretch = _object(
        ("meter", "from", "to", "evidence"),
        meter={"type": "string", "minLength": 1, "maxLength": 100},
        **{"from": day, "to": day},
        start=amount,
        end=amount,
        quantity=amount,
        evidence=digest,
    )
    known = library.methodologies()
    names = sorted({name for methodology in known for name in methodology.quantities})
    series = {"type": "array", "minItems": 1, "maxItems": MAX_STRETCHES, "items": stretch}
    factor = {"type": "string", "pattern": rational.DECIMAL_PATTERN}
    made = _object(
        ("methodology", "project", "period", "monitored"),
        methodology={"type": "string", "description": "Key or id: " + ", ".join(m.key for m in known)},
        project={"type": "string", "minLength": 1, "maxLength": 200},
        period=_object(("from", "to"), **{"from": day, "to": day}),
        region={"enum": sorted({name for methodology in known for name in methodology.regions})},
        grid=_object(("om", "bm", "source"), om=factor, bm=factor, source={"type": "string"}),
        baseline={"enum": list(FUELS)},
        monitored=_object((), **dict.fromkeys(names, series)),
        leakage={
            "type": "array",
            "maxItems": 20,
            "items": _object(
                ("what", "value", "evidence"),
                what={"type": "string"},
                value=rational.quantity_schema(rational.TONNES),
                evidence=digest,
            ),
        },
    )
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, "title": "Reduction document"}
    return head | made


def _object(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return made | ({"required": list(required)} if required else {})
