"""`python -m api`: serve API and pages; `python -m api key …`: make, list and end API keys."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from sqlalchemy import Engine

from api import keys
from api.access import KEYED
from api.app import create_app
from api.chain_tools import ChainTools, LedgerChainTools
from api.delivery import delivering, recipients_of
from api.settings import FILE_NAME, ChainTable, load, wall_clock
from api.webhooks import telling
from carbonledger.errors import CarbonLedgerError, Refused
from carbonledger.identifiers import member_id
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.commands.keyfile import read_chain_key
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.failures import failures
from ledger_node.listening import listening, url_of
from ledger_node.queries import keys as known_keys

STEP_S: Final = 1.0


def main(arguments: list[str] | None = None) -> int:
    """0 done; 2 refused, with the reason."""
    options = _parser().parse_args(arguments)
    try:
        config = load(options.config)
        folder = options.config.resolve().parent
        engine = open_database(config.database_in(folder))
        with failures():
            migrate(engine)
            if options.command == "key":
                return _keys(engine, options)
        settings = config.settings(folder)
        for origin, place in settings.mirrors.items():
            if not place.is_dir():  # it may still be copied here: all else is served meanwhile
                print(
                    f"log {origin}: expected its folder of tiles at {place}, found none; its tiles and proofs are not "
                    "served until it is there",
                    file=sys.stderr,
                )
        with (
            _chain(config.chain, folder) as chain,
            delivering(engine, recipients_of(config, folder), wall_clock),
            telling(engine, settings.hooks, wall_clock),
        ):
            app = create_app(settings, engine, chain)
            with listening("API", config.host, config.port) as door:
                print(f"serving {url_of(door)}", flush=True)
                server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
                server.run(sockets=[door])
                if not server.started:
                    raise Refused("the API did not start", expected="an application that starts", found="see above")
        return 0
    except (CarbonLedgerError, OSError) as error:
        print(f"python -m api: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(FILE_NAME), help=f"configuration (default {FILE_NAME})")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("run", help="serve (the default)")
    key = commands.add_parser("key", help="API keys").add_subparsers(dest="action", required=True)
    add = key.add_parser("add", help="make a key; it is shown once")
    add.add_argument("--name", required=True, help="what the key is for")
    add.add_argument("--role", required=True, choices=sorted(KEYED))
    add.add_argument("--member", help="unified social credit code or id of the member for whom it acts")
    end = key.add_parser("revoke", help="end a key")
    end.add_argument("id")
    key.add_parser("list", help="all keys, without their secrets")
    return parser


def _keys(engine: Engine, options: argparse.Namespace) -> int:
    with engine.begin() as connection:
        if options.action == "add":
            member = options.member
            if member is not None and len(member) != 64:
                member = member_id(member).hex()
            print(keys.new_key(connection, name=options.name, role=options.role, member=member, now=wall_clock()))
        elif options.action == "revoke":
            if not known_keys.revoke(connection, options.id, wall_clock()):
                raise Refused("there is no such key in use", expected="the id of one", found=options.id)
        else:
            for known in known_keys.every(connection):
                state = "revoked" if known.revoked_at else "in use"
                print(f"{known.id}  {known.role:<10}  {known.member or '-':<64}  {state:<8}  {known.name}")
    return 0


@contextmanager
def _chain(table: ChainTable | None, folder: Path) -> Iterator[ChainTools | None]:
    """The chain of the configuration, and a relayer's outbox that is stepped beside the service."""
    if table is None:
        yield None
        return
    home = folder / table.home
    chain = open_chain(table.url, home, wall_clock)
    outbox = None
    stop = threading.Event()
    try:
        if table.key_file:
            relayer = read_chain_key(folder / table.key_file, None)
            outbox = Outbox(home / "outbox.db", chain, relayer.seed, clock=wall_clock)
            threading.Thread(target=_step, args=(outbox, stop), name="outbox", daemon=True).start()
        yield LedgerChainTools(chain, outbox)
    finally:
        stop.set()
        if outbox is not None:
            outbox.close()
        chain.close()


def _step(outbox: Outbox, stop: threading.Event) -> None:
    while not stop.wait(STEP_S):
        try:
            outbox.step()
        except CarbonLedgerError as error:
            print(f"outbox: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
