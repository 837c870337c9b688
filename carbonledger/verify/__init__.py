"""The offline verifier: a bundle and what the reader trusts in, a verdict with numbered steps out; pure.

The steps of docs/formats/bundle.md, in one place; each number stands again at the function that does it.

    1   parse                  canonical, complete, no unknown field
    2   signature              R was signed by the key named in A
    3   commitment             c = commitment of salt, R, A
    4   leaf                   the leaf says what R says
    5   inclusion              the leaf is in the checkpoint's tree
    6   checkpoint signature   the log's keys, named by the policy, signed the checkpoint
    7   witnesses              as many of the policy's witnesses as it asks cosigned
    8   contracts              those of the policy, with the committed code
    9   anchored               the log's head on the chain is this checkpoint
    10  sealed                 by whom the policy trusts
    11  key valid then         each key, when what it signed was first anchored
    12  belongs                log, gateway and device are the enterprise's
    13  meters complete        every meter of the units and the year is in the report
    14  figures                quantities, months, lines, rule set, result
    15  approved               by others than the preparer, and in force
    16  assessment             a code or grade follows from what was judged

A bundle of a code or a grade has steps 1, 8, 10 and 16.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from carbonledger.bundle.assessment import AssessmentBundle, is_assessment
from carbonledger.bundle.model import Bundle
from carbonledger.errors import CarbonLedgerError, Unknown
from carbonledger.policy import Policy
from carbonledger.verify import approval, chain, complete, entries, figures, log, registers
from carbonledger.verify.assessed import verify_assessment
from carbonledger.verify.context import CodeHashes, Context, committed_code_hashes
from carbonledger.verify.verdict import (
    Finding,
    Step,
    StepVerdict,
    Verification,
    judge,
    not_applicable,
    sentence,
    undecided,
)

__all__ = ["STEPS", "Step", "Verification", "verify", "verify_parsed"]

STEPS: Final = {
    1: "parse",
    2: "signature",
    3: "commitment",
    4: "leaf",
    5: "inclusion",
    6: "checkpoint signature",
    7: "witnesses",
    8: "contracts",
    9: "anchored",
    10: "sealed",
    11: "key valid then",
    12: "belongs",
    13: "meters complete",
    14: "figures",
    15: "approved",
    16: "assessment",
}
ON_CHAIN: Final = range(8, 16)
OF_REPORTS: Final = (13, 14, 15)


def verify(
    bundle: bytes,
    policy: Policy | None = None,
    *,
    code_hashes: CodeHashes | None = None,
) -> Verification:
    """Verify the bytes of a bundle offline; any bytes get an answer.

    Without a policy, what depends on trust is INDETERMINATE. `code_hashes` are those of the contracts to expect, by
    default the committed ones.
    """
    hashes = code_hashes or committed_code_hashes()
    try:
        if is_assessment(bundle):
            return verify_assessment(AssessmentBundle.parse(bundle), policy or Policy(), hashes, STEPS)
        parsed = Bundle.parse(bundle)
    except CarbonLedgerError as error:
        verdict: StepVerdict = "indeterminate" if isinstance(error, Unknown) else "invalid"
        return Verification((Step(1, STEPS[1], verdict, sentence(error)), *_not_run()))
    return verify_parsed(Context(parsed, policy or Policy(), hashes))


def verify_parsed(context: Context) -> Verification:
    """As `verify`, for a bundle that was parsed."""
    checks = _checks(context)
    steps = tuple(judge(number, STEPS[number], checks[number]) for number in STEPS)
    return Verification(steps, subject_of(context.bundle))


def _checks(context: Context) -> dict[int, Callable[[], Finding]]:
    signed, origin, policy = context.bundle.log.note, context.bundle.log.origin, context.policy
    checks: dict[int, Callable[[], Finding]] = {
        1: lambda: _parsed(context.bundle),
        2: lambda: entries.signature(context),
        3: lambda: entries.committed(context),
        4: lambda: entries.leaf(context),
        5: lambda: entries.inclusion(context),
        6: lambda: log.signed_by_the_log(signed, origin, policy),
        7: lambda: log.cosigned(signed, origin, policy),
        8: lambda: chain.contracts(context),
        9: lambda: chain.anchored(context),
        10: lambda: chain.sealed(context),
        11: lambda: registers.keys_valid(context),
        12: lambda: registers.belongs(context),
        13: lambda: registers.meters_complete(context),
        14: lambda: figures.figures(context),
        15: lambda: approval.approved(context),
        16: lambda: not_applicable("Codes and grades are not in bundles of these kinds."),
    }
    if context.bundle.chain is None:
        for number in ON_CHAIN:
            if context.bundle.report is not None or number not in OF_REPORTS:
                checks[number] = lambda: undecided("The bundle has no chain part.")
    return checks


def _parsed(bundle: Bundle) -> Finding:
    """1. Canonical, complete, no unknown field; no record or entry that no step asks for."""
    complete.check(bundle)
    count = len(bundle.entries)
    entries = "one entry" if count == 1 else f"{count} entries"
    return Finding(f"A {bundle.kind}'s bundle in its one form, with {entries}.")


def _not_run() -> tuple[Step, ...]:
    return tuple(
        Step(number, name, "indeterminate", "Not run: the bundle could not be read.")
        for number, name in STEPS.items()
        if number != 1
    )


def subject_of(bundle: Bundle) -> dict[str, Any]:
    """What the bundle is about, for people and machines; nothing in it is verified by being said here."""
    subject: dict[str, Any] = {
        "entries": len(bundle.entries),
        "kind": bundle.kind,
        "origin": bundle.log.origin,
        "size": bundle.log.checkpoint.size,
    }
    if bundle.kind == "reading" and len(bundle.entries) == 1:
        body = bundle.entries[0].body
        subject["reading"] = {
            "device": body.signer,
            "index": bundle.entries[0].index,
            "interval": body.interval,
            "register": body.register,
            "sequence": body.sequence,
            "time_ms": body.time_ms,
            "unit": body.unit,
        }
    for record in bundle.chain.of_kind("report") if bundle.chain else ():
        subject["report"] = {
            "emission_g": str(record.field("emission")),
            "id": record.id.hex(),
            "member": record.field("member").hex(),
            "year": record.field("year"),
        }
    return subject
