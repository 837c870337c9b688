"""`draw`: show the secret of an inspection's lot, and have the contract draw the inspector (docs/assessment.md).

With the red code the assessor committed to a secret and to the candidates. The secret follows from the assessor's key;
the candidates are the members as they were when the run judged. Both are found again here and held against the
commitments before anything is sent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from carbonledger.acts import Act
from carbonledger.assessment import filing
from carbonledger.errors import Malformed, Refused, Unknown
from carbonledger.identifiers import object_id
from carbonledger.records import ZERO32
from ledger_node import config
from ledger_node.assessment.carrier import OutboxCarrier
from ledger_node.assessment.run import ADMITTED, INSPECTORS, Assessor, lot_secret
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.commands import keyfile
from ledger_node.commands.assess import assessor_of
from ledger_node.commands.fsck import deployment_of
from ledger_node.commands.run import wall_clock
from ledger_node.db.engine import open_database
from ledger_node.db.view import View
from ledger_node.queries import records
from ledger_node.queries.members import rosters

MOST_ROSTERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Lot:
    """What the commitments of a case open to."""

    case: bytes
    member: bytes
    secret: bytes
    candidates: tuple[bytes, ...]


def add_parser(commands: Any) -> None:
    """Add `draw` to the sub-commands."""
    parser = commands.add_parser("draw", help="show the secret of an inspection's lot and draw the inspector")
    parser.description = __doc__
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--config", type=Path, default=Path(config.FILE_NAME), metavar="FILE")
    parser.add_argument("--case", required=True, metavar="HEX", help="id of the case, as GET /v1/inspections names it")
    parser.add_argument("--key", required=True, type=Path, metavar="FILE", help="the assessor's act key, mode 600")
    parser.add_argument("--payer", type=Path, metavar="FILE", help="key that sends; without it the lot is only shown")
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the keystores, mode 600")
    parser.set_defaults(action=_draw)


def open_lot(connection: Connection, assessor: Assessor, case: bytes) -> Lot:
    """The secret and the candidates of a case; Unknown for no case, Refused where they do not open the commitments."""
    kept = records.one(connection, "inspection", case.hex())
    if kept is None:
        raise Unknown("case of an inspection", expected="the id of one", found=case.hex())
    secret = lot_secret(assessor, case)
    if filing.lot(secret).hex() != kept["lot"]:
        raise Refused(
            "this key did not commit to the lot", expected=kept["lot"], found=filing.lot(secret).hex(),
            remedy="Use the act key under which the quarter was assessed",
        )  # fmt: skip
    member = bytes.fromhex(kept["member"])
    for candidates in _candidates(connection, member, kept.block_number):
        if filing.candidates_digest(candidates).hex() == kept["candidatesDigest"]:
            return Lot(case, member, secret, candidates)
    raise Refused("no list of candidates opens the commitment", expected=kept["candidatesDigest"], found="none")


def assign(carrier: OutboxCarrier, assessor: Assessor, lot: Lot) -> None:
    """Show the secret to the contract, which draws; the same again changes nothing."""
    named: dict[str, Any] = {"caseId": lot.case, "assessor": assessor.member, "secret": lot.secret}
    named["reference"] = object_id(f"assignment of {lot.case.hex()}")
    carrier.carry(lambda deadline: Act("Assignment", **named, deadline=deadline), list(lot.candidates))
    carrier.settle()


def _candidates(connection: Connection, member: bytes, until: int) -> Iterator[tuple[bytes, ...]]:
    """Admitted banks and verifiers but the subject, after each change of the members, the last before a block first."""
    for number, roster in enumerate(rosters(connection, until)):
        if number >= MOST_ROSTERS:
            return
        fit = (m for m in roster if int(m["kinds"]) & INSPECTORS and int(m["status"]) == ADMITTED)
        yield tuple(sorted(found for m in fit if (found := bytes.fromhex(m.id)) != member))


def _draw(arguments: argparse.Namespace) -> int:
    try:
        case = bytes.fromhex(arguments.case)
    except ValueError:
        case = b""
    if len(case) != len(ZERO32):
        raise Malformed("--case", expected="64 hex digits", found=arguments.case[:80])
    settings = config.load(arguments.config)
    key = keyfile.read_chain_key(arguments.key, arguments.passphrase_file).seed
    payer = None
    if arguments.payer is not None:
        payer = keyfile.read_chain_key(arguments.payer, arguments.passphrase_file).seed
    chain = open_chain(settings.chain.url, Path(settings.chain.home), wall_clock)
    view = View(settings.database)
    try:
        print(json.dumps(draw(settings, chain, view, case, key, payer), indent=1))
    finally:
        view.close()
        chain.close()
    return 0


def draw(
    settings: config.Settings, chain: Chain, view: View, case: bytes, key: bytes, payer: bytes | None
) -> dict[str, Any]:
    """The lot, and who inspects; with a payer's key the act is sent where it was not yet."""
    directory = settings.chain.address
    addresses = deployment_of(chain, directory).addresses
    assessor = assessor_of(chain, addresses, key)
    view.migrate()
    view.catch_up(chain, directory)
    engine = open_database(settings.database)
    try:
        with engine.connect() as connection:
            lot = open_lot(connection, assessor, case)
        if payer is not None:
            outbox = Outbox(Path(settings.chain.home) / "assessor.db", chain, payer, clock=wall_clock)
            try:
                assign(OutboxCarrier(chain, outbox, view, directory, addresses, key, wall_clock), assessor, lot)
            finally:
                outbox.close()
        with engine.connect() as connection:
            kept = records.one(connection, "inspection", case.hex())
    finally:
        engine.dispose()
    assert kept is not None
    drawn = None if kept["inspector"] == ZERO32.hex() else kept["inspector"]
    if payer is not None and drawn is None:
        print("the inspector is not drawn: the chain did not take the act", file=sys.stderr)
    candidates = [candidate.hex() for candidate in lot.candidates]
    return {"case": case.hex(), "lot": kept["lot"], "secret": lot.secret.hex(), "candidates": candidates} | {
        "inspector": drawn
    }
