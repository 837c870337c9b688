"""Every engine behind the interface does the same: transactions, receipts, logs, reverts, proofs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from carbonledger.evm import trie
from carbonledger.evm.header import Header
from carbonledger.evm.operator import check
from carbonledger.keccak import keccak256
from ledger_node.chain import Chain
from ledger_node.chain.errors import CallReverted, RpcError
from ledger_node.chain.transaction import sign
from tests.integration.chain_kit import (
    COUNT_SLOT,
    ENGINES,
    KEPT,
    KEPT_SLOT,
    chain_hash,
    count_of,
    deploy,
    keep,
    kept,
    mine,
    opened,
    wait_for,
    word,
)

pytestmark = pytest.mark.slow

ENTERPRISE = b"\x11" * 32
BANK = b"\x22" * 32


@pytest.fixture(scope="module", params=ENGINES)
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with opened(request.param, tmp_path_factory.mktemp(request.param)) as chain:
        yield chain


@pytest.fixture(scope="module")
def keeper(chain: Chain) -> bytes:
    return deploy(chain, ENTERPRISE)


def _next(chain: Chain, key: bytes, to: bytes, data: bytes, gas: int = 300_000) -> bytes:
    from carbonledger import secp256k1

    nonce = chain.transaction_count(secp256k1.address(secp256k1.public_key(key)))
    signed = sign(key, chain.chain_id, nonce, to, data, gas)
    mine(chain, signed)
    return signed.hash


def test_a_transaction_without_a_balance_is_mined_and_its_event_read(chain: Chain, keeper: bytes) -> None:
    digest = _next(chain, BANK, keeper, keep(7, 700))
    receipt = chain.receipt(digest)
    assert receipt is not None
    assert (receipt.status, receipt.contract_address) == (1, None)
    assert 40_000 < receipt.gas_used < 120_000
    (log,) = receipt.logs
    assert (log.address, log.topics, log.data) == (keeper, (KEPT, word(7)), word(700))
    assert chain.call(keeper, kept(7)) == word(700)
    assert chain.logs(receipt.block_number, receipt.block_number) == [log]


def test_a_revert_has_its_reason_in_calls_estimates_and_receipts(chain: Chain, keeper: bytes) -> None:
    with pytest.raises(CallReverted, match="slot zero"):
        chain.call(keeper, keep(0, 1))
    with pytest.raises(CallReverted, match="slot zero"):
        chain.estimate_gas(keeper, keep(0, 1))
    digest = _next(chain, ENTERPRISE, keeper, keep(1, 10**31))
    receipt = chain.receipt(digest)
    assert receipt is not None
    assert (receipt.status, receipt.logs) == (0, ())
    assert chain.revert_data(digest) == keccak256(b"TooLarge(uint256)")[:4] + word(10**31)


def test_an_estimate_is_enough(chain: Chain, keeper: bytes) -> None:
    gas = chain.estimate_gas(keeper, keep(8, 1))
    digest = _next(chain, ENTERPRISE, keeper, keep(8, 1), gas)
    receipt = chain.receipt(digest)
    assert receipt is not None
    assert receipt.status == 1


def test_a_proof_leads_from_the_header_to_the_word_and_to_its_absence(chain: Chain, keeper: bytes) -> None:
    _next(chain, ENTERPRISE, keeper, keep(9, 900))
    head = chain.head()
    slots = [keccak256(word(9) + word(KEPT_SLOT)), word(COUNT_SLOT), word(0xDEAD)]
    proof = chain.proof(keeper, slots, head.number)
    header = Header.parse(chain.header(head.number))
    assert header.block_hash == head.hash
    pool = trie.NodePool([*proof.nodes, *(node for storage in proof.storage for node in storage.nodes)])
    account = trie.account(pool, header.state_root, keeper)
    assert account is not None
    assert (account.nonce, account.balance) == (proof.nonce, proof.balance)
    assert account.code_hash == keccak256(chain.code(keeper)) == proof.code_hash
    assert [trie.storage(pool, account.storage_root, slot) for slot in slots] == [900, count_of(chain, keeper), 0]
    assert [storage.value for storage in proof.storage] == [900, count_of(chain, keeper), 0]
    assert [storage.slot for storage in proof.storage] == slots
    assert pool.unused() == ()


def test_the_absence_of_an_account_is_proven(chain: Chain, keeper: bytes) -> None:
    nobody = b"\xee" * 20
    head = chain.head()
    proof = chain.proof(nobody, [word(0)], head.number)
    pool = trie.NodePool(proof.nodes)
    assert trie.account(pool, Header.parse(chain.header(head.number)).state_root, nobody) is None
    assert (proof.nonce, proof.balance, proof.storage[0].value) == (0, 0, 0)


def test_logs_are_filtered_by_address_and_topic_and_never_asked_beyond_the_head(chain: Chain, keeper: bytes) -> None:
    _next(chain, ENTERPRISE, keeper, keep(31, 1))
    _next(chain, ENTERPRISE, keeper, keep(32, 2))
    everything = chain.logs(0, 1 << 40)
    assert {log.address for log in everything} == {keeper}
    assert [(log.block_number, log.index) for log in everything] == sorted(
        (log.block_number, log.index) for log in everything
    )
    only = chain.logs(0, 1 << 40, [keeper], [KEPT, [word(31), word(32)]])
    assert [log.data for log in only] == [word(1), word(2)]
    assert chain.logs(0, 1 << 40, None, [None, word(32)])[0].data == word(2)
    assert chain.logs(0, 1 << 40, [b"\1" * 20]) == []
    assert chain.logs(0, 1 << 40, []) == []
    assert chain.logs(chain.head().number + 1, 1 << 40) == []


def test_each_item_of_a_batch_has_its_own_answer(chain: Chain, keeper: bytes) -> None:
    key = b"\x44" * 32
    good = sign(key, chain.chain_id, 0, keeper, keep(41, 1), 300_000)
    foreign = sign(key, chain.chain_id + 1, 1, keeper, keep(42, 1), 300_000)
    too_little = sign(key, chain.chain_id, 1, keeper, keep(43, 1), 21_000)
    second = sign(key, chain.chain_id, 1, keeper, keep(44, 1), 300_000)
    answers = chain.send_raw([good.raw, foreign.raw, b"\x01\x02", too_little.raw, second.raw])
    assert answers[0].transaction_hash == good.hash
    assert [answer.error is None for answer in answers] == [True, False, False, False, True]
    chain.advance()
    wait_for(lambda: chain.receipt(second.hash), 20, "the receipt")
    before = chain.receipt(good.hash), count_of(chain, keeper)
    chain.send_raw([good.raw])  # ganache answers with the hash again, the others with an error
    chain.advance()
    assert (chain.receipt(good.hash), count_of(chain, keeper)) == before


def test_blocks_are_found_by_number_and_by_hash(chain: Chain, keeper: bytes) -> None:
    head = chain.head()
    assert chain.block(head.number) == chain.block(head.hash) == head
    parent = chain.block(head.parent_hash)
    assert parent is not None
    assert parent.number == head.number - 1
    assert parent.timestamp < head.timestamp or chain.engine == "rpc"
    assert chain.block(head.number + 1) is None
    assert chain.block(b"\xab" * 32) is None
    first = chain.block(0)
    assert first is not None
    assert first.hash == chain.genesis_hash


def test_the_operator_seals_every_block_where_there_is_one(chain: Chain, keeper: bytes) -> None:
    for number in range(chain.head().number + 1):
        seal = chain.seal(number)
        if chain.operator is None:
            assert seal is None
            assert chain.engine == "rpc"
            return
        assert seal is not None
        header = Header.parse(chain.header(number))
        check(header, seal, chain.chain_id, chain.genesis_hash, chain.operator)


def test_a_long_call_answers_and_an_endless_one_is_an_error(chain: Chain, keeper: bytes) -> None:
    assert len(chain.call(keeper, chain_hash(50))) == 32
    with pytest.raises((RpcError, CallReverted)):
        chain.call(keeper, chain_hash(1 << 200))


def test_time_goes_on_block_by_block(tmp_path: Path) -> None:
    for engine in ("embedded", "anvil"):
        with opened(engine, tmp_path / engine) as chain:
            first = chain.advance(1_750_000_000)
            second = chain.advance(1_740_000_000)
            third = chain.advance()
            assert first is not None
            assert second is not None
            assert third is not None
            assert (first.timestamp, second.timestamp) == (1_750_000_000, 1_750_000_001)
            assert third.timestamp > second.timestamp
