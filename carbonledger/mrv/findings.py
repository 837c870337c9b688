"""Findings of a verification: classed, with their status; the canonical document whose digest a verification names.

Classes and statuses are those of annex 3 of the verification guide for power facilities (CETS-VG-01.01-V02-2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.errors import Malformed, Refused
from carbonledger.mrv.checked import Checked

CLASSES: Final[dict[str, str]] = {
    "basic-information": "重点排放单位基本情况",
    "boundary": "核算边界",
    "method": "核算方法",
    "data": "核算数据",
    "quality": "质量保证和文件存档",
    "plan": "数据质量控制方案及执行",
    "site": "现场核查其他发现",
    "other": "其他",
}
STATUSES: Final[dict[str, str]] = {
    "fixed-conforming": "已整改且符合",
    "fixed-not-conforming": "已整改但不符合",
    "not-fixed": "未整改",
}
CONFIRMED: Final = 1
_FIELDS: Final = {"class", "clause", "status", "text"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One non-conformity: its class, the clause that asks, what was found, and what became of it."""

    kind: str
    clause: str
    text: str
    status: str

    def json(self) -> dict[str, str]:
        """The object in the document."""
        return {"class": self.kind, "clause": self.clause, "status": self.status, "text": self.text}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a verifier says of one report (its id).

    `crosschecks` are all checks, also those that could not run; `plan` is the id of the control plan in force, None
    where there was none.
    """

    report: bytes
    findings: tuple[Finding, ...]
    crosschecks: tuple[Checked, ...] = ()
    plan: bytes | None = None

    @classmethod
    def parse(cls, raw: bytes) -> Findings:
        """From canonical JSON; Malformed names the path."""
        value = jcs.decode_object(raw)
        fields = {"crosschecks", "findings", "plan", "report", "v"}
        if set(value) != fields or type(value["v"]) is not int or value["v"] != 1:
            raise Malformed("findings", expected=" ".join(sorted(fields)), found=" ".join(sorted(value)))
        listed, checks = value["findings"], value["crosschecks"]
        if not isinstance(listed, list) or not isinstance(checks, list):
            raise Malformed("$.findings, $.crosschecks", expected="lists of objects", found=type(listed).__name__)
        return cls(
            _id("$.report", value["report"]),
            tuple(_finding(f"$.findings[{n}]", f) for n, f in enumerate(listed)),
            tuple(Checked.parse(f"$.crosschecks[{n}]", c) for n, c in enumerate(checks)),
            None if value["plan"] == "" else _id("$.plan", value["plan"]),
        )

    def json(self) -> bytes:
        """Canonical bytes."""
        return jcs.encode(
            {
                "crosschecks": [check.json() for check in self.crosschecks],
                "findings": [finding.json() for finding in self.findings],
                "plan": "" if self.plan is None else self.plan.hex(),
                "report": self.report.hex(),
                "v": 1,
            }
        )

    @property
    def digest(self) -> bytes:
        """`findingsDigest` of the verification: SHA-256 of the document."""
        return sha256(self.json()).digest()

    def require_may(self, outcome: int) -> None:
        """Refused for a confirmation while a finding is not fixed and conforming."""
        left = [f for f in self.findings if f.status != "fixed-conforming"]
        if outcome == CONFIRMED and left:
            raise Refused(
                "a report with open findings cannot be confirmed",
                expected="each fixed and conforming",
                found=f"{left[0].kind}: {left[0].text[:80]} ({left[0].status})",
                remedy="Return the report, or wait until it is fixed",
            )


def _id(path: str, value: Any) -> bytes:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise Malformed(path, expected="64 lower-case hex digits", found=repr(value)[:80])
    return bytes.fromhex(value)


def _finding(path: str, value: Any) -> Finding:
    if not isinstance(value, dict) or set(value) != _FIELDS or not all(isinstance(v, str) for v in value.values()):
        raise Malformed(path, expected="class clause status text, strings", found=repr(value)[:80])
    if value["class"] not in CLASSES:
        raise Malformed(f"{path}.class", expected=" ".join(CLASSES), found=value["class"][:80])
    if value["status"] not in STATUSES:
        raise Malformed(f"{path}.status", expected=" ".join(STATUSES), found=value["status"][:80])
    return Finding(value["class"], value["clause"], value["text"], value["status"])
