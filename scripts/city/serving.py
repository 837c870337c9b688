"""The city's alerts by the node's own jobs, and its pages and operations by the API."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO

from fastapi import FastAPI
from sqlalchemy import Connection, Engine, select

from api.access import Role
from api.app import create_app, json_journal
from api.keys import new_key
from api.settings import Name, Settings
from ledger_node.alerts import jobs
from ledger_node.alerts.known import BEIJING
from ledger_node.db.engine import migrate, open_database, sqlite_url
from ledger_node.db.schema import alert, disclosed_profile
from ledger_node.jobs.queue import Queue
from scripts.city.checkup import as_of
from scripts.city.handed import POLICY
from scripts.city.office import LAST_QUARTER, members
from scripts.mainjob.cast import Member
from scripts.mainjob.home import Home, write_durably
from scripts.mainjob.progress import Progress
from scripts.mainjob.services import Service

KEYS: Final = "city-keys.json"


def today() -> int:
    """The city's day, seconds: that of the last check-up, at noon in Beijing."""
    day = as_of(LAST_QUARTER)
    return int((datetime(day.year, day.month, day.day, 12, tzinfo=BEIJING)).timestamp())


def tell_alerts(database: Path) -> str:
    """Run the day's jobs to their end; what stands now, in words."""
    engine = open_database(sqlite_url(database))
    try:
        migrate(engine)
        with engine.begin() as connection:
            jobs.find(connection, today())
        queue = Queue(engine, jobs.handlers(jobs.Post()), today)
        while queue.step():
            pass
        with engine.connect() as connection:
            rows = connection.execute(select(alert.c.rule).where(alert.c.state != "past"))
            counted = Counter(str(rule) for (rule,) in rows)
    finally:
        engine.dispose()
    return ", ".join(f"{rule} {count}" for rule, count in sorted(counted.items())) or "none"


def serve(home: Home, port: int, progress: Progress) -> None:
    """API and pages until stopped; a key for each role lies in the home."""
    with (home.root / "api.log").open("a", encoding="utf-8") as log:
        engine = open_database(sqlite_url(home.ledger))
        service = Service(application(home, engine, log), "API", port)
        where = home.keys / KEYS
        progress.say(f"serving {service.url}/region (Ctrl-C stops); a key for each role is in {where}")
        try:
            service.wait()
        finally:
            service.stop()
            engine.dispose()


def _readers(connection: Connection, cast: Mapping[str, Member]) -> list[tuple[Role, str, str]]:
    """A key for each door: role, whose it is, and its member's id; the enterprise is a red one where there is one."""
    roles: dict[Role, str] = {"regulator": "regulator-1", "bank": "bank", "verifier": "verifier", "auditor": "auditor"}
    found = [(role, cast[name].name_en, cast[name].id.hex()) for role, name in roles.items()]
    p = disclosed_profile.c
    firms = connection.execute(select(p.member, p.name_en).order_by(p.credit_code)).all()
    red = select(alert.c.member).where(alert.c.rule == "A08", alert.c.state != "past")
    stopped = {str(member) for (member,) in connection.execute(red)}
    ordered = sorted(firms, key=lambda firm: firm.member not in stopped)
    return [*found, *(("enterprise", firm.name_en, firm.member) for firm in ordered[:1])]


def _key(connection: Connection, role: Role, name: str, member: str) -> str:
    return new_key(connection, name=name, role=role, member=member, now=today())


def application(home: Home, engine: Engine, log: TextIO) -> FastAPI:
    """The API over the city's database; its clock stands on the city's day."""
    cast = members(home)
    path = home.keys / KEYS
    if not path.exists():
        with engine.begin() as connection:
            made = {role: _key(connection, role, name, member) for role, name, member in _readers(connection, cast)}
        write_durably(path, json.dumps(made, indent=1).encode() + b"\n")
        path.chmod(0o600)
    with engine.connect() as connection:
        p = disclosed_profile.c
        rows = connection.execute(select(p.member, p.credit_code, p.name_zh, p.name_en)).all()
    names = {row.member: Name(row.credit_code, row.name_zh, row.name_en) for row in rows}
    names |= {member.id.hex(): Name(member.code, member.name_zh, member.name_en) for member in cast.values()}
    policy = home.out / POLICY
    trusted = policy.read_bytes() if policy.exists() else None
    return create_app(Settings(names=names, clock=today, policy=trusted), engine, journal=json_journal(log))
