"""Index the chain, hand in the bundles, and serve API and pages."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx2
from sqlalchemy import Engine

from api.app import create_app, json_journal
from api.chain_tools import LedgerChainTools
from api.hooks import MASTER_BYTES, Hooks
from api.keys import new_key
from api.settings import Name, Settings, wall_clock
from api.webhooks import telling
from carbonledger.errors import CarbonLedgerError, Invalid
from ledger_node.chain.bindings.describe import describe_event
from ledger_node.db.engine import migrate, open_database, sqlite_url
from ledger_node.db.indexer import Indexer
from ledger_node.db.view import View
from ledger_node.queries import artefacts
from ledger_node.queries.artefacts import Artefact
from oracle import plans
from scripts.mainjob.cast import AUDITOR, BANK, ENTERPRISE, REGULATOR, VERIFIER
from scripts.mainjob.handover import HandedOver
from scripts.mainjob.home import write_durably
from scripts.mainjob.issuer import issuer_in
from scripts.mainjob.job import Parts
from scripts.mainjob.services import Service

FOLLOW_S: Final = 1.0
ROLES: Final = {
    REGULATOR: "regulator",
    ENTERPRISE: "enterprise",
    VERIFIER: "verifier",
    BANK: "bank",
    AUDITOR: "auditor",
}


class ApiService:
    """The service and the loop that follows the chain beside it."""

    def __init__(self, p: Parts, handed: HandedOver, package: Path, port: int) -> None:
        self._engine = open_database(sqlite_url(p.home.ledger))
        migrate(self._engine)
        self._indexer = Indexer(self._engine, p.chain, p.deployment.directory, describe_event)
        self._indexer.catch_up()
        keep_artefacts(self._engine, p, handed, package)
        self.keys = make_keys(self._engine, p)
        self._parts = p
        settings = Settings(
            policy=handed.policy.read_bytes(),
            mirrors={p.node.origin: p.node.log_dir},
            names={member.id.hex(): Name(member.code, member.name_zh, member.name_en) for member in p.cast.values()},
            head_age_alarm_s=366 * 86_400,
            hooks=hooks_of(p),
            clock=p.clock.now,
        )
        self._journal = (p.home.root / "api.log").open("a", encoding="utf-8")
        tools = LedgerChainTools(p.chain, p.relay.outbox)
        app = create_app(settings, self._engine, tools, journal=json_journal(self._journal))
        self._service = Service(app, "API", port)
        self.url = self._service.url
        self._hooks = ExitStack()
        self._hooks.enter_context(telling(self._engine, settings.hooks, wall_clock))
        self._view = View(sqlite_url(p.home.ledger), issuer=issuer_in(p.home, self.url, p.chain.chain_id))
        self._view.certify(p.clock.now)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._thread.start()

    def emission(self) -> int:
        """Grams of the enterprise's report as the API answers them."""
        member = self._parts.cast["enterprise"].id.hex()
        answer = httpx2.get(
            f"{self.url}/v1/reports", params={"member": member, "year": self._parts.year.year}, timeout=30
        )
        items = answer.json().get("items", []) if answer.status_code == 200 else []
        if len(items) != 1:
            raise Invalid("the API's reports of the year", expected="one", found=answer.text[:300])
        return int(items[0]["emission"]["value"])

    def wait(self) -> None:
        """Until it is stopped."""
        self._service.wait()

    def stop(self) -> None:
        """Stop serving and following."""
        self._stop.set()
        self._thread.join(timeout=10)
        self._service.stop()
        self._hooks.close()
        self._view.close()
        self._engine.dispose()
        self._journal.close()

    def _follow(self) -> None:
        p = self._parts
        while not self._stop.wait(FOLLOW_S):
            try:
                p.relay.outbox.step()
                if p.chain.waiting():
                    p.chain.advance()
                    p.relay.outbox.step()
                self._indexer.step()
                self._view.certify(p.clock.now)
            except CarbonLedgerError as error:
                p.progress.say(f"  following the chain: {error}")


def hooks_of(p: Parts) -> Hooks:
    """The secret from which those of webhooks follow, drawn once; the demonstration may post to this machine."""
    path = p.home.keys / "webhooks.secret"
    if not path.exists():
        write_durably(path, secrets.token_hex(MASTER_BYTES).encode() + b"\n")
        path.chmod(0o600)
    return Hooks.of(path, ("127.0.0.0/8", "::1/128"))


def keep_artefacts(engine: Engine, p: Parts, handed: HandedOver, package: Path) -> None:
    """What the enterprise hands in: the report's bundle for everybody, the reading's and the package for grantees."""
    member, year, at = p.cast["enterprise"].id.hex(), p.year.year, p.clock.now()
    report = handed.reported.report_id.hex()
    registry = p.relay.addresses["ControlPlanRegistry"]
    plan = plans.in_force(p.chain, registry, p.cast["enterprise"].id, year)
    offered = (
        ("report", report, handed.report, True),
        ("reading", report, handed.reading, False),
        ("audit-package", report, package, False),
        ("findings", report, handed.findings, False),
        *([("control-plan", plan.hex(), handed.plan, False)] if plan is not None else []),
    )
    with engine.begin() as connection:
        for kind, subject, path, public in offered:
            digest = hashlib.file_digest(path.open("rb"), "sha256").hexdigest()
            what = Artefact(digest, kind, subject, member, year, at, "VALID", public, path.stat().st_size)
            artefacts.keep(connection, what, path=path)


def make_keys(engine: Engine, p: Parts) -> Path:
    """One API key for each member of the demonstration, in a file that only its owner reads."""
    path = p.home.keys / "api-keys.json"
    if not path.exists():
        with engine.begin() as connection:
            made = {
                member.role: new_key(
                    connection, name=member.name_en, role=ROLES[member.kinds], member=member.id.hex(), now=p.clock.now()
                )
                for member in p.cast.values()
            }
            write_durably(path, json.dumps(made, indent=1).encode() + b"\n")
            path.chmod(0o600)
    return path
