"""Step 15: who approved the report, and that it is in force."""

from __future__ import annotations

from typing import Final

from carbonledger.errors import Invalid
from carbonledger.periods import rfc3339
from carbonledger.records import current_id
from carbonledger.verify.context import Context, Proven
from carbonledger.verify.verdict import Finding, not_applicable, undecided

APPROVED: Final = 3
ADMITTED: Final = 1
REGULATOR, ENTERPRISE, PREPARER, VERIFIER = 1, 2, 4, 8


def approved(context: Context) -> Finding:
    """15. The report is approved and in force; verifier and regulator are others than the preparer, and admitted."""
    if context.bundle.report is None:
        return not_applicable("A reading is not approved by anyone.")
    proven, record = context.proven, context.report_record
    if record.field("status") != APPROVED:
        raise Invalid("status of the report", expected="3, approved", found=record.field("status"))
    current = proven.get("current", current_id(record.field("member"), record.field("year")))
    if current.field("reportId") != record.id:
        raise Invalid("report in force", expected=record.id.hex(), found=current.field("reportId").hex())
    enterprise, preparer = record.field("member"), record.field("preparer")
    verifier, regulator = record.field("verifier"), record.field("regulator")
    if verifier in (preparer, enterprise) or regulator in (preparer, enterprise, verifier):
        raise Invalid(
            "duties", expected="verifier and regulator apart from preparer and enterprise", found=verifier.hex()
        )
    _admitted(proven, enterprise, ENTERPRISE, "enterprise")
    _admitted(proven, preparer, ENTERPRISE if preparer == enterprise else PREPARER, "preparer")
    _admitted(proven, verifier, VERIFIER, "verifier")
    _admitted(proven, regulator, REGULATOR, "regulator")
    times = [record.field(name) for name in ("filedAt", "verifiedAt", "decidedAt")] + [proven.state.timestamp]
    if times != sorted(times) or not all(times):
        raise Invalid("order of the acts", expected="filed, verified, decided, then the block", found=times)
    governance = proven.get("governance", bytes(32))
    if not 1 <= governance.field("threshold") <= governance.field("regulators"):
        raise Invalid("quorum of the regulators", expected="1 to their number", found=governance.field("threshold"))
    trusted = context.policy.regulators
    if trusted is None:
        return undecided(f"Approved by regulator {regulator.hex()}, but the policy has no table of regulators.")
    if trusted and regulator not in trusted:
        raise Invalid("regulator", expected="one that the policy names", found=regulator.hex())
    late = ", filed late" if record.field("late") else ""
    return Finding(
        f"Approved by regulator {regulator.hex()} at {rfc3339(record.field('decidedAt') * 1000)}, verified by"
        f" {verifier.hex()}, prepared by {preparer.hex()}{late}; in force in block {proven.state.number}."
    )


def _admitted(proven: Proven, member: bytes, kind: int, what: str) -> None:
    record = proven.get("member", member)
    if record.field("status") != ADMITTED or not record.field("kinds") & kind:
        raise Invalid(
            what,
            expected=f"admitted, of kind {kind}",
            found=f"status {record.field('status')}, kinds {record.field('kinds')}",
        )
