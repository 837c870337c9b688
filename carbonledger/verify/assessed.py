"""The bundle of a code or a grade: it follows from what was judged, by the set and the statistics of the chain.

Steps 1, 8, 10 and 16 of docs/formats/bundle.md; the others concern readings and reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting.names import name_of
from carbonledger.assessment import filing, on_chain
from carbonledger.assessment.code.assess import CodeResult, assess
from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.filing import COLOURS
from carbonledger.assessment.grade.assess import GradeResult, grade
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.statistics import LEVELS
from carbonledger.bundle.assessment import RECORD_OF, SET_OF, AssessmentBundle
from carbonledger.bundle.model import Chain
from carbonledger.bundle.needs import DIRECTORY
from carbonledger.errors import Invalid
from carbonledger.identifiers import chain_name
from carbonledger.policy import Policy
from carbonledger.records import ZERO32, Record
from carbonledger.verify.chain import listed, of_the_policy, sealed_by
from carbonledger.verify.context import CodeHashes, Proven
from carbonledger.verify.verdict import Finding, Step, Verification, judge, not_applicable, undecided

REGULATOR: Final = 1
NO_FAULT: Final = 2
FOUR_QUARTERS: Final = 4


@dataclass
class Assessed:
    """One verification under way."""

    bundle: AssessmentBundle
    policy: Policy
    code_hashes: CodeHashes

    @cached_property
    def chain(self) -> Chain:
        """The chain part."""
        if self.bundle.chain is None:
            raise Invalid("chain part of the bundle", expected="evidence", found="none")
        return self.bundle.chain

    @cached_property
    def proven(self) -> Proven:
        """The chain part, opened."""
        return Proven(self.chain, pointers=True)

    @property
    def record(self) -> Record:
        """The record that the bundle is about, proven: of grades the latest quarter's."""
        kind = RECORD_OF[self.bundle.kind]
        found = sorted(self.chain.of_kind(kind), key=lambda r: (r.field("year"), r.field("quarter")))
        if not found or (kind == "assessment" and len(found) != 1):
            raise Invalid("records of the bundle", expected=f"one record {kind!r}", found=len(found))
        return self.proven.get(kind, found[-1].id)


def verify_assessment(
    bundle: AssessmentBundle, policy: Policy, code_hashes: CodeHashes, names: Mapping[int, str]
) -> Verification:
    """The steps by their numbers in `names`."""
    context = Assessed(bundle, policy, code_hashes)
    checks: dict[int, Callable[[], Finding]] = {
        number: lambda: not_applicable("Of readings and reports only.") for number in names
    }
    checks[1] = lambda: Finding(f"A {bundle.kind}'s bundle in its one form.")
    checks |= {8: lambda: contracts(context), 10: lambda: sealed(context), 16: lambda: assessed(context)}
    if bundle.chain is None:
        for number in (8, 10, 16):
            checks[number] = lambda: undecided("The bundle has no chain part.")
    steps: tuple[Step, ...] = tuple(judge(number, names[number], checks[number]) for number in names)
    return Verification(steps, _subject(bundle))


def contracts(context: Assessed) -> Finding:
    """8. Address and code of each contract are the Directory's and the committed artefact's; no node is left over."""
    proven = context.proven
    directory = context.chain.contracts.get(DIRECTORY, b"")
    unknown = listed(proven, directory, context.code_hashes)
    proven.leftover()
    _only_what_is_asked_for(context)
    if unknown is not None:
        raise unknown
    return of_the_policy(proven, directory, context.policy.chain, seal_step=10)


def sealed(context: Assessed) -> Finding:
    """10. The block is sealed by whom the policy trusts."""
    return sealed_by(context.proven, context.policy.chain)


def assessed(context: Assessed) -> Finding:
    """16. The record follows from the inputs, by the published set and the published statistics."""
    bundle, record, proven = context.bundle, context.record, context.proven
    published = on_chain.parse(bundle.set_json)
    set_id = record.field(SET_OF[bundle.kind])
    _same("the set", set_id.hex(), published.id.hex())
    _same(
        "form of the set on the chain",
        proven.get("assessmentset", set_id).field("formDigest").hex(),
        on_chain.form_digest(published).hex(),
    )
    assessor = proven.get("member", record.field("assessor"))
    if not assessor.field("kinds") & REGULATOR:
        raise Invalid("the assessor", expected="a regulator", found=f"kinds {assessor.field('kinds')}")
    proven.get("member", record.field("member"))
    for statement in bundle.statistics:
        told = proven.get("statistics", statement.id)
        _same("digest of a statement of peers", told.field("digest").hex(), statement.statistics.id.hex())
    _same("inputs", record.field("inputsDigest").hex(), filing.commitment(bundle.salt, bundle.inputs).hex())
    if isinstance(published, CodeRules):
        code = assess(bundle.inputs, (published,))
        said, explained = _code(context, code, record), code.json()
    else:
        graded = grade(bundle.inputs, (published,))
        said, explained = _grade(context, published, graded, record), graded.json()
    _same("explain record", record.field("explainDigest").hex(), filing.commitment(bundle.salt, explained).hex())
    return Finding(said)


def _code(context: Assessed, result: CodeResult, record: Record) -> str:
    document = result.document
    _same_subject(document.subject_kind, document.subject, record)
    _same("quarter", (record.field("year"), record.field("quarter")), (document.year, document.quarter))
    told = record.field("colour")
    _same("colour", dict(enumerate(COLOURS, 1)).get(told, told), result.colour)
    _same("points", record.field("points"), result.points)
    reasons = filing.reasons_mask(result.reasons) if result.colour == "red" else 0
    _same("reasons", filing.reasons_of(record.field("reasons")), filing.reasons_of(reasons))
    if document.peers is not None:
        peers = document.peers.statistics
        _same("quarter of the statistics", (document.year, document.quarter), (peers.year, peers.quarter))
    used = ZERO32 if document.peers is None else document.peers.statistics.id
    _same("statistics", record.field("statisticsDigest").hex(), used.hex())
    _same("statistics of the bundle", [used.hex()] if any(used) else [], _digests(context))
    _check_suppressions(context, result, record)
    _check_duties(context, result, record)
    return (
        f"{result.colour} for {document.year}Q{document.quarter} follows from the inputs, with {result.points} points;"
        " that the inputs are all there is, is the assessor's word."
    )


def _check_duties(context: Assessed, result: CodeResult, record: Record) -> None:
    """A month that is left out of the filings was over before the enterprise was a member."""
    filings, last = result.document.filings, result.document.last_month
    if filings is None or any(record.field("project")):
        return
    since = on_chain.day_of(context.proven.get("member", record.field("member")).field("since"))
    listed_ = {month.month for month in filings.months}
    for month in range(max(12 * since.year + since.month - 1, last - 11), last + 1):
        if month not in listed_:
            raise Invalid(
                "months of the filings",
                expected="each month since the admission",
                found=f"without {month // 12}-{month % 12 + 1:02d}",
            )


def _check_suppressions(context: Assessed, result: CodeResult, record: Record) -> None:
    """Each rule set aside was found without fault for this quarter, in an inspection that two members signed."""
    covered: dict[str, tuple[str, str]] = {}
    for case in context.proven.of_kind("inspection"):
        mine = all(case.field(name) == record.field(name) for name in ("member", "project", "year", "quarter"))
        if not mine or case.field("finding") != NO_FAULT:
            raise Invalid("an inspection of the bundle", expected="no fault, of this quarter", found=case.id.hex())
        signed = (case.field("inspector").hex(), case.field("second").hex())
        covered |= dict.fromkeys(filing.reasons_of(case.field("reasons")), signed)
    for suppression in result.document.suppressions:
        _same(f"who set {suppression.rule} aside", covered.get(suppression.rule), suppression.signed_by)


def _grade(context: Assessed, scheme: Scheme, result: GradeResult, record: Record) -> str:
    _same_subject(result.subject.kind, result.subject.id, record)
    _same("quarter", (record.field("year"), record.field("quarter")), (result.subject.year, result.subject.quarter))
    _same("grade", name_of(record.field("grade")), result.grade)
    _same("grade reached", name_of(record.field("reached")), result.reached)
    _same("score", record.field("score"), int(result.marks.get("score", "0").replace(".", "")))
    _same("key of the scheme", name_of(record.field("schemeKey")), scheme.head.key)
    given = jcs.decode_object(context.bundle.inputs)["inputs"]
    if scheme.method in ("weighted-score", "efficiency-code"):
        _check_peers(context, given.get("peers", []), record)
    if scheme.method == "weighted-score":
        _check_before(context, given.get("before"), record)
    return (
        f"{result.grade} for {result.subject.year}Q{result.subject.quarter} follows from the inputs and the published"
        " sums of the peers; the subject's own figures, and its code on that day, are the assessor's word."
    )


def _check_peers(context: Assessed, groups: list[dict[str, Any]], record: Record) -> None:
    """Each group is the sum of the statements of four quarters at its level."""
    last = 4 * record.field("year") + record.field("quarter") - 1
    used = set()
    for group in groups:
        four = [
            s
            for s in context.bundle.statistics
            if (s.statistics.level, s.statistics.industry) == (group["level"], group["industry"])
            and last - FOUR_QUARTERS < 4 * s.statistics.year + s.statistics.quarter - 1 <= last
        ]
        used |= {s.id for s in four}
        sums = [sum((getattr(s.statistics, n) for s in four), Fraction(0)) for n in ("emission", "value_added")]
        told = [Fraction(group["emission"]), Fraction(group["value_added"])]
        _same("statements of a level", FOUR_QUARTERS, len(four))
        _same(f"peers at {group['level']}", (sums, min(s.statistics.n for s in four)), (told, group["n"]))
    if used != {s.id for s in context.bundle.statistics}:
        raise Invalid("statistics of the bundle", expected="just those of the peers", found="others")
    newest = [s for s in context.bundle.statistics if s.statistics.quarter == record.field("quarter")]
    finest = min(newest, key=lambda s: LEVELS.index(s.statistics.level), default=None)
    expected = ZERO32 if finest is None else finest.statistics.id
    _same("statistics", record.field("statisticsDigest").hex(), expected.hex())


def _check_before(context: Assessed, before: dict[str, str] | None, record: Record) -> None:
    """The grade held is that of the quarter before, on the chain."""
    others = [r for r in context.proven.of_kind("grade") if r.id != record.id]
    if before is None:
        _same("grade of the quarter before", 0, len(others))
        return
    last = 4 * record.field("year") + record.field("quarter") - 2
    if len(others) != 1:
        raise Invalid("records of the bundle", expected="the grade of the quarter before", found=len(others))
    (held,) = others
    for name in ("member", "project", "schemeKey"):
        _same(f"{name} of the grade before", record.field(name), held.field(name))
    _same("quarter of the grade before", last, 4 * held.field("year") + held.field("quarter") - 1)
    _same("grade before", name_of(held.field("grade")), before["grade"])
    _same("grade reached before", name_of(held.field("reached")), before["reached"])


def _only_what_is_asked_for(context: Assessed) -> None:
    """A record that no step asks for would be in the bundle for nothing."""
    record = context.record
    known = {record.field("member"), record.field("assessor")}
    names = {chain_name(name) for name in context.chain.contracts if name != DIRECTORY}
    for item in context.chain.records:
        allowed = {
            "assessmentset": item.id == record.field(SET_OF[context.bundle.kind]),
            "member": item.id in known,
            "statistics": item.id in {statement.id for statement in context.bundle.statistics},
            "contract": item.id in names,
            "inspection": context.bundle.kind == "code",
            RECORD_OF[context.bundle.kind]: True,
        }
        if not allowed.get(item.kind, False):
            raise Invalid("records of the bundle", expected="just those that a step asks for", found=item.kind)


def _same_subject(kind: str, identifier: str, record: Record) -> None:
    project = record.field("project")
    expected = ("project", project.hex()) if any(project) else ("enterprise", record.field("member").hex())
    _same("subject", expected, (kind, identifier))


def _digests(context: Assessed) -> list[str]:
    return [statement.statistics.id.hex() for statement in context.bundle.statistics]


def _same(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise Invalid(what, expected=expected, found=found)


def _subject(bundle: AssessmentBundle) -> dict[str, Any]:
    """What the bundle is about; nothing in it is verified by being said here."""
    subject: dict[str, Any] = {"kind": bundle.kind}
    if bundle.chain is not None:
        for record in bundle.chain.of_kind(RECORD_OF[bundle.kind]):
            subject["assessment"] = {
                "id": record.id.hex(),
                "member": record.field("member").hex(),
                "quarter": record.field("quarter"),
                "year": record.field("year"),
            }
    return subject
