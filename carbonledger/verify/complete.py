"""Step 1, second half: the bundle holds just what its kind holds, no record or entry that no step asks for."""

from __future__ import annotations

from carbonledger.bundle.model import Bundle, Chain
from carbonledger.bundle.needs import GOVERNANCE_ID, Need, members_of
from carbonledger.entry import MEASURED_KINDS
from carbonledger.errors import Malformed
from carbonledger.identifiers import object_id
from carbonledger.records import Record, current_id

POINTED = frozenset({3, 6})
"""Statuses of a report, approved and replaced, for whose year the chain has a record `current`."""

# The right ones of these depend on proofs and policy, and are told apart where they are used.
_ELSEWHERE = frozenset({"anchor", "contract", "factor", "key"})


def check(bundle: Bundle) -> None:
    """Malformed for an entry or a record that does not belong into a bundle of this kind, or is missing."""
    kinds = [item.body.kind for item in bundle.entries]
    if bundle.kind == "reading" and (len(kinds) != 1 or kinds[0] not in MEASURED_KINDS):
        raise Malformed("entries of a reading's bundle", expected="one reading", found=" ".join(kinds)[:80] or "none")
    if strange := set(kinds) - {*MEASURED_KINDS, "manifest", "manual", "document"}:
        expected = "readings, manifests, manual values and documents"
        raise Malformed("entries of a report's bundle", expected=expected, found=sorted(strange)[0])
    if not kinds:
        raise Malformed("entries of the bundle", expected="at least one", found="none")
    if bundle.chain is None:
        return
    if bundle.report is None and bundle.chain.of_kind("factor"):
        raise Malformed("records of a reading's bundle", expected="no factor", found="one")
    wanted = _wanted(bundle, bundle.chain)
    found = {Need(r.kind, r.id) for r in bundle.chain.records if r.kind not in _ELSEWHERE}
    months = {need for need in found if need.kind == "month"}
    if bundle.report is not None and len(months) == 12:
        wanted |= months  # which twelve is told by the report's digest of them
    if missing := sorted(wanted - found):
        raise Malformed("records of the bundle", expected=f"{missing[0].kind} {missing[0].id.hex()}", found="missing")
    if extra := sorted(found - wanted):
        raise Malformed("records of the bundle", expected="just those that a step asks for", found=extra[0].kind)


def _wanted(bundle: Bundle, chain: Chain) -> set[Need]:
    log = Need("log", object_id(bundle.log.origin))
    if bundle.report is None:
        device = Need("device", object_id(bundle.entries[0].body.signer))
        return {log, device, *_owner(chain)}
    reports = chain.of_kind("report")
    if len(reports) != 1:
        raise Malformed("records of a report's bundle", expected="one record 'report'", found=len(reports))
    report: Record = reports[0]
    member = report.field("member")
    return {
        log,
        Need("report", report.id),
        Need("ruleset", report.field("ruleSetId")),
        *_pointer(report, chain),
        Need("governance", GOVERNANCE_ID),
        Need("units", member),
        *(Need("member", identifier) for identifier in members_of(report)),
        *(Need("unit", object_id(unit)) for unit in bundle.report.units),
        *(Need("device", object_id(device.identifier)) for device in bundle.report.devices),
    }


def _pointer(report: Record, chain: Chain) -> set[Need]:
    """The record `current`: before any report of the year is approved the chain has none."""
    need = Need("current", current_id(report.field("member"), report.field("year")))
    found = any(Need(r.kind, r.id) == need for r in chain.records)
    return {need} if found or report.field("status") in POINTED else set()


def _owner(chain: Chain) -> set[Need]:
    return {Need("member", log.field("member")) for log in chain.of_kind("log")}
