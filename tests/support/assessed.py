"""Codes and grades in the world without a chain: documents, and the records that an honest assessor would file."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from carbonledger import jcs
from carbonledger.accounting.names import name32
from carbonledger.assessment import filing, library, on_chain
from carbonledger.assessment.code.assess import assess
from carbonledger.assessment.grade.assess import grade
from carbonledger.bundle.assessment import (
    SET_OF,
    AssessedKind,
    Statement,
    make_assessment_bundle,
    needs_of_assessment,
)
from carbonledger.records import KINDS, Record, Value
from tests.support.actors import ENTERPRISE, REGULATOR
from tests.support.world import World, plain_records

ZERO = bytes(32)
SALT = bytes(range(16))
AT = 1_790_000_000

Found = dict[str, Any]


class AssessedWorld(World):
    """One code or grade as it is filed: of `document`, under `published`; `changes` by the record's kind."""

    def __init__(
        self,
        kind: AssessedKind,
        document: dict[str, Any],
        published: on_chain.Set,
        statistics: tuple[Statement, ...] = (),
        *,
        inspections: tuple[dict[str, Any], ...] = (),
        before: dict[str, Any] | None = None,
        changes: dict[str, Found] | None = None,
        admitted: int | None = None,
    ) -> None:
        super().__init__()
        self.records = dict(plain_records())
        if admitted is not None:
            own = self.records["member", ENTERPRISE].fields() | {"since": admitted}
            self.records["member", ENTERPRISE] = Record.of("member", **own)
        self.kind: AssessedKind = kind
        subject = {"id": ENTERPRISE.hex(), "kind": "enterprise"}
        self.inputs = document | {"subject": subject, "rule_set" if kind == "code" else "scheme": published.id.hex()}
        self.published, self.statements = published, statistics
        self._changes = changes or {}
        self.filed = self._keep("assessment" if kind == "code" else "grade", **self._filed())
        self._keep(
            "assessmentset", setId=published.id, formDigest=on_chain.form_digest(published),
            key=name32(published.head.key),
        )  # fmt: skip
        for one in statistics:
            said = one.statistics
            self._keep(
                "statistics", industry=name32(said.industry), level=filing.LEVEL_NUMBERS[said.level], year=said.year,
                quarter=said.quarter, revision=one.revision, peers=said.n, digest=said.id, assessor=REGULATOR,
            )  # fmt: skip
        self.cases = [self._keep("inspection", **case).id for case in inspections]
        self.before = None if before is None else self._keep("grade", **self._of_quarter_before(before)).id

    def _keep(self, kind: str, **values: Any) -> Record:
        """Keep a record of which only some fields matter; the others are zero."""
        empty: dict[str, Value] = {f.name: ZERO if f.type == "bytes32" else 0 for f in KINDS[kind].fields}
        record = Record.of(kind, **(empty | values | self._changes.pop(kind, {})))
        self.records[kind, record.id] = record
        return record

    def _filed(self) -> Found:
        raw = jcs.encode(self.inputs)
        common: Found = {"member": ENTERPRISE, "project": ZERO, "revision": 1, "assessor": REGULATOR}
        common |= {SET_OF[self.kind]: self.published.id, "inputsDigest": filing.commitment(SALT, raw)}
        common |= self.inputs["period"]
        if self.kind == "code":
            assert isinstance(self.published, on_chain.CodeRules)
            found = assess(raw, (self.published,))
            used = found.document.peers
            return common | {
                "colour": filing.COLOURS.index(found.colour) + 1,
                "points": found.points,
                "reasons": filing.reasons_mask(found.reasons) if found.colour == "red" else 0,
                "statisticsDigest": ZERO if used is None else used.statistics.id,
                "explainDigest": filing.commitment(SALT, found.json()),
                "assessedAt": AT,
            }
        assert isinstance(self.published, on_chain.Scheme)
        graded = grade(raw, (self.published,))
        newest = [s.statistics for s in self.statements if s.statistics.quarter == common["quarter"]]
        finest = min(newest, key=lambda s: filing.LEVEL_NUMBERS[s.level], default=None)
        return common | {
            "schemeKey": name32(self.published.head.key),
            "grade": name32(graded.grade),
            "reached": name32(graded.reached),
            "score": int(graded.marks.get("score", "0").replace(".", "")),
            "statisticsDigest": ZERO if finest is None else finest.id,
            "explainDigest": filing.commitment(SALT, graded.json()),
            "gradedAt": AT,
        }

    def _of_quarter_before(self, values: dict[str, Any]) -> Found:
        last = 4 * self.inputs["period"]["year"] + self.inputs["period"]["quarter"] - 2
        at = {"year": last // 4, "quarter": last % 4 + 1, "revision": 1}
        same = {name: self.filed.field(name) for name in ("member", "project", "schemeKey")}
        return same | at | {name: name32(value) for name, value in values.items()}

    def bundle(self, *, with_chain: bool = True) -> bytes:
        """The bundle of the code or grade."""
        needs = needs_of_assessment(self.filed, self.statements, self.cases, self.before)
        return make_assessment_bundle(
            self.kind,
            salt=SALT,
            inputs=jcs.encode(self.inputs),
            set_json=self.published.json(),
            statistics=self.statements,
            chain=self.chain_parts(needs) if with_chain else None,
        )


def case_id(name: str) -> bytes:
    """Id of an inspection."""
    return hashlib.sha256(name.encode()).digest()


def example(kind: AssessedKind, key: str) -> dict[str, Any]:
    """The example document of a set."""
    document: dict[str, Any] = json.loads(library.example(kind, key))
    return document
