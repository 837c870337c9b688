"""A project's reduction over a period: the statement, its digest, and what the act on the chain takes; pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.errors import Malformed
from carbonledger.reduction.document import BASE, Monitored, parse
from carbonledger.reduction.formulas import Part, Step, steps

GRAMS: Final = 10**6
"""In a tonne."""
MOST: Final = 2**40 - 1


@dataclass(frozen=True, slots=True)
class Reduction:
    """A result: exact grams by part, and whole tonnes that may be issued: never more than was reduced."""

    monitored: Monitored
    steps: tuple[Step, ...]

    def sum(self, part: Part) -> Fraction:
        """All steps of a part, g."""
        return sum((step.value for step in self.steps if step.part == part), Fraction(0))

    @property
    def grams(self) -> Fraction:
        """Baseline less project emissions less leakage; negative where the project emitted more."""
        return self.sum("baseline") - self.sum("project") - self.sum("leakage")

    @property
    def tonnes(self) -> int:
        """What may be issued: floor, and nothing for a negative reduction."""
        return max(0, int(self.grams // GRAMS))

    def statement(self) -> dict[str, Any]:
        """What the digest covers."""
        seen = self.monitored
        rule = seen.methodology
        return {
            "baseline_fuel": seen.baseline or None,
            "grid": {"bm": seen.bm.to_json(), "om": seen.om.to_json(), "region": seen.region or None},
            "leakage": [{"evidence": e, "value": _grams(grams), "what": what} for what, grams, e in seen.leakage],
            "methodology": rule.listed(),
            "monitored": {
                name: {
                    "stretches": [stretch.to_json() for stretch in stretches],
                    "title": dict(zip(("en", "zh"), rule.quantities[name].title, strict=True)),
                    "total": rational.text(seen.total(name)),
                    "unit": BASE[rule.quantities[name].measure],
                }
                for name, stretches in seen.quantities.items()
            },
            "parameters": {name: parameter.to_json() for name, parameter in rule.parameters.items()},
            "period": {"from": seen.first.isoformat(), "to": seen.last.isoformat()},
            "project": seen.project,
            "result": {
                "baseline": _grams(self.sum("baseline")),
                "leakage": _grams(self.sum("leakage")),
                "project": _grams(self.sum("project")),
                "reduction": _grams(self.grams),
                "tonnes": {"rounding": "floor", "unit": "t", "value": str(self.tonnes)},
            },
            "steps": [_step(step) for step in self.steps],
            "v": 1,
            "warnings": self._warnings(),
        }

    @property
    def digest(self) -> bytes:
        """SHA-256 of the statement's canonical JSON: `statementDigest` of the act."""
        return hashlib.sha256(jcs.encode(self.statement())).digest()

    def to_json(self) -> dict[str, Any]:
        """The statement, its digest, and the fields of the act Reduction that follow from it."""
        since, until = self.monitored.bounds
        act = {"amount": self.tonnes, "periodFrom": since, "periodTo": until, "statementDigest": self.digest.hex()}
        return {"act": act, "digest": self.digest.hex(), "statement": self.statement()}

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())

    def _warnings(self) -> list[dict[str, str]]:
        rule = self.monitored.methodology
        found = []
        if rule.status != "in-force":
            found.append({"code": "methodology-not-in-force", "text": f"the methodology is {rule.status}"})
        weak = [name for name, p in rule.parameters.items() if p.evidence == "unverified"]
        weak += [
            name for name, p in (("om", self.monitored.om), ("bm", self.monitored.bm)) if p.evidence == "unverified"
        ]
        if weak:
            found.append({"code": "unverified", "text": "values without a stored source: " + ", ".join(weak)})
        if self.grams < 0:
            found.append({"code": "no-reduction", "text": "the project emitted more than its baseline"})
        return found


def reduce(document: bytes | Node) -> Reduction:
    """The reduction of a document (docs/quota.md); errors name the place."""
    seen = parse(document if isinstance(document, Node) else inputs.parse(document))
    found = Reduction(seen, tuple(steps(seen)))
    if found.tonnes > MOST:
        raise Malformed("the reduction is too large", expected=f"at most {MOST} t", found=found.tonnes)
    return found


def _grams(value: Fraction) -> dict[str, str]:
    # whole grams are exact in nearly all cases; where not, the fraction says what was cut
    return {"exact": rational.text(value), "unit": "g", "value": str(value.numerator // value.denominator)}


def _step(step: Step) -> dict[str, Any]:
    return {
        "formula": step.formula,
        "inputs": {name: rational.text(value) for name, value in step.inputs},
        "key": step.key,
        "part": step.part,
        "title": {"en": step.title[0], "zh": step.title[1]},
        "value": rational.text(step.value),
    }
