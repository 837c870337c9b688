"""What the contracts keep of a year of the log: member, keys, devices, anchors, months and the approved report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from carbonledger.accounting import library
from carbonledger.accounting.lines import lines_digest
from carbonledger.bundle import chain_key_id
from carbonledger.identifiers import chain_name, object_id
from carbonledger.keccak import keccak256
from carbonledger.periods import month_bounds
from carbonledger.records import Record, chain_of
from carbonledger.verify.context import committed_code_hashes
from tests.support.actors import (
    CLERK,
    ENTERPRISE,
    GATEWAY,
    ITEM,
    ORIGIN,
    PROVINCE,
    REGULATOR,
    VERIFIER,
    WITNESS_MEMBER,
    YEAR,
    ZERO,
)
from tests.support.year_log import Year

Records = dict[tuple[str, bytes], Record]
"""By kind and id."""

MONTH_IDS = [hashlib.sha256(b"act of month %d" % month).digest() for month in range(1, 13)]
REPORT_ID = hashlib.sha256(b"act of report").digest()


def records_of(year: Year, addresses: Mapping[str, bytes]) -> Records:
    """All records of all contracts, which stand at these addresses."""
    year_end = month_bounds(YEAR, 12)[1] // 1000
    opened = month_bounds(YEAR, 1)[0] // 1000 - 86_400
    found: list[Record] = [Record.of("governance", threshold=2, regulators=3, founders=keccak256(b"founders"))]
    for name, versions in committed_code_hashes().items():
        found.append(
            Record.of(
                "contract",
                name=chain_name(name),
                version=1,
                location=addresses[name],
                codeHash=bytes.fromhex(versions["1"]),
                since=opened,
            )
        )
    for who, kinds in ((ENTERPRISE, 2), (VERIFIER, 8), (REGULATOR, 1), (WITNESS_MEMBER, 1)):
        found.append(
            Record.of("member", member=who, kinds=kinds, status=1, province=PROVINCE, since=opened, nameDigest=ZERO)
        )
    gateway = object_id(GATEWAY)
    for vkey, who, purpose, subject in (
        (year.vkeys["log-chain"], ENTERPRISE, 2, gateway),
        (year.vkeys["log"], ENTERPRISE, 3, gateway),
        (year.vkeys["witness-chain"], WITNESS_MEMBER, 4, WITNESS_MEMBER),
        (year.vkeys["witness"], WITNESS_MEMBER, 5, WITNESS_MEMBER),
    ):
        found.append(_key(chain_key_id(vkey), who, purpose, subject, vkey.key.number, opened))
    devices = [object_id(meter) for meter in year.meters]
    for meter, device in zip(year.meters, devices, strict=True):
        public = year.meter_key(meter).public
        found.append(_key(public.key_id, ENTERPRISE, 6, device, public.number, opened))
        found.append(
            Record.of(
                "device",
                device=device,
                member=ENTERPRISE,
                unit=ITEM,
                kind=1,
                keyId=public.key_id,
                saltDigest=hashlib.sha256(year.device_salt(meter)).digest(),
                measure=1,
                registerType=2 if year.by_interval else 1,
                ratedMax=25 if year.modulus else 1_000_000,  # W: slower than one roll-over a month
                accuracyClass=50,
                modulus=year.modulus,
                calibration=hashlib.sha256(b"certificate").digest(),
                calibrationTo=year_end + 86_400 * 365,
                installedFrom=opened,
                removedAt=0,
                replaces=ZERO,
            )
        )
    found.append(Record.of("unit", unit=ITEM, member=ENTERPRISE, count=len(devices), chain=chain_of(devices)))
    found.append(Record.of("units", member=ENTERPRISE, count=1, chain=chain_of([ITEM])))
    log_id, previous = object_id(ORIGIN), 0
    for number, size in enumerate(year.anchor_sizes):
        time = year.anchor_time(size)
        root = year.roots[size]
        found.append(
            Record.of("anchor", logId=log_id, size=size, root=root, previousSize=previous, time=time, block=10 + number)
        )
        previous = size
    found.append(
        Record.of(
            "log",
            logId=log_id,
            member=ENTERPRISE,
            gateway=gateway,
            witnessQuorum=1,
            size=year.size,
            root=year.roots[year.size],
            anchoredAt=year.anchor_time(year.size),
            anchors=len(year.anchor_sizes),
            status=1,
        )
    )
    rules = year.statement.rules
    if year.coal:
        public = year.clerk.public
        found.append(_key(public.key_id, ENTERPRISE, 7, object_id(CLERK), public.number, opened))
    used = year.factors_used
    found += [Record.of("factor", **f.act_fields()) for f in (*rules.factors, *library.factors()) if f.id in used]
    found.append(
        Record.of(
            "ruleset",
            ruleSetId=rules.id,
            key=chain_name(rules.key),
            yearFrom=rules.years[0],
            yearTo=rules.years[1],
            status=1,
            formDigest=rules.form_digest(),
        )
    )
    for month, (salt, statement) in enumerate(year.months, 1):
        found.append(
            Record.of(
                "month",
                monthId=MONTH_IDS[month - 1],
                member=ENTERPRISE,
                year=YEAR,
                month=month,
                commitment=statement.commitment(salt),
                preparer=ENTERPRISE,
                replaces=ZERO,
                filedAt=year_end + 1000,
                late=False,
            )
        )
    found.append(
        Record.of(
            "report",
            reportId=REPORT_ID,
            member=ENTERPRISE,
            year=YEAR,
            ruleSetId=rules.id,
            monthsDigest=keccak256(b"".join(MONTH_IDS)),
            linesDigest=lines_digest(year.statement.chain_lines),
            logId=log_id,
            logSize=year.size,
            logRoot=year.roots[year.size],
            emission=year.statement.emission,
            preparer=ENTERPRISE,
            replaces=ZERO,
            filedAt=year_end + 2_000_000,
            late=False,
            status=3,
            verifier=VERIFIER,
            verifiedAt=year_end + 2_100_000,
            findingsDigest=ZERO,
            regulator=REGULATOR,
            decidedAt=year_end + 2_200_000,
            reasonDigest=ZERO,
        )
    )
    found.append(Record.of("current", member=ENTERPRISE, year=YEAR, reportId=REPORT_ID))
    return {(record.kind, record.id): record for record in found}


def changed(records: Records, kind: str, identifier: bytes | None = None, **values: Any) -> None:
    """Change fields of one record (the only one of its kind, where no id is given) in place."""
    where = [at for at in records if at[0] == kind and identifier in (None, at[1])]
    assert len(where) == 1
    records[where[0]] = Record.of(kind, **(records[where[0]].fields() | values))


def _key(identifier: bytes, who: bytes, purpose: int, subject: bytes, algorithm: int, since: int) -> Record:
    return Record.of(
        "key",
        keyId=identifier,
        member=who,
        purpose=purpose,
        subject=subject,
        algorithm=algorithm,
        validFrom=since,
        validTo=0,
        compromisedSince=0,
    )
