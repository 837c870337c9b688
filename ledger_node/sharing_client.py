"""Ask an enterprise's oracle for opened months, the report's bundle or the audit package; check, and keep them.

What comes is believed as far as the chain bears it out: months against their commitments, bundle and package by the
report they name. Whether a bundle or a package is VALID is the verifier's to say: pass it as `judge`.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from carbonledger import jcs
from carbonledger.eip712 import Domain
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed, Refused
from carbonledger.records import Record
from carbonledger.sharing import OpenedMonth, OpenedMonths, Request, SignedRequest, What
from ledger_node.db.disclosures import MONTH, PACKAGE, REPORT, UNCHECKED, Artefact, Artefacts

MONTHS_BYTES: Final = 4 << 20
BUNDLE_BYTES: Final = 64 << 20
PACKAGE_BYTES: Final = 64 << 30
PROBLEM_BYTES: Final = 1 << 14

Judge = Callable[[Path | bytes], str]
"""The verdict on a package (by its path) or a bundle (by its bytes): VALID, INVALID, INDETERMINATE or ERROR."""


class NotShared(Refused):
    """The oracle does not hand it out; `status` is its HTTP status, the text its own words."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__("the oracle does not share it", expected="200", found=f"{status} {text}")


class NoAnswer(CarbonLedgerError):
    """The oracle does not answer, or not as it should; asking again may help."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A member's own act key; it never shows itself."""

    member: bytes
    key: bytes

    def __repr__(self) -> str:
        return f"Actor({self.member.hex()})"


@dataclass(frozen=True, slots=True)
class Received:
    """The months that came and agree with the chain, and those that the chain has and that did not come."""

    months: tuple[OpenedMonth, ...]
    withheld: tuple[int, ...]


class SharingClient:
    """One grantee's side towards one oracle."""

    def __init__(
        self, http: httpx2.Client, owner: bytes, actor: Actor, chain_id: int, artefacts: Artefacts,
        clock: Callable[[], int],
    ) -> None:  # fmt: skip
        """`http` has the oracle's URL as its base; `clock` gives Unix seconds."""
        self._http = http
        self._owner = owner
        self._actor = actor
        self._domain = Domain(chain_id)
        self._artefacts = artefacts
        self._clock = clock

    def months(self, year: int, grant: bytes | None = None) -> Received:
        """Fetch, check each statement against its commitment on the chain, keep all of them.

        Invalid names the month that the chain does not bear out, and then nothing is kept.
        """
        with self._answer("months", year, grant) as answer:
            opened = OpenedMonths.parse(b"".join(_limited(answer, MONTHS_BYTES)))
        self._require_asked(opened.member, opened.year, year)
        filed = self._artefacts.months(self._owner, year)
        now = self._clock()
        received = []
        for month in opened.months:
            record = _filed(filed, month)
            content = jcs.encode(month.to_json())
            received.append(Artefact.of_bytes(MONTH, record.id, self._owner, year, now, "VALID", content))
        self._artefacts.keep(received)
        withheld = set(filed) - {month.statement.month for month in opened.months}
        return Received(opened.months, tuple(sorted(withheld)))

    def bundle(self, year: int, grant: bytes | None = None, judge: Judge | None = None) -> bytes:
        """Fetch the bundle of the year's report and keep it with its verdict."""
        with self._answer("bundle", year, grant) as answer:
            content = b"".join(_limited(answer, BUNDLE_BYTES))
        report = self._report_of(content, year)
        verdict = UNCHECKED if judge is None else judge(content)
        self._artefacts.keep([Artefact.of_bytes(REPORT, report, self._owner, year, self._clock(), verdict, content)])
        return content

    def package(self, year: int, folder: Path, grant: bytes | None = None, judge: Judge | None = None) -> Path:
        """Fetch the audit package of the year into `folder` and keep its path, digest and verdict."""
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{self._owner.hex()}-{year}.partial"
        digest, size = hashlib.sha256(), 0
        with self._answer("package", year, grant) as answer, partial.open("wb") as file:
            for piece in _limited(answer, PACKAGE_BYTES):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        try:
            report = self._report_in(partial, year)
        except CarbonLedgerError:
            partial.unlink()
            raise
        path = folder / f"{digest.hexdigest()}.zip"
        partial.replace(path)
        verdict = UNCHECKED if judge is None else judge(path)
        now = self._clock()
        self._artefacts.keep(
            [Artefact(PACKAGE, report, self._owner, year, now, verdict, digest.digest(), size, None, path)]
        )
        return path

    @contextmanager
    def _answer(self, what: What, year: int, grant: bytes | None) -> Iterator[httpx2.Response]:
        request = Request(self._owner, self._actor.member, year, what, self._clock())
        headers = SignedRequest.sign(request, self._domain, self._actor.key, grant).headers()
        try:
            with self._http.stream("GET", f"/shared/{what}/{year}", headers=headers) as answer:
                if answer.status_code != 200:
                    raise NotShared(answer.status_code, _problem(answer))
                yield answer
        except httpx2.HTTPError as error:
            raise NoAnswer("the oracle does not answer", found=str(error) or type(error).__name__) from error

    def _require_asked(self, member: bytes, found: int, year: int) -> None:
        if (member, found) != (self._owner, year):
            raise Invalid(
                "the oracle answers for another",
                expected=f"{self._owner.hex()}, {year}",
                found=f"{member.hex()}, {found}",
            )

    def _report_of(self, bundle: bytes, year: int) -> bytes:
        """Id of the report that a bundle names, which must be one of the owner's for the year."""
        match jcs.decode(bundle):
            case {"kind": "report", "chain": {"records": list() as records}}:
                found = [_record(item) for item in records if isinstance(item, list) and item[:1] == ["report"]]
                if len(found) == 1:
                    report = found[0]
                    self._require_asked(report.field("member"), report.field("year"), year)
                    known = self._artefacts.reports(self._owner, year)
                    if report.id not in known:
                        expected = " or ".join(sorted(item.hex() for item in known)) or "a report in the view"
                        raise Invalid("the bundle is of another report", expected=expected, found=report.id.hex())
                    return report.id
        raise Malformed("bundle of a report", expected="one record of a report", found="none")

    def _report_in(self, package: Path, year: int) -> bytes:
        try:
            with zipfile.ZipFile(package) as archive:
                head = jcs.decode_object(_member(archive, "package.json"))
                bundle = _member(archive, "report.bundle.json")
        except CarbonLedgerError:
            raise
        except (zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError, RuntimeError, EOFError) as error:
            raise Malformed("audit package", expected="docs/formats/audit-package.md", found=str(error)) from error
        match head:
            case {"kind": "audit-package", "member": str() as member, "year": int() as found} if member.isalnum():
                if (member, found) != (self._owner.hex(), year):
                    raise Invalid("the package is of another", expected=f"{self._owner.hex()}, {year}",
                                  found=f"{member[:64]}, {found}")  # fmt: skip
                return self._report_of(bundle, year)
        raise Malformed("package.json", expected="an audit package", found=repr(head)[:80])


def _filed(filed: dict[int, Record], month: OpenedMonth) -> Record:
    statement = month.statement
    record = filed.get(statement.month)
    name = f"{statement.year:04d}-{statement.month:02d}"
    if record is None:
        raise Invalid(
            f"the month {name} was never filed", expected="evidence of it on the chain", found="none in the view",
            remedy="If it was filed just now, let the ledger node catch up",
        )  # fmt: skip
    if record.field("commitment") != month.commitment:
        raise Invalid(
            f"the statement of {name} is not the one committed to",
            expected=record.field("commitment").hex(),
            found=month.commitment.hex(),
        )
    return record


def _record(item: list[object]) -> Record:
    return Record.from_json("report", item[1:])


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        data = file.read(BUNDLE_BYTES + 1)
    if len(data) > BUNDLE_BYTES:
        raise Malformed(f"{name} of the package is too long", expected=f"at most {BUNDLE_BYTES} bytes", found="more")
    return data


def _limited(answer: httpx2.Response, limit: int) -> Iterator[bytes]:
    size = 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > limit:
            raise Malformed("the oracle's answer is too long", expected=f"at most {limit} bytes", found="more")
        yield piece


def _problem(answer: httpx2.Response) -> str:
    try:
        text = b"".join(_limited(answer, PROBLEM_BYTES))
    except Malformed:
        return "an answer too long"
    return text.decode("utf-8", "replace")
