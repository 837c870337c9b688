"""`credentials`: certificates as Verifiable Credentials (docs/credentials.md).

issue    issue what the chain gives now, and sign the status lists; a running node does it by itself
list     certificates with how each stands
revoke   one, for a reason; the running node signs the list anew
addresses  under which was issued, how many certificates stand, and until when each address has to answer
withdraw-key   a key that others may have: out of the issuer's document, and what it signed is signed again
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from carbonledger.errors import Invalid
from carbonledger.identifiers import member_id
from carbonledger.periods import rfc3339
from ledger_node import config
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.commands.run import issuer_of, wall_clock
from ledger_node.credentials.standing import REASONS
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.view import View
from ledger_node.jobs import credentials as jobs
from ledger_node.queries import credentials
from ledger_node.queries.credentials import Issued

_PAGE: Final = 1000
_ID_DIGITS: Final = 64


def add_parser(commands: Any) -> None:
    """Add `credentials` to the sub-commands."""
    parser = commands.add_parser("credentials", help="certificates: issue, list, revoke", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parts = parser.add_subparsers(required=True, metavar="PART")
    _part(parts, "issue", _issue, "issue what the chain gives now, and sign the status lists")
    part = _part(parts, "list", _list, "certificates with how each stands")
    part.add_argument("--member", metavar="CODE", help="only of this member: credit code or id")
    part.add_argument("--json", action="store_true", help="JSON lines")
    part = _part(parts, "revoke", _revoke, "revoke one; nothing takes that back")
    part.add_argument("id", metavar="ID", help="of the certificate, 32 hex digits")
    part.add_argument("--reason", required=True, choices=REASONS)
    part.add_argument("--note", default="", metavar="TEXT", help="for the record: the decision's number, say")
    part = _part(parts, "addresses", _addresses, "addresses under which was issued, and how long each has to answer")
    part = _part(parts, "withdraw-key", _withdraw_key, "take a key out of the issuer's document; sign again")
    part.add_argument("multikey", metavar="MULTIKEY", help="the old key, z6Mk…; the configuration names the new one")


def _part(parts: Any, name: str, action: Any, text: str) -> argparse.ArgumentParser:
    part: argparse.ArgumentParser = parts.add_parser(name, help=text, description=text)
    part.add_argument("--config", type=Path, default=Path(config.FILE_NAME), metavar="FILE")
    part.set_defaults(action=action)
    return part


def _issue(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.config)
    with _issuing(settings, arguments) as (chain, view):
        view.catch_up(chain, settings.chain.address)
        done = view.certify(wall_clock, again=True)
    print(f"brought the certificates of {done} subjects up to the chain", file=sys.stderr)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    now = wall_clock()
    with _database(arguments) as connection:
        for issued in _wanted(connection, arguments.member):
            if arguments.json:
                print(json.dumps(_document(issued, now), ensure_ascii=False, sort_keys=True))
            else:
                said = " ".join(str(value) for value in issued.claim.said.values())
                why = issued.revoked or issued.suspended or ""
                print(f"{issued.id}  {issued.claim.kind:<10}  {issued.standing(now):<9}  {why:<14}  {said}")
    return 0


def _addresses(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.config).credentials
    with _database(arguments) as connection:
        found = credentials.bases(connection, wall_clock())
    named = {} if settings is None else dict.fromkeys(settings.former, "former") | {settings.base_url: "present"}
    for base in found:
        until = "-" if not base.standing else "without end" if base.last is None else rfc3339(base.last * 1000)
        role = named.get(base.url, "not named")
        print(f"{base.url}  {role}  {base.issued} issued, {base.standing} standing, until {until}")
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    with _database(arguments) as connection:
        issued = jobs.revoke(connection, arguments.id, arguments.reason, arguments.note, wall_clock())
        connection.commit()
    assert issued.revoked_at is not None
    print(f"{issued.id} is revoked since {rfc3339(issued.revoked_at * 1000)}: {issued.revoked}", file=sys.stderr)
    return 0


def _withdraw_key(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.config)
    with _issuing(settings, arguments) as (chain, view):
        view.catch_up(chain, settings.chain.address)
        there, signed = view.withdraw_key(arguments.multikey, wall_clock)
    print(f"{'withdrawn' if there else 'it was not there'}; signed again: {signed}", file=sys.stderr)
    return 0


@contextmanager
def _issuing(settings: config.Settings, arguments: argparse.Namespace) -> Iterator[tuple[Chain, View]]:
    if settings.credentials is None:
        raise Invalid("issuing certificates", expected="a table [credentials]", found=f"none in {arguments.config}")
    with ExitStack() as stack:
        chain = stack.enter_context(closing(open_chain(settings.chain.url, Path(settings.chain.home), wall_clock)))
        issuer = issuer_of(settings.credentials, chain.chain_id)
        view = stack.enter_context(closing(View(settings.database, issuer=issuer)))
        view.migrate()
        yield chain, view


@contextmanager
def _database(arguments: argparse.Namespace) -> Iterator[Connection]:
    engine = open_database(config.load(arguments.config).database)
    try:
        migrate(engine)
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _wanted(connection: Connection, member: str | None) -> Iterator[Issued]:
    if member is not None:
        yield from credentials.of_member(connection, member if len(member) == _ID_DIGITS else member_id(member).hex())
        return
    after = ""
    while page := credentials.every(connection, after, _PAGE):
        yield from page
        after = page[-1].id


def _document(issued: Issued, now: int) -> dict[str, Any]:
    claim = issued.claim
    until = claim.valid_until
    return {
        "id": issued.id,
        "kind": claim.kind,
        "member": claim.member,
        "project": claim.project,
        "record": claim.record,
        "revoked": issued.revoked,
        "said": claim.said,
        "standing": issued.standing(now),
        "suspended": issued.suspended,
        "valid_from": rfc3339(claim.valid_from * 1000),
        "valid_until": None if until is None else rfc3339(until * 1000),
    }
