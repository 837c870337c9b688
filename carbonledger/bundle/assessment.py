"""The bundle of a code or a grade: what was judged, by which set and statistics, and the chain's evidence of it.

The explain record is not in it: it follows (docs/formats/bundle.md, ASSESSMENT).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.names import name32
from carbonledger.assessment import filing
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.bundle import fields
from carbonledger.bundle.make import ChainParts, chain_of
from carbonledger.bundle.model import MAX_BYTES, Chain
from carbonledger.bundle.needs import DIRECTORY_WORD, Need, with_contracts
from carbonledger.errors import Malformed
from carbonledger.keccak import keccak256
from carbonledger.records import Record, assessment_id

AssessedKind = Literal["code", "grade"]
RECORD_OF: Final[dict[AssessedKind, str]] = {"code": "assessment", "grade": "grade"}
SET_OF: Final[dict[AssessedKind, str]] = {"code": "ruleSetId", "grade": "schemeId"}
MOST_STATEMENTS: Final = 64


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of peers as it was published under a revision."""

    statistics: PeerStatistics
    revision: int

    @property
    def id(self) -> bytes:
        """Id of its record."""
        s = self.statistics
        numbers = (filing.LEVEL_NUMBERS[s.level], s.year, s.quarter, self.revision)
        return keccak256(name32(s.industry) + b"".join(number.to_bytes(32, "big") for number in numbers))


@dataclass(frozen=True, slots=True)
class AssessmentBundle:
    """`inputs` and `set_json` are canonical JSON, kept as bytes; the set is not parsed: its checks may be unknown."""

    kind: AssessedKind
    salt: bytes
    inputs: bytes
    set_json: bytes
    statistics: tuple[Statement, ...]
    chain: Chain | None

    @classmethod
    def parse(cls, raw: bytes) -> AssessmentBundle:
        """Malformed for anything but the one form."""
        if len(raw) > MAX_BYTES:
            raise Malformed("the bundle", expected=f"at most {MAX_BYTES} bytes", found=len(raw))
        names = ("chain", "inputs", "kind", "salt", "set", "statistics", "v")
        v = fields.record(jcs.decode(raw), "the bundle of an assessment", *names)
        if v["v"] != 1 or type(v["v"]) is not int:
            raise Malformed("version of the bundle", expected=1, found=repr(v["v"])[:80])
        kind: AssessedKind
        if v["kind"] == "code":
            kind = "code"
        elif v["kind"] == "grade":
            kind = "grade"
        else:
            raise Malformed("kind of the bundle", expected="code or grade", found=repr(v["kind"])[:80])
        statistics = tuple(map(_statement, fields.items(v["statistics"], "statistics", MOST_STATEMENTS)))
        if any(a.id >= b.id for a, b in pairwise(statistics)):
            raise Malformed("statistics", expected="sorted by id, each once", found="another order")
        return cls(
            kind,
            fields.hexadecimal(v["salt"], "salt", filing.SALT_BYTES),
            jcs.encode(_object(v["inputs"], "inputs")),
            jcs.encode(_object(v["set"], "set")),
            statistics,
            None if v["chain"] is None else Chain.parse(v["chain"]),
        )

    def format(self) -> bytes:
        """Inverse of `parse`."""
        return jcs.encode(
            {
                "chain": None if self.chain is None else self.chain.to_json(),
                "inputs": jcs.decode(self.inputs),
                "kind": self.kind,
                "salt": self.salt.hex(),
                "set": jcs.decode(self.set_json),
                "statistics": [[s.statistics.to_json(), s.revision] for s in self.statistics],
                "v": 1,
            }
        )


def is_assessment(raw: bytes) -> bool:
    """Whether the bytes say that they are the bundle of a code or a grade."""
    try:
        value = jcs.decode(raw)
    except Malformed:
        return False
    return isinstance(value, dict) and value.get("kind") in ("code", "grade")


def make_assessment_bundle(
    kind: AssessedKind,
    *,
    salt: bytes,
    inputs: bytes,
    set_json: bytes,
    statistics: Iterable[Statement],
    chain: ChainParts | None,
) -> bytes:
    """The bundle from its parts, put in order."""
    ordered = tuple(sorted(set(statistics), key=lambda statement: statement.id))
    part = None if chain is None else chain_of(chain, (DIRECTORY_WORD,))
    return AssessmentBundle(kind, salt, inputs, set_json, ordered, part).format()


def needs_of_assessment(
    record: Record, statistics: Iterable[Statement], inspections: Iterable[bytes], before: bytes | None
) -> tuple[Need, ...]:
    """Needs of the bundle of a record `assessment` or `grade`.

    `inspections` are the cases that found no fault in the quarter, `before` the id of the last quarter's grade.
    """
    kind: AssessedKind = "code" if record.kind == "assessment" else "grade"
    needs = [Need(record.kind, record.id), Need("assessmentset", record.field(SET_OF[kind]))]
    needs += [Need("member", record.field(name)) for name in ("member", "assessor")]
    needs += [Need("statistics", statement.id) for statement in statistics]
    needs += [Need("inspection", case) for case in inspections]
    if before is not None:
        needs.append(Need("grade", before))
    return with_contracts(needs)


def grade_id(member: bytes, project: bytes, key: bytes, at: Sequence[int]) -> bytes:
    """Id of a record `grade`; `key` is the word of the scheme's key, `at` year, quarter and revision."""
    return keccak256(member + project + key + b"".join(number.to_bytes(32, "big") for number in at))


def record_id(kind: AssessedKind, values: Mapping[str, Any]) -> bytes:
    """Id of the record that a bundle is about, from the record's fields."""
    at = tuple(values[name] for name in ("year", "quarter", "revision"))
    if kind == "code":
        return assessment_id(values["member"], values["project"], *at)
    return grade_id(values["member"], values["project"], values["schemeKey"], at)


def _statement(value: object) -> Statement:
    match value:
        case [dict() as statement, int() as revision] if revision > 0 and type(revision) is int:
            return Statement(PeerStatistics.parse(Node(statement)), revision)
    raise Malformed("a statement of peers", expected="[statement, revision]", found=type(value).__name__)


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(what, expected="an object", found=type(value).__name__)
    return value
