"""The ledger of an enterprise and a year as one document: what a screen shows, and what its JSON twin says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from api import present, schemas
from api.access import Caller, basis_of
from api.keeping import Opened, open_report
from api.problems import Problem
from api.routes.reports import report_document
from api.service import Service
from ledger_node.queries import access, activity, artefacts, logs, members, reports
from ledger_node.queries.records import Kept

MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """The document, and the bundle that opens its figures where the caller may read it."""

    ledger: schemas.Ledger
    opened: Opened | None


def ledger_of(service: Service, connection: Connection, caller: Caller, member: str, year: int | None) -> Shown:
    """The ledger of a member (id in hex); without a year, of the last year with filings. Problem 404 for no member.

    Readers without a key see months, meters and lines where a public bundle discloses them; a read of a private bundle
    is written down.
    """
    kept = members.member(connection, member)
    if kept is None:
        raise Problem("not-found", "There is no member of this id.", found=member)
    years = reports.years(connection, member)
    year = year if year is not None else (years[0] if years else None)
    if year is None:
        raise Problem("not-found", "This member has filed nothing yet.", found=member)
    report = reports.current(connection, member, year)
    opened = None if report is None else open_report(connection, caller, report.id)
    if opened is not None and not opened.artefact.public:
        _write_down(service, connection, caller, opened)
    sees_details = caller.role != "public" or opened is not None
    document = schemas.Ledger(
        member=present.member(kept, service.settings),
        year=year,
        years=years,
        report=None if report is None else report_document(connection, caller, report),
        months=_months(reports.months(connection, member, year), opened, service, sees_details),
        lines=_lines(service, connection, report) if sees_details and report is not None else None,
        devices=_devices(connection, member, opened) if sees_details else None,
        logs=[present.log(log, service.settings) for log in logs.logs(connection, member=member)],
        artefacts=[
            present.artefact(found)
            for found in artefacts.of_member(connection, member, year)
            if basis_of(connection, caller, found) is not None
        ],
    )
    return Shown(document, opened)


def _months(
    filed: list[Kept], opened: Opened | None, service: Service, sees_details: bool
) -> list[schemas.LedgerMonth]:
    by_month = {int(month["month"]): month for month in filed}
    found = []
    for number in range(1, 13):
        month = by_month.get(number) if sees_details else None
        found.append(
            schemas.LedgerMonth(
                month=number,
                filed=month is not None,
                filed_at=None if month is None else present.time(month["filedAt"]),
                late=None if month is None else bool(month["late"]),
                commitment=None if month is None else month["commitment"],
                quantities=None if opened is None else _quantities(opened, number, service),
            )
        )
    return found


def _quantities(opened: Opened, number: int, service: Service) -> list[schemas.MonthQuantity]:
    return [
        schemas.MonthQuantity(
            code=line.code,
            item=line.item.hex(),
            quantity=schemas.Amount(value=str(line.quantity), unit=service.units.get(line.code, "")),
        )
        for line in opened.report.months[number - 1].statement.lines
    ]


def _lines(service: Service, connection: Connection, report: Kept) -> list[schemas.Line] | None:
    filed = activity.lines_of(connection, report.id)
    return None if filed is None else [present.line(report.id, line, service.units) for line in filed]


def _devices(connection: Connection, member: str, opened: Opened | None) -> list[schemas.Device]:
    named = opened.named_devices() if opened is not None else {}
    return [present.device(d, named) for d in members.devices(connection, member, after=None, limit=MOST)]


def _write_down(service: Service, connection: Connection, caller: Caller, opened: Opened) -> None:
    basis = basis_of(connection, caller, opened.artefact)
    with service.engine.begin() as writing:
        access.write(
            writing,
            at=service.now(),
            reader=caller.reader,
            owner=opened.artefact.member,
            what=f"figures of {opened.artefact.kind} {opened.artefact.subject}",
            basis=str(basis),
        )
