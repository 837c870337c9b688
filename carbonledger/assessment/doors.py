"""The three computations as the command and the API offer them: sets, examples, schema, and the function itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from carbonledger.assessment import library, schema, text
from carbonledger.assessment.code.assess import assess
from carbonledger.assessment.grade.assess import grade
from carbonledger.assessment.pcaf.calculate import calculate
from carbonledger.assessment.sets import Published, named


class Result(Protocol):
    """What a computation answers."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON value of the canonical domain."""

    def json(self) -> bytes:
        """Canonical JSON."""


@dataclass(frozen=True, slots=True)
class Door:
    """One computation: `compute` takes the bytes of a document, `shown` tells a result's JSON to people."""

    name: str
    about: str
    sets: Callable[[], Sequence[Published]]
    compute: Callable[[bytes], Result]
    schema: Callable[[], dict[str, Any]]
    shown: Callable[[dict[str, Any], str], str]

    def example(self, name: str) -> bytes:
        """The example of a set by key or id; Unknown where there is none."""
        return library.example(self.name, named(name, self.sets()).head.key)

    def listed(self) -> list[dict[str, Any]]:
        """The sets, one row each."""
        return [one.head.listed(one.id) for one in self.sets()]


CODE: Final = Door(
    "code",
    "the red/green code of an enterprise or a project, with the reasons",
    library.code_rules,
    lambda raw: assess(raw, library.code_rules()),
    schema.code_document,
    text.code,
)
GRADE: Final = Door(
    "grade",
    "a green grade, a carbon-efficiency code, a colour, with every step",
    library.schemes,
    lambda raw: grade(raw, library.schemes()),
    schema.grade_document,
    text.grade,
)
PCAF: Final = Door(
    "pcaf",
    "financed emissions of a portfolio, six lines never netted",
    library.methods,
    lambda raw: calculate(raw, library.methods()),
    schema.pcaf_document,
    text.pcaf,
)
DOORS: Final = (CODE, GRADE, PCAF)
