"""The rule set of the red/green code: canonical JSON that names checks and gives them thresholds.

Its SHA-256 is its id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment.code.checks import Check, check
from carbonledger.assessment.code.document import SUBJECTS
from carbonledger.assessment.parameters import (
    HEAD_FIELDS,
    Domain,
    Head,
    Parameters,
    Title,
    bilingual,
    parameters,
    title,
    within,
)

KIND: Final = "code"
DECISION: Final[Mapping[str, Domain]] = {"families": "count", "points": "count", "queue-points": "count"}
STATES: Final[Mapping[str, Domain]] = {
    "clear-change": "amount",
    "explain-days": "days",
    "inspect-days": "days",
    "rectify-days": "days",
    "silent-quarters": "quarters",
    "veto-quarters": "quarters",
}
FAMILIES: Final = ("stuck", "time", "peer", "ratio", "loan", "late", "digits", "model")
_ID: Final = re.compile(r"[HS][0-9]{2}")
_WORD: Final = re.compile(r"\{([a-z0-9_]*)\}")
_ALWAYS: Final = ("value", "threshold")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its check with thresholds, whom it applies to, and the sentence printed when it is breached."""

    id: str
    check: Check
    family: str
    applies: tuple[str, ...]
    decides: bool
    printed: bool
    title: Title
    formula: str
    explain: Title
    parameters: Parameters

    @property
    def is_hard(self) -> bool:
        """Whether a breach makes red by itself."""
        return self.check.is_hard

    @property
    def most_points(self) -> int:
        """The most points it can give."""
        return max((int(self.parameters[name].value) for name in self.check.points), default=0)

    @classmethod
    def parse(cls, node: Node) -> Rule:
        """From its JSON; MalformedInput where thresholds, words or family are not those of the check."""
        names = ("applies", "check", "decides", "explain", "family", "formula", "id", "parameters", "printed", "title")
        fields = node.fields(names)
        used = check(fields["check"].text(most=40))
        identifier = fields["id"].text(most=3)
        if _ID.fullmatch(identifier) is None or (identifier[0] == "H") != used.is_hard:
            raise fields["id"].malformed("not a rule's id", "H and two digits for a hard check, S for a soft one")
        family = fields["family"].one_of(FAMILIES if not used.is_hard else ("",), "not a family of this check")
        found = parameters(fields["parameters"])
        within(fields["parameters"], found, used.parameters, f"check {used.name}")
        explain = title(fields["explain"], 600)
        for language in explain:
            unknown = [word for word in _WORD.findall(language) if word not in (*used.words, *_ALWAYS)]
            if unknown:
                raise fields["explain"].malformed(
                    "a word that the check does not know", ", ".join((*used.words, *_ALWAYS)), f"found {unknown}"
                )
        return cls(
            id=identifier,
            check=used,
            family=family,
            applies=tuple(item.one_of(SUBJECTS) for item in fields["applies"].items(least=1, most=2)),
            decides=fields["decides"].one_of(("yes", "no")) == "yes",
            printed=fields["printed"].one_of(("yes", "no")) == "yes",
            title=title(fields["title"]),
            formula=fields["formula"].text(least=1, most=400),
            explain=explain,
            parameters=found,
        )

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return {
            "applies": list(self.applies),
            "check": self.check.name,
            "decides": "yes" if self.decides else "no",
            "explain": bilingual(self.explain),
            "family": self.family,
            "formula": self.formula,
            "id": self.id,
            "parameters": [parameter.to_json() for parameter in self.parameters.values()],
            "printed": "yes" if self.printed else "no",
            "title": bilingual(self.title),
        }


@dataclass(frozen=True, slots=True)
class CodeRules:
    """A rule set: rules in the order of their ids, how points decide, and the deadlines of the state machine."""

    head: Head
    rules: tuple[Rule, ...]
    decision: Parameters
    states: Parameters

    @classmethod
    def parse(cls, raw: bytes) -> CodeRules:
        """From canonical JSON; Malformed with the path for anything else, Unknown for a check of another build."""
        fields = Node(jcs.decode_object(raw)).fields((*HEAD_FIELDS, "decision", "rules", "states"))
        rules = tuple(Rule.parse(item) for item in fields["rules"].items(least=1, most=99))
        identifiers = [rule.id for rule in rules]
        if identifiers != sorted(set(identifiers)):
            raise fields["rules"].malformed("rules out of order", "each id once, ascending")
        for item, rule in zip(fields["rules"].items(), rules, strict=True):
            if rule.is_hard and not rule.decides:
                raise item.malformed("a hard rule that does not decide", "decides: yes")
        decision, states = parameters(fields["decision"]), parameters(fields["states"])
        within(fields["decision"], decision, DECISION, "the decision")
        within(fields["states"], states, STATES, "the state machine")
        return cls(Head.parse(fields, KIND), rules, decision, states)

    def json(self) -> bytes:
        """Its canonical JSON."""
        return jcs.encode(
            self.head.to_json()
            | {
                "decision": [parameter.to_json() for parameter in self.decision.values()],
                "rules": [rule.to_json() for rule in self.rules],
                "states": [parameter.to_json() for parameter in self.states.values()],
            }
        )

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(self.json()).digest()
