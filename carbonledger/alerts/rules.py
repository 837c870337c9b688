"""Alert rules: a published set that names checks of a closed list and gives them thresholds and sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import Parameter, Parameters, Title, bilingual, key, parameters, require, title

SEVERITIES: Final = ("notice", "warning", "critical")
CHECKS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "month-threshold": (("share",), ("month", "emission", "value", "threshold")),
    "month-on-month": (("most",), ("month", "emission", "before", "value", "threshold")),
    "year-on-year": (("most",), ("month", "emission", "before", "value", "threshold")),
    "late-evidence": (("days",), ("month", "due")),
    "calibration": (("days",), ("device", "until", "left", "left_zh", "threshold")),
    "permit": (("share",), ("year", "emission", "limit", "value", "threshold")),
    "shortfall": (("days",), ("kind", "kind_zh", "year", "limit", "day", "value", "threshold")),
    "red-code": ((), ("period", "reasons")),
}
"""Check -> the parameters it reads, the words its sentences may use."""
_ID: Final = re.compile(r"A[0-9]{2}")
_WORD: Final = re.compile(r"\{([a-z_]*)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `severity` is that of its alerts."""

    id: str
    check: str
    severity: str
    title: Title
    parameters: Parameters
    explain: Title

    @classmethod
    def parse(cls, node: Node) -> Rule:
        """From its JSON; MalformedInput where thresholds or words are not those of the check."""
        fields = node.fields(("check", "explain", "id", "parameters", "severity", "title"))
        check = fields["check"].one_of(tuple(CHECKS))
        names, words = CHECKS[check]
        found = parameters(fields["parameters"])
        require(fields["parameters"], found, names, f"check {check}")
        identifier = fields["id"].text(most=3)
        if _ID.fullmatch(identifier) is None:
            raise fields["id"].malformed("not a rule's id", "A and two digits")
        explain = title(fields["explain"], 600)
        unknown = sorted({word for text in explain for word in _WORD.findall(text)} - set(words))
        if unknown:
            raise fields["explain"].malformed(f"words that the check does not know: {unknown}", ", ".join(words))
        severity = fields["severity"].one_of(SEVERITIES)
        return cls(identifier, check, severity, title(fields["title"]), found, explain)

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return {
            "check": self.check,
            "explain": bilingual(self.explain),
            "id": self.id,
            "parameters": [parameter.to_json() for parameter in self.parameters.values()],
            "severity": self.severity,
            "title": bilingual(self.title),
        }


@dataclass(frozen=True, slots=True)
class AlertRules:
    """The set; `escalate_days`: how long an alert may stay open before it is escalated."""

    key: str
    title: Title
    rules: tuple[Rule, ...]
    escalate_days: Parameter

    @classmethod
    def parse(cls, raw: bytes) -> AlertRules:
        """From JSON; MalformedInput with the path for anything of another form."""
        fields = inputs.parse(raw).fields(("escalate_days", "key", "rules", "title"))
        rules = tuple(Rule.parse(item) for item in fields["rules"].items(least=1, most=99))
        identifiers = [rule.id for rule in rules]
        if identifiers != sorted(set(identifiers)):
            raise fields["rules"].malformed("rules out of order", "each id once, ascending")
        days = Parameter.parse(fields["escalate_days"])
        if days.value.denominator != 1 or days.value < 0:
            raise fields["escalate_days"].malformed("not a number of days", "a whole number from 0")
        return cls(key(fields["key"]), title(fields["title"]), rules, days)

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return {
            "escalate_days": self.escalate_days.to_json(),
            "key": self.key,
            "rules": [rule.to_json() for rule in self.rules],
            "title": bilingual(self.title),
        }

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(jcs.encode(self.to_json())).digest()


@cache
def alert_rules() -> AlertRules:
    """The set that comes with the package."""
    return AlertRules.parse((files("carbonledger.alerts") / "data" / "alerts-1.json").read_bytes())
