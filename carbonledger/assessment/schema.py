"""JSON Schemas (2020-12) of the documents of `code`, `grade` and `pcaf`: one each for the command and the API.

They say the form; what a published set allows, and sums and orders, the functions say themselves.
"""

from __future__ import annotations

from typing import Any, Final

from carbonledger.assessment import statistics
from carbonledger.assessment.code import document as code
from carbonledger.assessment.grade import document as grade
from carbonledger.assessment.parameters import DATE_PATTERN
from carbonledger.assessment.pcaf.calculate import LINES
from carbonledger.assessment.pcaf.method import DENOMINATORS
from carbonledger.assessment.rational import DECIMAL_PATTERN, SIGNED_PATTERN, TONNES, quantity_schema

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DECIMAL: Final[Schema] = {"type": "string", "pattern": DECIMAL_PATTERN}
_SIGNED: Final[Schema] = {"type": "string", "pattern": SIGNED_PATTERN}
_DATE: Final[Schema] = {"type": "string", "pattern": DATE_PATTERN}
_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 128}
_DIGEST: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_MONTH: Final[Schema] = {"type": "string", "pattern": "^(199[0-9]|[2-8][0-9]{3})-(0[1-9]|1[0-2])$"}
_QUARTER: Final[Schema] = {"type": "string", "pattern": "^(199[0-9]|[2-8][0-9]{3})Q[1-4]$"}
_TIME: Final[Schema] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
_TONNES: Final = quantity_schema(TONNES)


def _object(required: Schema, optional: Schema | None = None) -> Schema:
    properties = required | (optional or {})
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def _list(item: Schema, most: int = 10_000, least: int = 0) -> Schema:
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}


def _count(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _words(*allowed: str) -> Schema:
    return {"enum": list(allowed)}


_PERIOD: Final = _object({"quarter": _count(1, 4), "year": _count(1991, 8998)})
_SUBJECT: Final = _object({"id": _NAME, "kind": _words(*code.SUBJECTS)})
_SET: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 64}


def code_document() -> Schema:
    """The assessment document of a code. A section left out is unknown; an empty one says that there is none."""
    twelve = _list(_object({"due": _DATE, "month": _MONTH}, {"received": _DATE}), 12)
    report = _object({"due": _DATE, "year": _count(1990, 8999)}, {"received": _DATE})
    total = _object({"name": _NAME, "reported": _DECIMAL, "recomputed": _DECIMAL})
    carrier = _object({"invoiced": _DECIMAL, "name": _NAME, "reported": _DECIMAL})
    dates = dict.fromkeys(("received", "reported", "sampled", "tested"), _DATE)
    loan_names = ("amount", "attributed", "investment", "project_reduction")
    loan = _object({"id": _NAME, "shares": _list(_DECIMAL, 200, 1)} | dict.fromkeys(loan_names, _DECIMAL))
    window_names = ("cumulative", "quarter", "year")
    window = _object({"measure": _words("amount", "reduction")} | dict.fromkeys(window_names, _DECIMAL))
    pair = _object({"first": _DECIMAL, "quarter": _QUARTER, "second": _DECIMAL})
    sections = {
        "digits": _object({}, {"first": _list(_count(0, 10**12), 9, 9), "last": _list(_count(0, 10**12), 10, 10)}),
        "evidence": _list(
            _object(
                {
                    "anchored": _DIGEST,
                    "computed": _DIGEST,
                    "id": _NAME,
                    "key": _words("valid", "revoked"),
                    "signature": _words("valid", "invalid"),
                }
            )
        ),
        "factors": _object(
            {
                "register": _list(_object({"id": _NAME, "least": _DECIMAL, "most": _DECIMAL})),
                "used": _list(_object({"id": _NAME, "value": _DECIMAL})),
            }
        ),
        "filings": _object({"annual_report": report, "months": twelve}),
        "history": _list(
            _object({"emission": _DECIMAL, "output": _DECIMAL, "quarter": _QUARTER}, {"electricity": _DECIMAL}), 200
        ),
        "lending": _list(_object({"amount": _DECIMAL, "id": _NAME, "reduction": _DECIMAL})),
        "loans": _object({"loans": _list(loan), "windows": _list(window, 100)}),
        "meters": _list(
            _object(
                {
                    "id": _NAME,
                    "rated_power": _DECIMAL,
                    "readings": _list(_object({"register": _SIGNED, "time": _TIME})),
                }
            ),
            1000,
        ),
        "methods": _list(_object({"name": _NAME, "quarters": _list(pair, 200)}), 100),
        "models": _list(
            _object({"model": _words("isolation-forest", "reconstruction"), "score": _SIGNED, "threshold": _SIGNED}),
            10,
        ),
        "peers": _object({"emission": _DECIMAL, "statistics": statistics.schema(), "value_added": _DECIMAL}),
        "proceeds": _list(
            _object(
                {
                    "catalogue": _NAME,
                    "id": _NAME,
                    "item": _NAME,
                    "listed": _words("yes", "no"),
                    "traced": _words("as-declared", "elsewhere"),
                }
            )
        ),
        "purchases": _object({"carriers": _list(carrier)}, {"annual_emission": _TONNES}),
        "residuals": _list(
            _object({"name": _NAME, "period": {"enum": [4, 12]}, "software": _NAME, "values": _list(_SIGNED, 2000)}),
            100,
        ),
        "resubmissions": _count(0, 100_000),
        "series": _list(
            _object({"interval": _words("month", "15min"), "name": _NAME, "values": _list(_DECIMAL)}), 1000
        ),
        "tests": _list(_object({"month": _MONTH, "original_code": _words("present", "missing")} | dates)),
        "totals": _list(total),
        "uses": _list(
            _object(
                {"kind": _words("document", "invoice"), "number": _NAME, "period": _NAME, "subject": _NAME},
                {"loan": _NAME},
            )
        ),
    }
    suppression = _object(
        {
            "reason": {"type": "string", "minLength": 1, "maxLength": 1000},
            "rule": _NAME,
            "signed_by": _list(_NAME, 2, 2),
        }
    )
    calendar = _object({"holidays": _list(_DATE, 2000), "workdays": _list(_DATE, 2000)})
    head = {"as_of": _DATE, "period": _PERIOD, "rule_set": _SET, "subject": _SUBJECT}
    return _document(
        "code", "Assessment document", head, sections | {"calendar": calendar, "suppressions": _list(suppression, 32)}
    )


def grade_document() -> Schema:
    """The grade document: `inputs` is that of the scheme's method."""
    money = quantity_schema(grade.MONEY)
    peer = {"emission": _DECIMAL, "industry": _NAME, "value_added": _DECIMAL, "n": _count(0, 10_000_000)}
    peers = _list(_object(peer | {"level": _words(*statistics.LEVELS)}), len(statistics.LEVELS))
    score = _object(
        {"code": _words(*grade.CODES), "data_quality": _DECIMAL, "veto": _words("yes", "no")},
        {
            "before": _object({"grade": _NAME, "reached": _NAME}),
            "emission": _TONNES,
            "green_share": _DECIMAL,
            "intensity_before": _DECIMAL,
            "months": _list(_object({"emission": _TONNES, "month": _MONTH}), 12),
            "neutral_rate": _DECIMAL,
            "peers": peers,
            "product": _object({"benchmark": _DECIMAL, "intensity": _DECIMAL}, {"before": _DECIMAL}),
            "value_added": quantity_schema(grade.MONEY, negative=True),
        },
    )
    efficiency = _object(
        {"emission": _TONNES, "peers": peers, "value_added": money},
        {"offsets": _TONNES, "own_renewable": _TONNES, "sinks": _TONNES},
    )
    limits = _object({"access": _DECIMAL, "advanced": _DECIMAL, "limit": _DECIMAL})
    dimension = _object(
        {"intensity": _DECIMAL, "name": _words(*grade.DIMENSIONS)}, {"limits": limits, "mean": _DECIMAL}
    )
    board = _object(
        {
            "high": _SIGNED,
            "low": _SIGNED,
            "n": _count(0, 10_000_000),
            "name": _words(*grade.BOARDS),
            "value": _DECIMAL,
        }
    )
    forms = [
        score,
        efficiency,
        _object({"dimensions": _list(dimension, len(grade.DIMENSIONS), 1)}),
        _object({"boards": _list(board, len(grade.BOARDS), 1)}),
    ]
    head = {"inputs": {"anyOf": forms}, "period": _PERIOD, "scheme": _SET, "subject": _SUBJECT}
    return _document("grade", "Grade document", head)


def pcaf_document() -> Schema:
    """The portfolio document."""
    denominators = [
        _object(
            {"kind": {"const": kind}} | {name: _SIGNED if name == "equity" else _DECIMAL for name in required},
            dict.fromkeys(optional, _DECIMAL),
        )
        for kind, (required, optional) in DENOMINATORS.items()
    ]
    position = _object(
        {
            "class": _NAME,
            "denominator": {"oneOf": denominators},
            "emissions": _object({}, dict.fromkeys(LINES, _TONNES)),
            "id": _NAME,
            "outstanding": _DECIMAL,
        },
        {"evic_base": _DECIMAL, "option": _NAME, "scope3_score": _count(1, 5), "score": _count(1, 5)},
    )
    head = {
        "as_of": _DATE,
        "currency": {"type": "string", "minLength": 3, "maxLength": 3},
        "method": _SET,
        "positions": _list(position, 10_000, 1),
    }
    return _document("pcaf", "Portfolio document", head, {"base_footprint": _TONNES})


def _document(kind: str, title: str, required: Schema, optional: Schema | None = None) -> Schema:
    named = {"$schema": DIALECT, "$id": f"urn:carbonledger:{kind}-document:v1", "title": title}
    return named | _object(required, optional)
