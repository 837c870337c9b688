"""The embedded chain against unmodified py-evm, and against what a store must be: durable, exclusive, complete."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import rlp as their_rlp
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.paris import ParisVM
from eth.vm.forks.paris.computation import ParisComputation
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from carbonledger.errors import Malformed, Refused
from carbonledger.evm import rlp
from carbonledger.evm.header import Header
from carbonledger.keccak import keccak256
from ledger_node.chain import Chain, open_chain
from ledger_node.chain.embedded import trie
from ledger_node.chain.embedded.chain import EmbeddedChain, genesis
from ledger_node.chain.embedded.execution import LedgerState, context, execute
from ledger_node.chain.embedded.interpreter import LedgerComputation
from ledger_node.chain.embedded.world import World
from ledger_node.chain.errors import NotFree, StoreLocked, WrongChain
from ledger_node.chain.recursion import recursion_limit_kept
from ledger_node.chain.transaction import Transaction, parse, sign
from tests.integration.chain_kit import KEEPER, NOON, count_of, deploy, keep

OPERATOR_KEY = b"\x31" * 32
GATEWAY = b"\x32" * 32
MEMBER = b"\x33" * 32


def _open(home: Path, clock: int = NOON) -> EmbeddedChain:
    chain = open_chain("embedded:", home, lambda: clock)
    assert isinstance(chain, EmbeddedChain)
    return chain


def _py_evm(chain_id: int) -> Any:
    """Unmodified py-evm in memory, at the embedded chain's genesis block."""
    configured: Any = MiningChain.configure(vm_configuration=((0, ParisVM),), chain_id=chain_id)
    block_class = ParisVM.get_block_class()
    raw = their_rlp.encode([their_rlp.decode(genesis(chain_id).encode()), [], []])
    first = their_rlp.decode(raw, sedes=block_class)
    return configured.from_genesis_header(AtomicDB(), first.header)


def _import(theirs: Any, header: bytes, raws: tuple[bytes, ...]) -> Any:
    block = their_rlp.encode([their_rlp.decode(header), [their_rlp.decode(raw) for raw in raws], []])
    decoded = their_rlp.decode(block, sedes=ParisVM.get_block_class())
    return theirs.import_block(decoded).imported_block


def test_py_evm_itself_comes_to_the_same_blocks(tmp_path: Path) -> None:
    chain = _open(tmp_path)
    keeper = deploy(chain, GATEWAY)
    nonces = {GATEWAY: 1, MEMBER: 0}
    for round_ in range(4):
        for number in range(6):
            key = (GATEWAY, MEMBER)[number % 2]
            slot = number % 3 * round_  # slot 0 reverts, others are written again and again
            value = 0 if number == 4 else 10**31 if number == 5 else number + round_
            signed = sign(key, chain.chain_id, nonces[key], keeper, keep(slot, value), 200_000 if number else 30_000)
            nonces[key] += 1
            assert chain.send_raw([signed.raw])[0].error is None
        chain.advance()
    chain.advance(NOON + 5_000)
    theirs = _py_evm(chain.chain_id)
    for number in range(1, chain.head().number + 1):
        block = chain.block(number)
        assert block is not None
        imported = _import(theirs, chain.header(number), chain.raw_transactions(number))
        assert imported.hash == block.hash
        assert imported.header.state_root == Header.parse(chain.header(number)).state_root
    chain.close()


_CALLS = bytes.fromhex("3d3d3d3d3d305af1" + "50" + "3d3d3d3d305afa" + "50")

# instructions that the loop knows and some that it hands over, weighted towards programs that get somewhere
_PUSHED = st.one_of(
    st.integers(0, 96).map(lambda value: bytes([0x60, value])),
    st.integers(0, (1 << 256) - 1).map(lambda value: bytes([0x7F]) + value.to_bytes(32, "big")),
    st.sampled_from([0, 1, (1 << 255), (1 << 256) - 1, 256, 255, 31, 32]).map(
        lambda value: bytes([0x7F]) + value.to_bytes(32, "big")
    ),
)
_INSTRUCTION = st.one_of(
    _PUSHED,
    _PUSHED,
    st.sampled_from(
        [
            *range(0x01, 0x0C),
            *range(0x10, 0x1E),
            *(0x20, 0x30, 0x33, 0x34, 0x35, 0x36, 0x38, 0x3A, 0x3D, 0x42, 0x43, 0x45, 0x46, 0x47, 0x48),
            *(0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x5B),
            *range(0x80, 0x86),
            *range(0x90, 0x95),
            *(0xA0, 0xA1, 0xA2),
            *(0xF3, 0xFD, 0xFE, 0xFF, 0x0C),
        ]
    ).map(lambda op: bytes([op])),
    st.just(bytes.fromhex("5b")),
    st.just(_CALLS),
    st.sampled_from([0x37, 0x39, 0x3E, 0x5E]).map(lambda op: bytes.fromhex("602060006000") + bytes([op])),
    st.integers(0, 64).map(lambda at: bytes([0x60, at, 0x57])),
)
_PROGRAM = st.lists(_INSTRUCTION, max_size=40).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(_PROGRAM, st.binary(max_size=70), st.integers(21_000, 120_000))
def test_any_program_does_in_the_fast_loop_what_it_does_in_py_evm(program: bytes, data: bytes, gas: int) -> None:
    outcomes = []
    for computation in (LedgerComputation, ParisComputation):
        nodes: dict[bytes, bytes] = {}
        world = World(nodes.__getitem__, trie.EMPTY_ROOT)
        contract = b"\xcc" * 20
        world.set_code(contract, program)
        world.set_storage(contract, 1, 77)
        nodes.update(world.settle())
        state = LedgerState(world, context(genesis(1), 1, ()))
        state.computation_class = computation
        gas_used = 21_000 + sum(4 if byte == 0 else 16 for byte in data)
        transaction = Transaction(0, 0, max(gas, gas_used), contract, 0, data)
        outcome = execute(state, transaction, b"\xdd" * 20)
        world.settle()
        outcomes.append((outcome, world.state_root))
    assert outcomes[0] == outcomes[1]


_KEYS = st.binary(min_size=1, max_size=2).map(lambda seed: keccak256(seed)[:1] * 2 + keccak256(seed)[2:])


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.dictionaries(_KEYS, st.sampled_from([b"", b"\x01", b"x" * 40, b"y" * 100]), max_size=12), max_size=5)
)
def test_a_trie_updated_in_one_pass_has_the_root_of_one_updated_key_by_key(steps: list[dict[bytes, bytes]]) -> None:
    theirs = HexaryTrie({})
    stored: dict[bytes, bytes] = {}
    root = trie.EMPTY_ROOT
    model: dict[bytes, bytes] = {}
    for changes in steps:
        for key, value in changes.items():
            if value:
                theirs[key] = value
                model[key] = value
            elif key in model:
                del theirs[key]
                del model[key]
        root = trie.update(stored.__getitem__, root, changes, stored)
        assert root == theirs.root_hash
        for key in changes:
            assert trie.get(stored.__getitem__, root, key) == model.get(key)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=120), max_size=300))
def test_the_root_over_a_list_is_that_of_its_trie(values: list[bytes]) -> None:
    theirs = HexaryTrie({})
    for index, value in enumerate(values):
        theirs[their_rlp.encode(index)] = value
    assert trie.ordered_root(values) == theirs.root_hash


def test_a_reopened_chain_goes_on_where_it_was(tmp_path: Path) -> None:
    chain = _open(tmp_path)
    keeper = deploy(chain, GATEWAY)
    head, operator = chain.head(), chain.operator
    chain.close()
    again = _open(tmp_path)
    assert (again.head(), again.operator) == (head, operator)
    assert count_of(again, keeper) == 0
    again.send_raw([sign(GATEWAY, again.chain_id, 1, keeper, keep(1, 1), 200_000).raw])
    again.advance()
    assert count_of(again, keeper) == 1
    again.close()


def test_the_genesis_block_is_the_same_in_every_home_and_another_for_another_chain_id(tmp_path: Path) -> None:
    first, second = _open(tmp_path / "a"), _open(tmp_path / "b")
    other = open_chain("embedded:77", tmp_path / "c", lambda: NOON)
    assert first.genesis_hash == second.genesis_hash != other.genesis_hash
    assert first.operator != second.operator
    for chain in (first, second, other):
        chain.close()
    with pytest.raises(WrongChain, match="another chain"):
        open_chain("embedded:77", tmp_path / "a", lambda: NOON)


def test_a_second_opening_is_refused_and_names_the_process(tmp_path: Path) -> None:
    chain = _open(tmp_path)
    with pytest.raises(StoreLocked, match=r"process \d+"):
        _open(tmp_path)
    chain.close()
    _open(tmp_path).close()


def test_the_operators_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    _open(tmp_path).close()
    assert stat.S_IMODE((tmp_path / "operator.key").stat().st_mode) == 0o600


def test_a_damaged_store_or_key_is_told(tmp_path: Path) -> None:
    _open(tmp_path / "store").close()
    (tmp_path / "store" / "chain.sqlite").write_bytes(b"nothing that SQLite knows" * 400)
    with pytest.raises(Malformed, match="cannot be read"):
        _open(tmp_path / "store")
    _open(tmp_path / "key").close()
    (tmp_path / "key" / "operator.key").write_text("zz")
    with pytest.raises(Malformed, match="operator's key"):
        _open(tmp_path / "key")


def test_the_base_fee_stays_zero_however_much_waits(tmp_path: Path) -> None:
    chain = _open(tmp_path)
    burner = bytes.fromhex("5b60005600")  # JUMPDEST, PUSH 0, JUMP: burns all its gas
    init = bytes.fromhex("6005600c60003960056000f3") + burner
    chain.send_raw([sign(GATEWAY, chain.chain_id, 0, None, init, 200_000).raw])
    chain.advance()
    made = chain.receipt(parse(chain.raw_transactions(1)[0], chain.chain_id).hash)
    assert made is not None
    for nonce in range(1, 6):
        chain.send_raw([sign(GATEWAY, chain.chain_id, nonce, made.contract_address, b"", 9_000_000).raw])
    while chain.waiting():
        chain.advance()
    headers = [Header.parse(chain.header(number)) for number in range(chain.head().number + 1)]
    assert {header.base_fee_per_gas for header in headers} == {0}
    assert max(header.gas_used for header in headers) == 36_000_000  # four of five: the fifth has its own block
    assert all(header.gas_used <= header.gas_limit // 2 for header in headers)
    theirs = _py_evm(chain.chain_id)
    first = chain.block(1)
    assert first is not None
    assert _import(theirs, chain.header(1), chain.raw_transactions(1)).hash == first.hash
    chain.close()


def test_state_and_proofs_of_every_height_are_kept(tmp_path: Path) -> None:
    chain = _open(tmp_path)
    keeper = deploy(chain, GATEWAY)
    for nonce in range(1, 6):
        chain.send_raw([sign(GATEWAY, chain.chain_id, nonce, keeper, keep(1, nonce * 10), 200_000).raw])
        chain.advance()
    slot = keccak256((1).to_bytes(32, "big") + bytes(32))
    for number in range(1, chain.head().number + 1):
        assert chain.proof(keeper, [slot], number).storage[0].value == (number - 1) * 10
        assert int.from_bytes(chain.call(keeper, bytes.fromhex("06661abd"), number), "big") == number - 1
    chain.close()


def test_transactions_of_one_sender_wait_for_the_missing_nonce(tmp_path: Path) -> None:
    chain = _open(tmp_path)
    keeper = deploy(chain, GATEWAY)
    third, second = (sign(MEMBER, chain.chain_id, nonce, keeper, keep(1, nonce), 200_000) for nonce in (1, 0))
    chain.send_raw([third.raw])
    chain.advance()
    assert (chain.receipt(third.hash), chain.waiting()) == (None, 1)
    chain.send_raw([second.raw])
    chain.advance()
    assert chain.receipt(third.hash) is not None
    assert chain.waiting() == 0
    chain.close()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda raw: raw[:-1], "transaction"),
        (lambda raw: raw + b"\0", "transaction"),
        (lambda raw: b"\x02" + raw, "type 2"),
        (lambda raw: b"", "transaction"),
        (lambda raw: raw[:12] + bytes([raw[12] ^ 1]) + raw[13:], ""),
    ],
)
def test_hostile_transactions_are_answered_not_raised(tmp_path: Path, damage: Any, told: str) -> None:
    chain = _open(tmp_path)
    good = sign(GATEWAY, chain.chain_id, 0, b"\1" * 20, b"abc", 100_000)
    (answer,) = chain.send_raw([damage(good.raw)])
    assert answer.transaction_hash != good.hash
    if told:
        assert told in str(answer.error)
    chain.advance()
    assert chain.receipt(good.hash) is None
    chain.close()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_of_transactions_stumble(raw: bytes) -> None:
    from carbonledger.errors import CarbonLedgerError

    with pytest.raises(CarbonLedgerError):
        parse(raw, 9732)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, (1 << 53) - 1),
    st.none() | st.binary(min_size=20, max_size=20),
    st.binary(max_size=300),
    st.integers(21_000, 1 << 40),
)
def test_a_signed_transaction_parses_to_what_was_signed(nonce: int, to: bytes | None, data: bytes, gas: int) -> None:
    signed = sign(MEMBER, 9732, nonce, to, data, gas)
    assert parse(signed.raw, 9732) == signed
    assert sign(MEMBER, 9732, nonce, to, data, gas) == signed


def _signed_by_eth_account(to: bytes | None, price: int) -> bytes:
    with recursion_limit_kept():
        from eth_account import Account
    fields = {"nonce": 3, "gasPrice": price, "gas": 21_000, "to": to or b"", "value": 0, "data": b"", "chainId": 9732}
    return bytes(Account.sign_transaction(fields, MEMBER).raw_transaction)


def test_signed_transactions_are_those_of_eth_account() -> None:
    for to in (b"\1" * 20, None):
        assert sign(MEMBER, 9732, 3, to, b"", 21_000).raw == _signed_by_eth_account(to, 0)


def test_a_price_is_refused_at_signing_and_at_the_door(tmp_path: Path) -> None:
    with pytest.raises(NotFree, match="1 wei"):
        sign(MEMBER, 9732, 0, b"\1" * 20, b"", 100_000, gas_price=1)
    priced = _signed_by_eth_account(b"\1" * 20, 7)
    chain = _open(tmp_path)
    (answer,) = chain.send_raw([priced])
    assert "7 wei" in str(answer.error)
    chain.close()


def test_milliseconds_are_refused_as_a_clock(tmp_path: Path) -> None:
    chain: Chain = open_chain("embedded:", tmp_path, lambda: NOON * 1000)
    with pytest.raises(Refused, match="seconds"):
        chain.advance()
    chain.close()


def test_a_chain_url_of_no_engine_is_told() -> None:
    for url in ("ftp://x", "embedded:abc", "anvil:-1", "", "http:/x"):
        with pytest.raises(Malformed, match="chain URL"):
            open_chain(url, Path("nowhere"), lambda: NOON)


def test_a_contract_that_dies_takes_its_storage_along(tmp_path: Path) -> None:
    chain = _open(tmp_path)
    runtime = bytes.fromhex("6001600255" + "33ff")  # SSTORE(2, 1), SELFDESTRUCT(caller)
    init = bytes.fromhex(f"600160035560{len(runtime):02x}601160003960{len(runtime):02x}6000f3") + runtime
    made = sign(GATEWAY, chain.chain_id, 0, None, init, 300_000)
    chain.send_raw([made.raw])
    chain.advance()
    receipt = chain.receipt(made.hash)
    assert receipt is not None
    assert receipt.contract_address is not None
    assert chain.proof(receipt.contract_address, [(3).to_bytes(32, "big")], 1).storage[0].value == 1
    chain.send_raw([sign(GATEWAY, chain.chain_id, 1, receipt.contract_address, b"", 100_000).raw])
    chain.advance()
    assert chain.code(receipt.contract_address) == b""
    theirs = _py_evm(chain.chain_id)
    for number in (1, 2):
        block = chain.block(number)
        assert block is not None
        assert _import(theirs, chain.header(number), chain.raw_transactions(number)).hash == block.hash
    chain.close()


def test_a_call_leaves_nothing_behind(tmp_path: Path) -> None:
    chain = _open(tmp_path)
    keeper = deploy(chain, GATEWAY)
    chain.call(keeper, keep(5, 5))
    chain.estimate_gas(None, KEEPER)
    chain.estimate_gas(keeper, keep(6, 6))
    empty = chain.advance()
    assert empty is not None
    before = Header.parse(chain.header(empty.number - 1))
    assert Header.parse(chain.header(empty.number)).state_root == before.state_root
    assert count_of(chain, keeper) == 0
    assert rlp.decode(chain.header(empty.number))
    chain.close()


def test_calls_that_nest_hundreds_deep_run_as_in_py_evm_and_leave_the_recursion_limit_alone(tmp_path: Path) -> None:
    limit = sys.getrecursionlimit()
    chain = _open(tmp_path)
    runtime = bytes.fromhex("600054600101600055" + "3d3d3d3d3d305af1")  # count up, call oneself
    init = bytes.fromhex(f"60{len(runtime):02x}600c60003960{len(runtime):02x}6000f3") + runtime
    made = sign(GATEWAY, chain.chain_id, 0, None, init, 300_000)
    chain.send_raw([made.raw])
    chain.advance()
    receipt = chain.receipt(made.hash)
    assert receipt is not None
    assert receipt.contract_address is not None
    chain.send_raw([sign(GATEWAY, chain.chain_id, 1, receipt.contract_address, b"", 30_000_000).raw])
    chain.advance()
    assert chain.proof(receipt.contract_address, [bytes(32)], 2).storage[0].value > 250
    assert sys.getrecursionlimit() == limit
    theirs = _py_evm(chain.chain_id)
    sys.setrecursionlimit(1_024 * 16)
    try:
        for number in (1, 2):
            block = chain.block(number)
            assert block is not None
            assert _import(theirs, chain.header(number), chain.raw_transactions(number)).hash == block.hash
    finally:
        sys.setrecursionlimit(limit)
    chain.close()
