"""Artefacts as bytes, and what an opened report's bundle says; taking bundles in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection

from api.access import Caller, basis_of
from api.problems import Problem
from carbonledger.bundle.model import Bundle, Report
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.identifiers import object_id
from carbonledger.policy import Policy
from carbonledger.verify import Verification, verify
from ledger_node.queries import artefacts
from ledger_node.queries.artefacts import Artefact


def bytes_of_artefact(connection: Connection, kept: Artefact) -> bytes:
    """The bytes, checked against their digest; Problem 503 where a file is gone or another."""
    content = artefacts.content(connection, kept.sha256)
    path = None if content is not None else artefacts.path(connection, kept.sha256)
    if path is not None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Problem("unavailable", "The artefact's file cannot be read.", found=error.strerror) from error
    if content is None or hashlib.sha256(content).hexdigest() != kept.sha256:
        raise Problem("unavailable", "The artefact is not what was kept.", expected=kept.sha256)
    return content


@dataclass(frozen=True, slots=True)
class Opened:
    """What a report's bundle discloses, for showing; it was verified when it was taken in."""

    artefact: Artefact
    report: Report

    def named_devices(self) -> dict[str, tuple[str, str]]:
        """Id (hex) of a device → its identifier, and that of its unit."""
        return {object_id(d.identifier).hex(): (d.identifier, d.unit) for d in self.report.devices}


def open_report(connection: Connection, caller: Caller, report_id: str) -> Opened | None:
    """The opened bundle of a report where the caller may read it; None else."""
    kept = artefacts.by_subject(connection, "report", report_id)
    if kept is None or basis_of(connection, caller, kept) is None:
        return None
    try:
        opened = Bundle.parse(bytes_of_artefact(connection, kept)).report
    except CarbonLedgerError:
        return None
    return None if opened is None else Opened(kept, opened)


def judged(content: bytes, policy: Policy | None, *, public: bool, now: int) -> tuple[Artefact, Verification]:
    """Verify a bundle and say how it would be kept; Malformed or Problem where it is INVALID, or nobody's."""
    found = verify(content, policy)
    if found.verdict in ("INVALID", "ERROR"):
        first = next((step for step in found.steps if step.verdict == "invalid"), None)
        raise Problem(
            "refused",
            "The bundle is not valid.",
            expected="a bundle that verifies",
            found=f"step {first.number}, {first.name}: {first.reason}" if first else found.error,
        )
    return artefact_of(Bundle.parse(content), content, found, public=public, now=now), found


def keep_once(connection: Connection, what: Artefact, content: bytes) -> Artefact:
    """Keep it; Problem 409 if another of its subject is kept. Run it in `settle`."""
    kept = artefacts.keep(connection, what, content=content)
    if kept.sha256 != what.sha256:
        raise Problem(
            "already-kept",
            "Another bundle of this subject is kept: evidence is made once.",
            expected=kept.sha256,
            found=what.sha256,
        )
    return kept


def artefact_of(bundle: Bundle, content: bytes, verification: Verification, *, public: bool, now: int) -> Artefact:
    """How a bundle is kept; Malformed for one without a chain part, which does not say whose it is."""
    owner = None if bundle.chain is None else next(iter(bundle.chain.of_kind("log")), None)
    if bundle.chain is None or owner is None:
        raise Malformed("bundle to be kept", expected="a chain part, which says whose it is", found="none")
    year: int | None = None
    subject = bundle.entries[0].leaf.commitment
    if bundle.report is not None:
        report = bundle.chain.of_kind("report")[0]
        year, subject = report.field("year"), report.id.hex()
    return Artefact(
        hashlib.sha256(content).hexdigest(),
        bundle.kind,
        subject,
        owner.field("member").hex(),
        year,
        now,
        verification.verdict,
        public,
        len(content),
    )
