"""A consortium of four real validators: what the client and the outbox make of kills, stalls and reorganisations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from carbonledger.evm import clique
from carbonledger.evm.header import Header
from ledger_node.chain import Chain, open_chain
from ledger_node.chain.outbox import Outbox, OutboxState
from ledger_node.chain.outbox_store import EntryState
from tests.integration.chain_kit import count_of, deploy, keep, wait_for
from tests.integration.geth_network import GethNetwork, geth_network

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ENTERPRISE = b"\x11" * 32
CONFIRMATIONS = 3


def _wall() -> int:
    return int(time.time())


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GethNetwork]:
    with geth_network(tmp_path_factory.mktemp("geth") / "network") as network:
        yield network


@pytest.fixture(scope="module")
def chain(network: GethNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    chain = open_chain(network.url, tmp_path_factory.mktemp("home"), _wall)
    yield chain
    chain.close()


@pytest.fixture(scope="module")
def keeper(chain: Chain) -> bytes:
    return deploy(chain, ENTERPRISE)


@pytest.fixture(autouse=True)
def healed(network: GethNetwork) -> Iterator[None]:
    """A test that fails while validators are down leaves the next one a whole network."""
    yield
    network.heal()


@pytest.fixture
def outbox(chain: Chain, keeper: bytes, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Outbox]:
    """Each test has its own sender, so that nothing of the others is in its lane."""
    key = request.node.name.encode().ljust(32, b"x")[:32]
    outbox = Outbox(tmp_path / "outbox.sqlite", chain, key, clock=_wall, confirmations=CONFIRMATIONS, resend_after_s=8)
    yield outbox
    outbox.close()


def _settle(outbox: Outbox, seconds: float = 90) -> OutboxState:
    def settled() -> OutboxState | None:
        state = outbox.step()
        return state if state.unsettled == 0 else None

    return wait_for(settled, seconds, "the end of the outbox's work")


def test_every_header_is_sealed_by_a_validator(network: GethNetwork, chain: Chain) -> None:
    for number in range(1, chain.head().number + 1):
        assert clique.check_seal(Header.parse(chain.header(number)), network.signers) in network.signers


def test_a_thousand_transactions_without_fees_are_mined_once_each(chain: Chain, keeper: bytes, outbox: Outbox) -> None:
    before = count_of(chain, keeper)
    outbox.put_all([(f"anchor {n}", keeper, keep(n + 1, n), 200_000) for n in range(1_000)])
    state = _settle(outbox)
    assert (state.final, state.errors) == (1_000, ())
    assert count_of(chain, keeper) == before + 1_000
    assert outbox.failed() == []


def test_an_entry_is_not_final_before_its_blocks_are_deep_enough(chain: Chain, keeper: bytes, outbox: Outbox) -> None:
    outbox.put("anchor", keeper, keep(1, 5))
    seen = []
    while outbox.result("anchor") is None:
        outbox.step()
        entry = outbox.entry("anchor")
        assert entry is not None
        seen.append(entry.state)
        time.sleep(0.1)
    assert EntryState.MINED in seen
    receipt = outbox.result("anchor")
    assert receipt is not None
    assert chain.head().number - receipt.block_number >= CONFIRMATIONS


def test_a_killed_validator_stops_nothing_and_comes_back(
    network: GethNetwork, chain: Chain, keeper: bytes, outbox: Outbox
) -> None:
    before = count_of(chain, keeper)
    network.validators[0].kill()  # the one that the client asks first
    outbox.put_all([(f"anchor {n}", keeper, keep(n + 1, n), 200_000) for n in range(20)])
    _settle(outbox)
    assert count_of(chain, keeper) == before + 20
    network.heal()


def test_a_stalled_chain_is_told_and_what_was_sent_is_mined_once_after_it_heals(
    network: GethNetwork, chain: Chain, keeper: bytes, tmp_path: Path
) -> None:
    before = count_of(chain, keeper)
    outbox = Outbox(
        tmp_path / "o.sqlite", chain, b"\x61" * 32, clock=_wall, confirmations=2, resend_after_s=4, head_age_alarm_s=6
    )
    network.validators[2].kill()
    network.validators[3].kill()
    network.wait_for_standstill()  # a block that was still to come would take what is sent now
    outbox.put_all([(f"anchor {n}", keeper, keep(n + 1, n), 200_000) for n in range(10)])
    states: list[OutboxState] = []
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (states and states[-1].head_is_old and any(s.resent for s in states)):
        states.append(outbox.step())
        time.sleep(0.3)
    assert states[-1].head_is_old
    assert states[-1].head_age_s > 6
    assert any(state.resent == 10 for state in states), "what stands still is sent again, through another node"
    assert states[-1].final == 0
    network.heal()
    state = _settle(outbox)
    assert (state.final, state.head_is_old) == (10, False)
    assert count_of(chain, keeper) == before + 10
    outbox.close()


def test_what_a_reorganisation_took_is_noticed_sent_again_and_counted_once(
    network: GethNetwork, chain: Chain, keeper: bytes, tmp_path: Path
) -> None:
    start = chain.head().number  # the rewind shall reach no block of another test
    wait_for(lambda: chain.head().number > start + 8, 60, "eight blocks")
    before = count_of(chain, keeper)
    outbox = Outbox(tmp_path / "o.sqlite", chain, b"\x62" * 32, clock=_wall, confirmations=6, resend_after_s=5)
    outbox.put_all([(f"anchor {n}", keeper, keep(n + 1, n), 200_000) for n in range(5)])

    def mined() -> bool:
        outbox.step()
        return all(entry.state is EntryState.MINED for entry in outbox.pending())

    wait_for(mined, 30, "five receipts")
    lost = {entry.reference: entry.block_hash for entry in outbox.pending()}
    assert len(lost) == 5
    assert count_of(chain, keeper) == before + 5
    network.rewind(5)
    assert all(chain.block(block_hash) is None for block_hash in lost.values() if block_hash)

    taken_back = 0

    def settled() -> bool:
        nonlocal taken_back
        state = outbox.step()
        taken_back += state.taken_back
        return state.unsettled == 0

    wait_for(settled, 90, "the five again")
    assert taken_back >= 5
    assert count_of(chain, keeper) == before + 5
    for reference, block_hash in lost.items():
        receipt = outbox.result(reference)
        assert receipt is not None
        assert receipt.block_hash != block_hash
        block = chain.block(receipt.block_number)
        assert block is not None
        assert block.hash == receipt.block_hash
    network.wait_for_agreement()
    outbox.close()


def test_web3_reads_the_blocks_of_a_proof_of_authority_chain(chain: Chain, keeper: bytes) -> None:
    from ledger_node.chain.rpc.chain import RpcChain

    assert isinstance(chain, RpcChain)
    block = chain.web3().eth.get_block(1)
    assert len(block["proofOfAuthorityData"]) == 97
    assert bytes(block["hash"]) == getattr(chain.block(1), "hash", None)
