"""A plan of many acts, whose root the quorum signs once: its document, its tree, its steps' proofs.

The document is canonical JSON (docs/formats/settlement.md); its SHA-256 is the `statementDigest` that the quorum signs,
so who signs has the acts themselves before them, and not a root alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from carbonledger import jcs, merkle
from carbonledger.acts import ACTS, Act
from carbonledger.errors import Malformed
from carbonledger.records import Field

FORMAT: Final = "carbonledger/settlement-plan/v1"
PURPOSES: Final = (
    "pre-allocation",
    "allocation",
    "obligation",
    "decision",
    "forced",
    "closing",
    "deduction",
    "release",
)
MAX_STEPS: Final = 1 << 20
STEP_TYPES: Final = (
    "Issuance",
    "Recall",
    "Release",
    "Obligation",
    "ForcedSurrender",
    "Decision",
    "Closing",
    "Deduction",
)
"""The acts that the contracts take as steps of a plan."""


class Plan:
    """The steps of one purpose for one year, in order; `deadline` (s) is that of the plan and of its steps."""

    def __init__(self, purpose: str, year: int, deadline: int, steps: Sequence[Act]) -> None:
        if purpose not in PURPOSES:
            raise Malformed("purpose of a plan", expected=" ".join(PURPOSES), found=repr(purpose)[:80])
        if not 0 < len(steps) <= MAX_STEPS:
            raise Malformed("steps of a plan", expected=f"1 to {MAX_STEPS}", found=len(steps))
        for number, step in enumerate(steps):
            if step.type.name not in STEP_TYPES:
                raise Malformed(f"step {number} of a plan", expected=" ".join(STEP_TYPES), found=step.type.name)
            if step["deadline"] != deadline:
                raise Malformed(f"step {number} of a plan", expected=f"deadline {deadline}", found=step["deadline"])
        self.purpose: Final = purpose
        self.year: Final = year
        self.deadline: Final = deadline
        self.steps: Final = tuple(steps)

    @cached_property
    def leaves(self) -> list[bytes]:
        """RFC 9162 leaf hashes of the steps' ids."""
        return merkle.leaf_hashes([step.id for step in self.steps])

    @cached_property
    def _levels(self) -> list[list[bytes]]:
        levels = [self.leaves]
        while len(levels[-1]) > 1:
            levels.append(merkle.pair_up(levels[-1]))
        return levels

    def _read(self, level: int, index: int) -> bytes:
        return self._levels[level][index]

    @cached_property
    def root(self) -> bytes:
        """Root of the tree of the steps."""
        return merkle.root_from(self._read, len(self.steps))

    def proof(self, index: int) -> list[bytes]:
        """That the step `index` is one of the plan's."""
        return merkle.inclusion_proof_from(self._read, index, len(self.steps))

    @cached_property
    def document(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(
            {
                "deadline": self.deadline,
                "format": FORMAT,
                "purpose": self.purpose,
                "steps": [_step_json(step) for step in self.steps],
                "year": self.year,
            }
        )

    @cached_property
    def act(self) -> Act:
        """What the quorum signs. Its reference follows from the steps: the same plan is the same act."""
        return Act(
            "Plan",
            root=self.root,
            size=len(self.steps),
            year=self.year,
            statementDigest=hashlib.sha256(self.document).digest(),
            reference=reference("plan", self.purpose.encode(), self.root),
            deadline=self.deadline,
        )

    @property
    def id(self) -> bytes:
        """The plan's id on the chain."""
        return self.act.id

    @classmethod
    def parse(cls, raw: bytes) -> Plan:
        """Strict inverse of `document`."""
        value = jcs.decode_object(raw)
        if set(value) != {"deadline", "format", "purpose", "steps", "year"} or value["format"] != FORMAT:
            raise Malformed("settlement plan", expected=f"an object of format {FORMAT}", found=str(sorted(value))[:80])
        if not isinstance(value["steps"], list):
            raise Malformed("steps of a plan", expected="a list", found=type(value["steps"]).__name__)
        for name in ("deadline", "year"):
            if type(value[name]) is not int or value[name] < 0:
                raise Malformed(f"{name} of a plan", expected="a whole number", found=repr(value[name])[:80])
        steps = [_step(item, number, value["deadline"]) for number, item in enumerate(value["steps"])]
        return cls(value["purpose"], value["year"], value["deadline"], steps)


def reference(kind: str, *parts: bytes) -> bytes:
    """The reference of a step: it follows from what the step is about, so the same thing is never done twice."""
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in (kind.encode(), *parts))
    return hashlib.sha256(b"carbonledger/settlement/v1\0" + framed).digest()


def _step_json(step: Act) -> dict[str, Any]:
    fields = {field.name: field.to_json(step[field.name]) for field in _fields(step.type.name)}
    return {"act": step.type.name, "fields": fields}


def _fields(name: str) -> list[Field]:
    """What a document says of a step: all but the deadline, which is the plan's."""
    return [Field(field, kind) for kind, field in ACTS[name].fields if field != "deadline"]


def _step(item: Any, number: int, deadline: int) -> Act:
    at = f"step {number} of a plan"
    if not isinstance(item, dict) or set(item) != {"act", "fields"} or not isinstance(item["fields"], dict):
        raise Malformed(at, expected="act and fields", found=repr(item)[:80])
    if item["act"] not in STEP_TYPES:
        raise Malformed(at, expected=" ".join(STEP_TYPES), found=repr(item["act"])[:80])
    fields = _fields(item["act"])
    if set(item["fields"]) != {field.name for field in fields}:
        expected = " ".join(field.name for field in fields)
        raise Malformed(at, expected=expected, found=" ".join(item["fields"])[:200])
    values = {field.name: field.from_json(item["fields"][field.name]) for field in fields}
    return Act(item["act"], **values, deadline=deadline)
