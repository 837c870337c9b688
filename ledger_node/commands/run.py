"""`run`: follow the chain, serve health, metrics and the witness, until told to stop."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from carbonledger.identifiers import member_id
from carbonledger.keys import PrivateKey
from ledger_node.alerts.jobs import Post
from ledger_node.alerts.mail import MailTable, over_smtp
from ledger_node.chain.errors import Unreachable
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.commands.assessing import Assessing
from ledger_node.commands.follow import LONGEST_WAIT_S, Follower, Journal
from ledger_node.commands.health import create_health
from ledger_node.commands.keyfile import read_keystore, read_passphrase, read_secret_file
from ledger_node.commands.trading import Trading
from ledger_node.config import CredentialSettings, Settings, WitnessSettings
from ledger_node.credentials.issuer import Issuer
from ledger_node.db.view import View
from ledger_node.listening import listening, url_of
from ledger_node.witness import WitnessedLog, WitnessKeys, create_witness

_STOPPING_S = 5


def run(settings: Settings, out: TextIO = sys.stdout) -> int:
    """Run until SIGTERM or SIGINT; 0. WrongChain where the database is a view of another chain."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    journal = json_lines(out)
    with ExitStack() as stack:
        chain = _open(settings, stop, journal)
        if chain is None:
            return 0
        stack.callback(chain.close)
        view = View(settings.database, post_of(settings.mail), issuer_of(settings.credentials, chain.chain_id))
        stack.callback(view.close)
        view.migrate()
        view.begin_issuing(wall_clock)
        follower = Follower(
            chain,
            view,
            settings.chain.address,
            clock=wall_clock,
            poll_interval_s=settings.poll_interval_s,
            head_age_alarm_s=settings.head_age_alarm_s,
            journal=journal,
        )
        witness = None if settings.witness is None else _witness(settings.witness, chain)
        if witness is not None:
            stack.callback(witness.state.service.store.close)
        trading = None
        if settings.exchange is not None:
            trading = Trading(settings.exchange, settings.database, chain, clock=wall_clock, journal=journal)
            stack.callback(trading.close)
        assessing = None
        if settings.assessor is not None:
            assessing = Assessing(
                settings.assessor,
                database=settings.database,
                view=view,
                chain=chain,
                directory=settings.chain.address,
                clock=wall_clock,
                journal=journal,
            )
            stack.callback(assessing.close)
        url = stack.enter_context(_Server(create_health(lambda: follower.standing, witness), settings)).url
        journal.info(
            "started",
            url=url,
            chain=chain.url,
            chain_id=chain.chain_id,
            genesis=chain.genesis_hash.hex(),
            directory=settings.chain.directory,
            witness=settings.witness.name if settings.witness else None,
        )
        wait_s = 0.0
        while not stop.wait(wait_s):
            wait_s = follower.step()
            if trading is not None:
                trading.step()
            if assessing is not None and not follower.standing.failures and assessing.step():
                wait_s = 0.0
        journal.info("stopped", at=follower.standing.at)
    return 0


def post_of(mail: MailTable | None) -> Post:
    """Where letters of alerts go, and how; nowhere without a mail server."""
    if mail is None:
        return Post()
    password = read_passphrase(Path(mail.password_file)).decode() if mail.password_file else ""
    contacts = {member_id(contact.credit_code).hex(): contact.address for contact in mail.contact}
    return Post(mail.sender, contacts, mail.escalation, over_smtp(mail, password))


def issuer_of(settings: CredentialSettings | None, chain_id: int) -> Issuer | None:
    """The issuer of a configuration with its key; None where nobody issues. Refused for a key that others can read."""
    if settings is None:
        return None
    word = read_passphrase(Path(settings.passphrase_file))
    key = PrivateKey.from_pem(read_secret_file(Path(settings.key)), word)
    return Issuer(settings.base_url, key, chain_id, settings.validity_days, settings.list_days, settings.former)


def wall_clock() -> int:
    """Seconds of Unix time."""
    return int(time.time())


def json_lines(out: TextIO) -> Journal:
    """A logger of one JSON object a line."""
    journal: Journal = structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
    )
    return journal


def _open(settings: Settings, stop: threading.Event, journal: Journal) -> Chain | None:
    """The chain, waiting for its first node as long as it takes; None when told to stop meanwhile."""
    wait = settings.poll_interval_s
    while True:
        try:
            return open_chain(settings.chain.url, Path(settings.chain.home), wall_clock)
        except Unreachable as error:
            wait = min(LONGEST_WAIT_S, 2 * wait)
            journal.warning("cannot reach the chain", error=str(error), next_in_s=wait)
        if stop.wait(wait):
            return None


def _witness(settings: WitnessSettings, chain: Chain) -> Starlette:
    word = read_passphrase(Path(settings.passphrase_file))
    keys = WitnessKeys(
        settings.name,
        PrivateKey.from_pem(read_secret_file(Path(settings.note_key)), word),
        read_keystore(Path(settings.chain_key), word) if settings.chain_key else None,
    )
    logs = [WitnessedLog(log.origin, log.verifier_keys()) for log in settings.log]
    return create_witness(Path(settings.store), keys, logs, chain.chain_id, wall_clock)


class _Server:
    """An application that listens in a thread of its own while the context lasts."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._socket = listening("ledger node", settings.http.host, settings.http.port)
        self.url = url_of(self._socket)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=_STOPPING_S)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="http", daemon=True)

    def __enter__(self) -> _Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=2 * _STOPPING_S)
        self._socket.close()
