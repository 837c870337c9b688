"""The three computations as the command and the API offer them: sets, examples, schema, and the function itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from carbonledger.assessment import library, schema, text
from carbonledger.assessment.code.assess import assess
from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.grade.assess import grade
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.pcaf.calculate import calculate
from carbonledger.assessment.pcaf.method import Method
from carbonledger.assessment.sets import Published, named


class Result(Protocol):
    """What a computation answers."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON value of the canonical domain."""

    def json(self) -> bytes:
        """Canonical JSON."""


@dataclass(frozen=True, slots=True)
class Door:
    """One computation: `compute_with` takes the bytes of a document and the JSON of further sets, `shown` tells a
    result's JSON to people.
    """

    name: str
    about: str
    sets: Callable[[], Sequence[Published]]
    compute_with: Callable[[bytes, Sequence[bytes]], Result]
    schema: Callable[[], dict[str, Any]]
    shown: Callable[[dict[str, Any], str], str]

    def compute(self, document: bytes) -> Result:
        """By the sets of the package."""
        return self.compute_with(document, ())

    def example(self, name: str) -> bytes:
        """The example of a set by key or id; Unknown where there is none."""
        return library.example(self.name, named(name, self.sets()).head.key)

    def listed(self) -> list[dict[str, Any]]:
        """The sets, one row each."""
        return [one.head.listed(one.id) for one in self.sets()]


Set = TypeVar("Set", bound=Published)


def _with(known: Sequence[Set], more: Iterable[Set]) -> tuple[Set, ...]:
    """Each set once, by its id."""
    return tuple({one.id: one for one in (*known, *more)}.values())


CODE: Final = Door(
    "code",
    "the red/green code of an enterprise or a project, with the reasons",
    library.code_rules,
    lambda raw, more: assess(raw, _with(library.code_rules(), map(CodeRules.parse, more))),
    schema.code_document,
    text.code,
)
GRADE: Final = Door(
    "grade",
    "a green grade, a carbon-efficiency code, a colour, with every step",
    library.schemes,
    lambda raw, more: grade(raw, _with(library.schemes(), map(Scheme.parse, more))),
    schema.grade_document,
    text.grade,
)
PCAF: Final = Door(
    "pcaf",
    "financed emissions of a portfolio, six lines never netted",
    library.methods,
    lambda raw, more: calculate(raw, _with(library.methods(), map(Method.parse, more))),
    schema.pcaf_document,
    text.pcaf,
)
DOORS: Final = (CODE, GRADE, PCAF)
