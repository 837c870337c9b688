"""Four real validators drop blocks: what the SQL view built on them is taken back, and comes again once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ledger_node.chain import open_chain
from ledger_node.chain.bindings import directory as directory_binding
from ledger_node.chain.bindings import structs
from ledger_node.chain.bindings.describe import describe_event
from ledger_node.chain.outbox import Outbox
from ledger_node.contract_names import NAMES
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.indexer import Indexer
from ledger_node.db.schema import record
from ledger_node.deployment import Deployment, plan
from tests.integration.chain_kit import wait_for
from tests.integration.geth_network import geth_network
from tests.support import databases

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KEY = b"\x21" * 32
CONTRACTS = len(NAMES)


def _wall() -> int:
    return int(time.time())


def test_records_of_dropped_blocks_leave_the_view_and_come_back_once(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # a short folder: a socket's path in it may have 107 characters
    with geth_network(tmp_path_factory.mktemp("geth") / "network") as network:
        chain = open_chain(network.url, tmp_path / "home", _wall)
        outbox = Outbox(tmp_path / "outbox.sqlite", chain, KEY, clock=_wall, confirmations=6, resend_after_s=8)
        founders = [structs.Founder(bytes([n]) * 32, bytes(32), bytes([n]) * 20) for n in (1, 2, 3)]
        creations = plan(outbox.sender, 0, founders, 2)
        deployment = Deployment({creation.name: creation.address for creation in creations})
        outbox.put_all([(creation.name, None, creation.init_code, None) for creation in creations])
        engine = open_database(databases.url(tmp_path / "view.db"))
        migrate(engine)
        indexer = Indexer(engine, chain, deployment.directory, describe_event)

        def listed() -> int:
            with engine.connect() as connection:
                query = select(func.count()).where(record.c.kind == "contract", record.c.latest == 1)
                return int(connection.execute(query).scalar_one())

        def seen() -> bool:
            outbox.step()
            indexer.step()
            return listed() == CONTRACTS

        wait_for(seen, 90, "the contracts in the view")
        # at least as many blocks as were sealed since the contracts came
        with engine.connect() as connection:
            first = int(connection.execute(select(func.min(record.c.block_number))).scalar_one())
        network.rewind(chain.head().number - first + 2)
        taken_back = wait_for(lambda: indexer.step().taken_back, 60, "the reorganisation")
        assert taken_back > 0

        def settled() -> bool:
            return outbox.step().unsettled == 0

        wait_for(settled, 120, "the contracts mined again")
        indexer.catch_up()
        assert listed() == CONTRACTS
        assert outbox.failed() == []
        with engine.connect() as connection:
            keys = connection.execute(select(record.c.record_key).where(record.c.kind == "contract")).scalars().all()
        assert len(keys) == len(set(keys)) == CONTRACTS
        for key in keys:
            answer = chain.call(deployment.directory, directory_binding.encode_record_of(bytes.fromhex(key)))
            assert any(directory_binding.decode_record_of(answer))
        outbox.close()
        chain.close()
