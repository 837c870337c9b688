"""Replay of audit packages: everything is derived again from the readings, offline; pure.

The steps of docs/formats/audit-package.md, in one place; each number stands again at the function that does it.

    1   package                the container and its files in their one form, nothing missing, nothing beside
    2   signature              every R was signed by the key named in its A
    3   commitment             every c
    4   leaf                   every leaf says what its R says
    5   sequence               `p` and `q` of every signer, without a hole that no gap entry explains
    6   tree                   every tile
    7   checkpoint signatures  both lines of the log on every anchored checkpoint
    8   witnesses              of every anchored checkpoint
    9   anchored               every anchor, of the tree that the entries make, in one chain up to the head
    10  key valid then         every key at the first anchors of what it signed
    11  belongs                devices, salts and keys by the registers
    12  manifests              every manifest and boundary reading follows from the readings
    13  figures                months, lines and result follow from the readings
    14  report                 the report's bundle by itself

Bundles of codes and grades may be given beside packages: they have the steps of their own (replay/assessments.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs, merkle, tiles
from carbonledger import package as pack
from carbonledger.bundle.model import Bundle
from carbonledger.entry import MEASURED_KINDS
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed, Unknown
from carbonledger.identifiers import object_id
from carbonledger.keys import PublicKey
from carbonledger.mrv.calibrated import require_covered
from carbonledger.mrv.checked import RESULTS
from carbonledger.mrv.findings import Findings
from carbonledger.mrv.support import standing
from carbonledger.note import Note
from carbonledger.package import AnchorFile, Container, Description
from carbonledger.periods import instants, month_bounds
from carbonledger.policy import Policy
from carbonledger.records import Record
from carbonledger.replay import heads
from carbonledger.replay.assessments import filed_in, is_bundle, replay_assessment
from carbonledger.replay.differences import Differences
from carbonledger.replay.entries import EntryChecker
from carbonledger.replay.frames import Frames, split_bundle, split_evidence
from carbonledger.replay.signers import Signer
from carbonledger.replay.tree import TreeChecker
from carbonledger.verify import verify_parsed
from carbonledger.verify.context import CodeHashes, Context, committed_code_hashes
from carbonledger.verify.figures import figures
from carbonledger.verify.supported import supported
from carbonledger.verify.verdict import Finding, Step, StepVerdict, Verdict, Verification, judge, sentence, undecided

__all__ = ["STEPS", "Replay", "replay", "replay_one"]

STEPS: Final = {
    1: "package",
    2: "signature",
    3: "commitment",
    4: "leaf",
    5: "sequence",
    6: "tree",
    7: "checkpoint signatures",
    8: "witnesses",
    9: "anchored",
    10: "key valid then",
    11: "belongs",
    12: "manifests",
    13: "figures",
    14: "report",
}
TREE: Final = 6
_AT_ONCE: Final = 16 * tiles.TILE_WIDTH
"""Entries looked at together: of an envelope that lies across the end, each is looked at alone."""
WORST: Final[tuple[Verdict, ...]] = ("ERROR", "INVALID", "INDETERMINATE", "VALID")


@dataclass(frozen=True, slots=True)
class Replay:
    """The answers for several packages and bundles, in their order."""

    packages: tuple[Verification, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of them; ERROR if there is none."""
        found = {package.verdict for package in self.packages}
        return next((verdict for verdict in WORST if verdict in found), "ERROR")

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {"packages": [package.to_json() for package in self.packages], "v": 1, "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class _Opened:
    """A package whose files are all there and of their form."""

    container: Container
    description: Description
    bundle: Bundle
    salts: dict[str, bytes]
    keys: dict[bytes, PublicKey]
    notes: dict[int, Note]
    anchor_file: AnchorFile


def replay(
    sources: Sequence[bytes | memoryview], policy: Policy | None = None, *, code_hashes: CodeHashes | None = None
) -> Replay:
    """Replay each package; one that begins at the last multiple of 256 within another of the same log goes on there.

    Sources that are JSON are bundles of codes and grades: each is computed again, and held against what the packages
    that hold prove of its subject's filings.
    """
    results: dict[int, Verification] = {}
    states: dict[tuple[str, int], dict[str, Signer]] = {}
    packages = [number for number, source in enumerate(sources) if not is_bundle(source)]
    for number in sorted(packages, key=lambda number: _place(sources[number])):
        results[number] = replay_one(sources[number], policy, code_hashes=code_hashes, states=states)
    filed = filed_in(sources[number] for number in packages if results[number].verdict != "INVALID")
    for number, source in enumerate(sources):
        if number not in results:
            results[number] = replay_assessment(bytes(source), policy or Policy(), filed, code_hashes=code_hashes)
    return Replay(tuple(results[number] for number in range(len(sources))))


def replay_one(
    package: bytes | memoryview,
    policy: Policy | None = None,
    *,
    code_hashes: CodeHashes | None = None,
    states: dict[tuple[str, int], dict[str, Signer]] | None = None,
) -> Verification:
    """Replay one package. `states` carries the signers of a log from one package to the next."""
    try:
        run = _Run(_open(package), policy or Policy(), code_hashes, {} if states is None else states)
    except CarbonLedgerError as error:
        verdict: StepVerdict = "indeterminate" if isinstance(error, Unknown) else "invalid"
        rest = (
            Step(number, name, "indeterminate", "Not run: the package could not be read.")
            for number, name in STEPS.items()
            if number != 1
        )
        return Verification((Step(1, STEPS[1], verdict, sentence(error)), *rest))
    return run.result()


def _place(package: bytes | memoryview) -> tuple[str, int]:
    try:
        description = Description.parse(Container(package).read(pack.DESCRIPTION))
    except CarbonLedgerError:
        return "", 0
    return description.origin, description.first


def _open(package: bytes | memoryview) -> _Opened:
    """1. The container and its files in their one form, nothing missing, nothing beside."""
    container = Container(package)
    description = Description.parse(container.read(pack.DESCRIPTION))
    anchor_raw = container.read(pack.ANCHORS)
    anchor_file = AnchorFile.parse(anchor_raw)
    sizes = sorted(int(record.field("size")) for record in anchor_file.records if record.kind == "anchor")
    # as many files as the ZIP names, so that a large size in a small file is refused before it is counted up to
    if description.size > tiles.TILE_WIDTH * len(container.paths):
        raise Malformed("size of the package", expected="at most 256 entries a file", found=description.size)
    expected = tuple(description.paths(sizes))
    if container.paths != expected:
        differing = [(a, b) for a, b in zip(expected, container.paths, strict=False) if a != b]
        wanted, found = differing[0] if differing else (f"{len(expected)} files", f"{len(container.paths)} files")
        raise Malformed("files of the audit package", expected=wanted, found=found)
    bundle = Bundle.parse(container.read(pack.BUNDLE))
    if bundle.kind != "report" or bundle.log.origin != description.origin:
        raise Malformed("bundle of the package", expected=f"a report on {description.origin}", found=bundle.log.origin)
    for digest in description.documents:
        found = sha256(container.read(pack.document_path(digest))).hexdigest()
        if found != digest:
            raise Malformed(f"digest of {pack.document_path(digest)}", expected=digest, found=found)
    salts_raw = container.read(pack.DEVICE_SALTS)
    keys = {key.short_id: key for key in pack.parse_keys(container.read(pack.KEYS))}
    notes = {size: heads.parse_note(container.read(pack.checkpoint_path(size)), description.origin) for size in sizes}
    salts = pack.parse_device_salts(salts_raw)
    for name in salts:
        if not 1 <= len(name) <= 200 or not name.isascii() or not name.isprintable():
            raise Malformed("identifier in the salts", expected="1 to 200 printable ASCII characters", found=repr(name))
    if jcs.encode({name: salt.hex() for name, salt in salts.items()}) != salts_raw:
        raise Malformed(pack.DEVICE_SALTS, expected="canonical JSON", found="another form")
    return _Opened(container, description, bundle, salts, keys, notes, anchor_file)


class _Run:
    """One replay under way."""

    def __init__(
        self,
        opened: _Opened,
        policy: Policy,
        code_hashes: CodeHashes | None,
        states: dict[tuple[str, int], dict[str, Signer]],
    ) -> None:
        self._opened = opened
        self._policy = policy
        self._context = Context(opened.bundle, policy, code_hashes or committed_code_hashes())
        self._differences = Differences()
        description = opened.description
        carried = states.get((description.origin, description.first), {})
        self._continued = description.first == 0 or bool(carried)
        self.signers = {name: self._signer(name, salt, carried) for name, salt in opened.salts.items()}
        self._anchors: heads.Anchors | CarbonLedgerError = self._open_anchors()
        if not isinstance(self._anchors, CarbonLedgerError):
            for signer in self.signers.values():
                device = self._anchors.devices.get(object_id(signer.identifier))
                signer.series.modulus = int(device.field("modulus")) if device is not None else 0
        gateway = opened.bundle.chain.of_kind("log") if opened.bundle.chain else []
        self._checker = EntryChecker(
            self.signers, opened.keys, self._differences, gateway[0].field("gateway") if gateway else b""
        )
        months = opened.bundle.report.months if opened.bundle.report else ()
        sizes = {*opened.notes, *(month.statement.size for month in months)}
        self._tree = TreeChecker(opened.container, description, sorted(sizes), self._tile_differs)
        self._stream(states)

    def _signer(self, name: str, salt: bytes, carried: Mapping[str, Signer]) -> Signer:
        known = carried.get(name)
        if known is None or known.salt != salt:
            return Signer(name, salt, self._continued)
        known.uses, known.use, known.head = {}, None, b""
        return known

    def _open_anchors(self) -> heads.Anchors | CarbonLedgerError:
        try:
            return heads.Anchors(self._opened.bundle, self._opened.anchor_file, self._opened.description)
        except CarbonLedgerError as error:
            return error

    @property
    def anchors(self) -> heads.Anchors:
        """The anchors, or what was wrong with them."""
        if isinstance(self._anchors, CarbonLedgerError):
            raise self._anchors
        return self._anchors

    def _tile_differs(self, error: CarbonLedgerError, index: int) -> None:
        self._differences.add(TREE, index, error)

    def _stream(self, states: dict[tuple[str, int], dict[str, Signer]]) -> None:
        container, description = self._opened.container, self._opened.description
        last_boundary = description.size // tiles.TILE_WIDTH * tiles.TILE_WIDTH
        held = Frames([], [], [])
        held_leaves: list[bytes] = []
        for number in description.numbers:
            first = number * tiles.TILE_WIDTH
            if first == last_boundary or len(held_leaves) >= _AT_ONCE:
                self._check(first, held_leaves, held)
            if first == last_boundary and self._continued:  # where the next package of this log begins
                states[description.origin, first] = deepcopy(self.signers)
            width = tiles.tile_width(0, number, description.size)
            try:
                leaves = split_bundle(container.read(tiles.entries_path(number, width)), width)
                frames = split_evidence(container.read(pack.evidence_path(number)), first, width)
            except CarbonLedgerError as error:
                self._check(first, held_leaves, held)
                self._differences.add(1, first, error)
                return
            held_leaves += leaves
            for column, more in zip(held, frames, strict=True):
                column += more
        self._check(description.size, held_leaves, held)
        if last_boundary == description.size and self._continued:
            states[description.origin, last_boundary] = deepcopy(self.signers)
        self._checker.close()
        self._tree.close()

    def _check(self, end: int, leaves: list[bytes], frames: Frames) -> None:
        """Checks what was read up to entry `end`, and lets go of it."""
        if leaves:
            self._checker.run(end - len(leaves), leaves, frames)
            hashes = merkle.leaves(leaves)
            for at in range(0, len(hashes), tiles.TILE_BYTES):
                self._tree.add(hashes[at : at + tiles.TILE_BYTES])
        for column in (leaves, *frames):
            column.clear()

    # --- steps

    def result(self) -> Verification:
        """All steps."""
        opened, policy, origin = self._opened, self._policy, self._opened.description.origin
        count = opened.description.size - opened.description.first
        checks: dict[int, Callable[[], Finding]] = {
            1: lambda: self._entries(1, f"{len(opened.container.paths)} files in their one form."),
            2: lambda: self._entries(2, f"All {count} entries are signed by the keys that their evidence names."),
            3: lambda: self._entries(3, f"All {count} commitments are of salt, R and A."),
            4: lambda: self._entries(4, f"All {count} leaves say what their entries say."),
            5: self._sequence,
            6: lambda: self._entries(6, f"All tiles up to size {opened.description.size} are of these entries."),
            7: lambda: heads.signatures(opened.notes, origin, policy),
            8: lambda: heads.witnesses(opened.notes, origin, policy),
            9: self._anchored,
            10: lambda: heads.keys_valid(self.anchors, opened.bundle, self.signers.values(), opened.notes, policy),
            11: lambda: heads.belong(self.anchors, list(self.signers.values()), self._differences),
            12: self._manifests,
            13: self._figures,
            14: self._report,
        }
        steps = tuple(judge(number, name, checks[number]) for number, name in STEPS.items())
        return Verification(steps, self._subject(count))

    def _subject(self, count: int) -> dict[str, Any]:
        description = self._opened.description
        subject: dict[str, Any] = {
            "entries": count,
            "first": description.first,
            "kind": "audit-package",
            "member": description.member.hex(),
            "origin": description.origin,
            "readings": sum(len(s.series.times) - len(s.series.commissioned) for s in self.signers.values()),
            "size": description.size,
            "year": description.year,
        }
        for record in self._opened.bundle.chain.of_kind("report") if self._opened.bundle.chain else ():
            subject["report"] = {"emission_g": str(record.field("emission")), "id": record.id.hex()}
        return subject

    def _entries(self, step: int, said: str) -> Finding:
        """1 to 6, as the entries went by."""
        if found := self._differences.first(step):
            raise Invalid(found)
        if step != 1 and self._differences.first(1):
            return undecided("Not run to the end: the package could not be read.")
        if step == 1:
            self._require_used()
        return Finding(said)

    def _require_used(self) -> None:
        used = {use.short_id for signer in self.signers.values() for use in signer.uses.values()}
        if unused := set(self._opened.keys) - used:
            raise Invalid("keys of the package", expected="each signed an entry", found=sorted(unused)[0].hex())
        entered = {document.digest for document in self._checker.documents.values()}
        # what the verifier found is named by the report's record, not by the log
        entered |= {record.field("findingsDigest").hex() for record in self._reports()}
        if strange := sorted(set(self._opened.description.documents) - entered):
            raise Invalid("documents of the package", expected="each entered in the log", found=strange[0])
        idle = sorted(name for name, signer in self.signers.items() if not signer.uses)
        if idle:
            raise Invalid("salts of the package", expected="of those who signed an entry", found=idle[0])

    def _sequence(self) -> Finding:
        """5. p and q of every signer, without a hole that no gap entry explains."""
        found = self._entries(5, f"Commitments and sequences of {len(self.signers)} signers have no unexplained hole.")
        if not self._continued:
            first = self._opened.description.first
            return undecided(f"No difference, but the entries before {first} are not in the packages given.")
        return found

    def _anchored(self) -> Finding:
        """9. Every anchor, of the tree that the entries make; no reading is of a time after its anchor."""
        heads.past(self.anchors, self.signers.values())
        return heads.roots(self.anchors, self._tree.roots, self._opened.notes, self._opened.description.origin)

    def _manifests(self) -> Finding:
        """12. Every manifest and boundary reading follows from the readings."""
        if not self._continued:
            return undecided("The readings before the package's first entry were not seen.")
        checked = self._entries(12, "")
        if checked.verdict != "valid":
            return checked
        if reason := self._differences.open(12):
            return undecided(reason)
        self._statement_heads()
        report = self._report_record()
        limit = int(report.field("logSize"))
        disclosed: dict[str, set[int]] = {}
        for item in self._opened.bundle.entries:
            if item.body.kind in MEASURED_KINDS:
                disclosed.setdefault(item.body.signer, set()).add(item.index)
        bounds = instants(int(report.field("year")))
        for name in disclosed:
            signer = self.signers.get(name)
            found = self._boundaries(signer, bounds, limit) if signer else set()
            if found != disclosed[name]:
                differing = sorted(found ^ disclosed[name])[0]
                raise Invalid(f"boundary readings of {name} in the report", expected="the last ones", found=differing)
        return Finding(
            f"{len(self._checker.manifests)} manifests and the boundary readings of {len(disclosed)} meters follow from"
            " the readings."
        )

    @staticmethod
    def _boundaries(signer: Signer, bounds: Sequence[int], limit: int) -> set[int]:
        places = [signer.series.boundary(instant, limit) for instant in bounds]
        found = {place for place in places if place is not None}
        if places[0] is None and found:  # installed within the year: from its first entry on
            first = signer.series.first_after(bounds[0], limit)
            found |= {first} if first is not None else set()
        return found

    def _statement_heads(self) -> None:
        """The heads that the month statements name are of this log's tree."""
        report, roots = self._opened.bundle.report, self._tree.roots
        for month in report.months if report else ():
            statement = month.statement
            root = roots.get(statement.size)
            if statement.size > self._opened.description.first and root != statement.root:
                expected = root.hex() if root else f"a size of at most {self._opened.description.size}"
                raise Invalid(f"head of month {statement.month}", expected=expected, found=statement.root.hex())

    def _reports(self) -> list[Record]:
        chain = self._opened.bundle.chain
        return chain.of_kind("report") if chain else []

    def _report_record(self) -> Record:
        found = self._reports()
        if len(found) != 1:
            raise Invalid("records of the report's bundle", expected="one record 'report'", found=len(found))
        record = found[0]
        description = self._opened.description
        if (record.field("member"), record.field("year")) != (description.member, description.year):
            raise Invalid(
                "member and year of the package",
                expected=f"{record.field('member').hex()} {record.field('year')}",
                found=f"{description.member.hex()} {description.year}",
            )
        return record

    def _figures(self) -> Finding:
        """13. Months, lines and result follow from the readings."""
        record, report = self._report_record(), self._opened.bundle.report
        if self._differences.first(1):
            return undecided("Not run: the package could not be read.")
        if not self._continued:
            return undecided("The readings before the package's first entry were not seen.")
        limit, year = int(record.field("logSize")), int(record.field("year"))
        self._require_named(year, limit)
        measured: dict[tuple[str, int], int] = {}
        for device in report.devices if report else ():
            signer = self.signers.get(device.identifier)
            for month in range(1, 13):
                bounds = month_bounds(year, month)
                summary = signer.series.summary(*bounds, limit) if signer else None
                if signer and summary and summary.gaps and not signer.series.by_register:
                    raise Unknown(
                        f"quantity of {device.identifier}, month {month}",
                        expected="all its interval values",
                        found=f"none of the numbers {summary.gaps[0]}",
                    )
                measured[device.identifier, month] = summary.total if summary else 0
        self._require_covered(year, limit)
        return figures(self._context, measured)

    def _require_covered(self, year: int, limit: int) -> None:
        """Of a month in which a calibration ended, no more is said to be covered than was read before its end."""
        bundle = self._opened.bundle
        registered = {record.id: record for record in bundle.chain.of_kind("device")} if bundle.chain else {}
        until = {
            name: registered[object_id(name)].field("calibrationTo") * 1000
            for name in self.signers
            if object_id(name) in registered
        }

        def read(device: str, start_ms: int, end_ms: int) -> int:
            return self.signers[device].series.summary(start_ms, end_ms, limit).total

        require_covered(year, supported(bundle, year).cases(), until, read)

    def _require_named(self, year: int, limit: int) -> None:
        """Each manual entry of the year that stood when its month was filed is named by that month's statement."""
        report = self._opened.bundle.report
        for month in report.months if report else ():
            statement = month.statement
            seen = {i: m for i, m in self._checker.manuals.items() if i < min(statement.size, limit)}
            stood = {i for i, m in standing(seen).items() if (m.year, m.month) == (year, statement.month)}
            if stood != set(statement.manuals):
                odd = sorted(stood ^ set(statement.manuals))[0]
                raise Invalid(f"manual entries of month {statement.month}", expected="all that stood", found=odd)

    def _report(self) -> Finding:
        """14. The report's bundle by itself; figures that follow from all readings alone were judged in step 13."""
        found = verify_parsed(self._context)
        failed = next((step for step in found.steps if step.verdict == "invalid"), None)
        if failed is not None:
            raise Invalid(f"step {failed.number} ({failed.name}) of the bundle: {failed.reason}")
        opened = [step for step in found.steps if step.verdict == "indeterminate" and step.number != 14]
        if opened:
            return undecided(f"Step {opened[0].number} ({opened[0].name}) of the bundle: {opened[0].reason}")
        if found.step(14).verdict == "indeterminate":
            judged = f"VALID beside the figures, which step 13 judged: {found.step(14).reason}"
            return Finding(f"{judged}{self._findings()}")
        return Finding(f"The report's bundle is VALID by itself{self._findings()}.")

    def _findings(self) -> str:
        """What the verifier's document says, where it is in the package; Invalid for one of another report."""
        record = self._report_record()
        digest = record.field("findingsDigest").hex()
        if digest not in self._opened.description.documents:
            return ""
        found = Findings.parse(self._opened.container.read(pack.document_path(digest)))
        if found.report != record.id:
            raise Invalid("report of the verifier's findings", expected=record.id.hex(), found=found.report.hex())
        counted = Counter(check.result for check in found.crosschecks)
        said = ", ".join(f"{counted[result]} {result}" for result in RESULTS if counted[result]) or "none"
        return f"; the verifier's document has {len(found.findings)} findings, and of its checks {said}"
