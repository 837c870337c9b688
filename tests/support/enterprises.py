"""Many enterprises in the SQL view, seeded: as the indexer would have written them, without a chain."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Engine, insert

from carbonledger.identifiers import chain_name, credit_code_check_character, member_id
from carbonledger.loans.attribution import part
from carbonledger.records import Record
from carbonledger.sharing import standing_scope
from ledger_node.db.schema import ABOUT, block, record

ZERO = bytes(32)
NOW = 1_780_000_000  # 2026-05-28
DAY = 86_400
BANK = hashlib.sha256(b"bank").digest()
OTHER_BANK = hashlib.sha256(b"another bank").digest()
QUARTERS = ((2025, 4), (2026, 1))
GRADES = ("deep", "medium", "light", "none")
AT_ONCE = 20_000


def credit_code(number: int) -> str:
    """The credit code of the enterprise of this number."""
    body = f"91330500MA2{number:06d}"
    return body + credit_code_check_character(body)


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def records_of(number: int, draw: random.Random) -> Iterator[Record]:
    """An enterprise's year: code, assessments, grades, obligation, lots, a pledge, a loan, a report, a grant."""
    code = credit_code(number)
    member = member_id(code)
    red = draw.random() < 0.03
    yield Record.of(
        "member", member=member, kinds=2, status=1, province=ZERO, since=NOW - 10**7, nameDigest=sha(f"name {number}")
    )
    for year, quarter in QUARTERS:
        shared = {"member": member, "project": ZERO, "year": year, "quarter": quarter, "revision": 1}
        shared |= {name: sha(f"{name} {number} {year} {quarter}") for name in ("inputsDigest", "explainDigest")}
        shared |= {"statisticsDigest": ZERO, "assessor": sha("assessor")}
        is_red = red and (year, quarter) == QUARTERS[-1]
        yield Record.of(
            "assessment",
            **shared,
            ruleSetId=sha("code-1"),
            colour=2 if is_red else 1,
            points=0,
            reasons=1 << 2 if is_red else 0,
            assessedAt=NOW - DAY,
        )
        grade = chain_name(draw.choice(GRADES))
        yield Record.of(
            "grade",
            **shared,
            schemeKey=chain_name("gcg-1"),
            schemeId=sha("gcg-1"),
            grade=grade,
            reached=grade,
            score=draw.randrange(10_001),
            gradedAt=NOW - DAY,
        )
    yield Record.of(
        "code",
        member=member,
        project=ZERO,
        state=5 if red else 1,
        since=NOW - 5 * DAY,
        due=NOW + 9 * DAY if red else 0,
        escalated=False,
        vetoUntil=0,
        caseId=sha(f"case {number}") if red else ZERO,
        year=2026,
        quarter=1,
        greyQuarters=0,
        redQuarters=int(red),
    )
    yield from _quota(number, member, draw)
    yield from _report(number, member, draw)
    if number % 4 == 0:
        yield from _loan(number, member, draw)
    if number % 3 == 0:
        yield Record.of(
            "grant",
            grantId=sha(f"grant {number}"),
            owner=member,
            grantee=BANK,
            scope=standing_scope(member),
            purpose=ZERO,
            validFrom=NOW - 10**6,
            expires=NOW + 10**6,
            revokedAt=0,
        )


def _quota(number: int, member: bytes, draw: random.Random) -> Iterator[Record]:
    obligation = draw.randrange(1_000, 5_000_000)
    numbers = dict.fromkeys(("pending", "offsets", "borrowed", "late", "arrears", "deduction", "deducted", "part"), 0)
    numbers |= {"obligation": obligation, "settled": obligation // 2, "surrendered": obligation // 2}
    yield Record.of(
        "year", member=member, year=2025, dueAt=NOW + 200 * DAY, status=1, report=sha(f"r{number}"), **numbers
    )
    for vintage in (2024, 2025):
        lot, amount = sha(f"lot {number} {vintage}"), draw.randrange(1, obligation)
        named = dict.fromkeys(("project", "decision", "plan", "source"), ZERO)
        yield Record.of(
            "lot",
            lot=lot,
            member=member,
            kind=1,
            vintage=vintage,
            amount=amount,
            serialFrom=0,
            registeredAt=0,
            issuedAt=NOW - 100 * DAY,
            **named,
        )
        pledged = amount // 3 if vintage == 2025 and number % 4 == 0 else 0
        states = {"registered": amount - pledged, "trading": 0, "frozen": 0, "pledged": pledged, "pending": 0}
        yield Record.of("position", member=member, lot=lot, provincial=0, **states)
        if pledged:
            yield Record.of(
                "pledge",
                pledgeId=sha(f"pledge {number}"),
                member=member,
                bank=BANK if number % 8 == 0 else OTHER_BANK,
                lot=lot,
                amount=pledged,
                held=pledged,
                released=0,
                enforced=0,
                loan=sha(f"credit {number}"),
                principal=draw.randrange(10**6, 10**11),
                termTo=NOW + 100 * DAY,
                offeredUntil=NOW,
                pledgedAt=NOW - 10 * DAY,
                endedAt=0,
                status=2,
            )


def _report(number: int, member: bytes, draw: random.Random) -> Iterator[Record]:
    report = sha(f"report {number}")
    names = ("ruleSetId", "monthsDigest", "linesDigest", "logId", "logRoot", "preparer", "verifier")
    digests = {name: sha(f"{name} {number}") for name in (*names, "findingsDigest", "regulator", "reasonDigest")}
    yield Record.of(
        "report",
        reportId=report,
        member=member,
        year=2025,
        logSize=9,
        emission=draw.randrange(10**9, 10**13),
        replaces=ZERO,
        filedAt=NOW - 90 * DAY,
        late=False,
        status=3,
        verifiedAt=NOW - 60 * DAY,
        decidedAt=NOW - 30 * DAY,
        **digests,
    )
    yield Record.of("current", member=member, year=2025, reportId=report)


def _loan(number: int, member: bytes, draw: random.Random) -> Iterator[Record]:
    project, investment = sha(f"project {number}"), draw.randrange(10**9, 10**12)
    reduction, principal = draw.randrange(10**9, 10**12), investment // draw.randrange(2, 9)
    attributed = part(reduction, principal, investment)
    bank = BANK if number % 8 == 0 else OTHER_BANK
    shared = {"member": member, "bank": bank, "project": project, "catalogue": sha("cerf"), "item": chain_name("wind")}
    yield Record.of(
        "loanproject",
        **shared,
        site=sha(f"site {number}"),
        permit=sha(f"permit {number}"),
        field=1,
        approvedAt=NOW - 400 * DAY,
        investment=investment,
        reduction=reduction,
        lent=principal,
        attributed=attributed,
        method=chain_name("grid-baseline"),
        factor=chain_name("east"),
        factorYear=2022,
        documents=ZERO,
        amendments=0,
        status=1,
    )
    yield Record.of(
        "loan",
        **shared,
        loan=sha(f"loan {number}"),
        rounding=1,
        principal=principal,
        outstanding=principal,
        attributed=attributed,
        approvedAt=NOW - 350 * DAY,
        drawnAt=NOW - 300 * DAY,
        dueAt=NOW + 900 * DAY,
        terms=sha(f"terms {number}"),
        pledge=ZERO,
        endedAt=0,
    )


def load(engine: Engine, numbers: Sequence[int], seed: int = 7) -> int:
    """Write the enterprises' records, a block each; how many records."""
    rows: list[dict[str, Any]] = []
    written = 0
    for number in numbers:
        at = 1_000_000 + number
        draw = random.Random(seed * 1_000_003 + number)
        rows += [_row(at, index, kept) for index, kept in enumerate(records_of(number, draw))]
        if len(rows) >= AT_ONCE or number == numbers[-1]:
            written += len(rows)
            with engine.begin() as connection:
                connection.execute(insert(record), rows)
            rows.clear()
    last = {"number": 1_000_000 + max(numbers), "hash": sha("head"), "parent_hash": sha("parent"), "timestamp": NOW}
    with engine.begin() as connection:
        connection.execute(insert(block).values(**last))
    return written


def _row(number: int, index: int, kept: Record) -> dict[str, Any]:
    fields = kept.fields()
    owner, year = fields.get("member", fields.get("owner")), fields.get("year")
    about = fields.get(ABOUT.get(kept.kind, ""))
    return {
        "block_number": number,
        "log_index": index,
        "kind": kept.kind,
        "record_key": kept.key().hex(),
        "id": kept.id.hex(),
        "fields": kept.to_json(),
        "member": owner.hex() if isinstance(owner, bytes) else None,
        "year": year if type(year) is int else None,
        "latest": 1,
        "about": about.hex() if isinstance(about, bytes) else None,
    }
