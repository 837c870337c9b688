"""A grade scheme: canonical JSON that gives one of four methods its weights, knots, bands and caps; SHA-256 is its id.

A region publishes a scheme of its own as such a file; no code changes (docs/assessment.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final, Literal, get_args

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.parameters import (
    HEAD_FIELDS,
    Domain,
    Head,
    Parameter,
    Parameters,
    Title,
    bilingual,
    key,
    parameters,
    title,
    within,
)

KIND: Final = "grade"
VARIABLES: Final = ("k", "trend", "share", "quality", "neutral")
"""k: intensity over the peers' mean; trend: change of intensity in a year; share: green share; quality: data quality
score 1 to 5; neutral: carbon-neutral rate."""
OPERATORS: Final = ("<=", ">=")
Method = Literal["weighted-score", "efficiency-code", "colours", "board"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)
RULES: Final[Mapping[Method, Mapping[str, Domain]]] = {
    "weighted-score": {
        "filled-months": "days",
        "filled-quality": "quality",
        "peers": "count",
        "upgrade-margin": "amount",
    },
    "efficiency-code": {"peers": "count"},
    "colours": {},
    "board": {"high": "amount", "low": "amount", "peers": "count"},
}
"""Method -> the parameters it reads beside its bands, and what each may be."""
SCORE_PLACES: Final = 2


@dataclass(frozen=True, slots=True)
class Condition:
    """`variable op parameter`."""

    variable: str
    operator: str
    limit: Parameter

    def holds(self, value: Fraction) -> bool:
        """Whether it holds for a value of the variable."""
        return value <= self.limit.value if self.operator == "<=" else value >= self.limit.value


@dataclass(frozen=True, slots=True)
class Part:
    """A sub-score: piecewise linear between knots (x ascending), clipped outside; `absent`: points without a value."""

    key: str
    title: Title
    variable: str
    weight: Parameter
    absent: Parameter
    knots: tuple[tuple[Fraction, Fraction], ...]

    def points(self, x: Fraction) -> Fraction:
        """Points at x."""
        if x <= self.knots[0][0]:
            return self.knots[0][1]
        for (x0, y0), (x1, y1) in pairwise(self.knots):
            if x <= x1:
                return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        return self.knots[-1][1]


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade: the least score (None: the lowest grade), and caps: every clause needs one condition that holds."""

    key: str
    title: Title
    least: Parameter | None
    caps: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A class by an upper end that belongs to it (None: the last, open one)."""

    key: str
    title: Title
    most: Parameter | None


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme. `parts` and `grades` (best first) of a weighted score; `bands` by name of the other methods."""

    head: Head
    method: Method
    parts: tuple[Part, ...]
    grades: tuple[Grade, ...]
    bands: dict[str, tuple[Band, ...]]
    rules: Parameters

    @classmethod
    def parse(cls, raw: bytes) -> Scheme:
        """From canonical JSON; Malformed with the path for anything else."""
        fields = Node(jcs.decode_object(raw)).fields((*HEAD_FIELDS, "bands", "grades", "method", "parts", "rules"))
        named = fields["method"].one_of(METHODS)
        method = next(known for known in METHODS if known == named)
        rules = parameters(fields["rules"])
        within(fields["rules"], rules, RULES[method], f"method {method}")
        weighted = method == "weighted-score"
        parts = tuple(_part(item) for item in fields["parts"].items(least=int(weighted), most=16 if weighted else 0))
        grades = tuple(_grade(item) for item in fields["grades"].items(least=2 * weighted, most=16 if weighted else 0))
        weights = [part.weight.value for part in parts]
        if weighted and (sum(weights) != 1 or min(weights) < 0):
            raise fields["parts"].malformed("weights", "numbers from 0, a sum of 1")
        scores = [grade.least.value for grade in grades if grade.least is not None]
        if weighted and (
            grades[-1].least is not None or len(scores) != len(grades) - 1 or scores != sorted(set(scores))[::-1]
        ):
            raise fields["grades"].malformed("grades out of order", "best first, the last without `least`")
        if len({grade.key for grade in grades}) != len(grades):
            raise fields["grades"].malformed("a grade comes twice", "each key once")
        names = {"efficiency-code": ("efficiency", "level"), "colours": ("colours",), "board": ("colours",)}.get(
            method, ()
        )
        bands = {name: _bands(node) for name, node in fields["bands"].fields(names).items()}
        if method == "board" and len(bands["colours"]) != 3:
            raise fields["bands"].malformed("bands of a board", "three: low, middle, high")
        if method == "colours" and len(bands["colours"]) != 4:
            raise fields["bands"].malformed("bands of the colours", "four")
        return cls(Head.parse(fields, KIND), method, parts, grades, bands, rules)

    def json(self) -> bytes:
        """Its canonical JSON."""
        return jcs.encode(
            self.head.to_json()
            | {
                "bands": {name: [_band_json(band) for band in bands] for name, bands in self.bands.items()},
                "grades": [_grade_json(grade) for grade in self.grades],
                "method": self.method,
                "parts": [_part_json(part) for part in self.parts],
                "rules": [parameter.to_json() for parameter in self.rules.values()],
            }
        )

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(self.json()).digest()


def _part(node: Node) -> Part:
    fields = node.fields(("absent", "key", "knots", "title", "variable", "weight"))
    knots = []
    for item in fields["knots"].items(least=2, most=32):
        x, y = item.items(least=2, most=2)
        knots.append((rational.signed(x), rational.decimal(y, most=Fraction(100))))
    if any(x1 <= x0 for (x0, _), (x1, _) in pairwise(knots)):
        raise fields["knots"].malformed("knots out of order", "x ascending")
    return Part(
        key=key(fields["key"]),
        title=title(fields["title"]),
        variable=fields["variable"].one_of(VARIABLES),
        weight=Parameter.parse(fields["weight"]),
        absent=Parameter.parse(fields["absent"]),
        knots=tuple(knots),
    )


def _part_json(part: Part) -> dict[str, Any]:
    return {
        "absent": part.absent.to_json(),
        "key": part.key,
        "knots": [[rational.text(x), rational.text(y)] for x, y in part.knots],
        "title": bilingual(part.title),
        "variable": part.variable,
        "weight": part.weight.to_json(),
    }


def _grade(node: Node) -> Grade:
    fields = node.fields(("caps", "key", "title"), ("least",))
    caps = tuple(
        tuple(_condition(item) for item in clause.items(least=1, most=8)) for clause in fields["caps"].items(most=16)
    )
    least = Parameter.parse(fields["least"]) if "least" in fields else None
    if least is None and caps:
        raise fields["caps"].malformed("caps of the lowest grade", "none: there is nothing below it")
    return Grade(key(fields["key"]), title(fields["title"]), least, caps)


def _grade_json(grade: Grade) -> dict[str, Any]:
    clauses = [
        [{"limit": c.limit.to_json(), "operator": c.operator, "variable": c.variable} for c in clause]
        for clause in grade.caps
    ]
    value = {"caps": clauses, "key": grade.key, "title": bilingual(grade.title)}
    return value if grade.least is None else value | {"least": grade.least.to_json()}


def _condition(node: Node) -> Condition:
    fields = node.fields(("limit", "operator", "variable"))
    return Condition(
        fields["variable"].one_of(VARIABLES), fields["operator"].one_of(OPERATORS), Parameter.parse(fields["limit"])
    )


def _bands(node: Node) -> tuple[Band, ...]:
    found = []
    for item in node.items(least=2, most=16):
        fields = item.fields(("key", "title"), ("most",))
        most = Parameter.parse(fields["most"]) if "most" in fields else None
        found.append(Band(key(fields["key"]), title(fields["title"]), most))
    ends = [band.most.value for band in found if band.most is not None]
    if (ends and (len(ends) != len(found) - 1 or found[-1].most is not None)) or ends != sorted(set(ends)):
        raise node.malformed("bands out of order", "ends ascending, the last band without `most`")
    return tuple(found)


def _band_json(band: Band) -> dict[str, Any]:
    value = {"key": band.key, "title": bilingual(band.title)}
    return value if band.most is None else value | {"most": band.most.to_json()}


def band_of(bands: tuple[Band, ...], value: Fraction) -> Band:
    """The first band that holds the value: an end belongs to the better class."""
    return next(band for band in bands if band.most is None or value <= band.most.value)
