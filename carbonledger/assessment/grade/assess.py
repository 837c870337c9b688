"""From a grade document to a grade with its explain record: one pure function behind every scheme and every door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, assert_never

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment.grade import bands, document, score
from carbonledger.assessment.grade.document import Subject
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.parameters import Title, bilingual
from carbonledger.assessment.sets import find
from carbonledger.assessment.steps import Step


@dataclass(frozen=True, slots=True)
class GradeResult:
    """A grade, or "not-rated"; `reached` before hysteresis; `suspended`: no use for pricing while the code is red."""

    scheme: Scheme
    subject: Subject
    grade: str
    title: Title
    reached: str
    suspended: bool
    steps: tuple[Step, ...]
    marks: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON value of the canonical domain."""
        warnings = [] if self.scheme.head.status == "in-force" else [f"{self.scheme.head.status}-scheme"]
        return {
            "grade": self.grade,
            "marks": self.marks,
            "period": {"quarter": self.subject.quarter, "year": self.subject.year},
            "reached": self.reached,
            "scheme": self.scheme.head.summary(self.scheme.id),
            "steps": [step.to_json() for step in self.steps],
            "subject": {"id": self.subject.id, "kind": self.subject.kind},
            "suspended": self.suspended,
            "title": bilingual(self.title),
            "v": 1,
            "warnings": warnings,
        }

    def json(self) -> bytes:
        """Canonical JSON; its SHA-256 is the explain digest."""
        return jcs.encode(self.to_json())


def grade(raw: bytes | Node, schemes: Sequence[Scheme]) -> GradeResult:
    """The grade of a document (its JSON bytes, or the parsed node) under the scheme it names, one of `schemes`."""
    node = raw if isinstance(raw, Node) else inputs.parse(raw)
    fields = node.fields(document.COMMON)
    scheme = find(fields["scheme"], schemes)
    subject = document.subject(fields)
    ends = date(subject.year, 3 * subject.quarter, 30)  # in the last days of the quarter
    if not scheme.head.holds(ends):
        last = scheme.head.valid_to
        raise fields["period"].refused(
            "the scheme does not hold for this quarter", f"{scheme.head.valid_from} to {last or 'open'}"
        )
    given = fields["inputs"]
    match scheme.method:
        case "weighted-score":
            keys = tuple(g.key for g in scheme.grades)
            parsed = document.score(given, subject.last_month, keys)
            rated = score.rate(scheme, parsed)
            return GradeResult(
                scheme, subject, rated.grade, rated.title, rated.reached, parsed.code == "red", rated.steps, rated.marks
            )
        case "efficiency-code":
            found = bands.efficiency(scheme, document.efficiency(given))
        case "colours":
            found = bands.colours(scheme, document.dimensions(given))
        case "board":
            found = bands.board(scheme, document.places(given))
        case _:
            assert_never(scheme.method)
    return GradeResult(scheme, subject, found.grade, found.title, found.grade, False, found.steps, found.marks)
