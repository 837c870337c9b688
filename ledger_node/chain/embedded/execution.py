"""Running transactions and calls on a `World`: what a block does to the state, and the receipts it leaves.

Fees are zero and nobody is paid, so that the coinbase is never touched. Otherwise as py-evm's Paris executor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from eth.constants import CREATE_CONTRACT_ADDRESS
from eth.exceptions import ContractCreationCollision
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.paris.state import ParisState
from eth.vm.forks.spurious_dragon._utils import collect_touched_accounts
from eth.vm.message import Message

from carbonledger.evm import rlp
from carbonledger.evm.header import Header
from carbonledger.keccak import keccak256
from ledger_node.chain.embedded.interpreter import LedgerComputation
from ledger_node.chain.embedded.world import World
from ledger_node.chain.transaction import Transaction, intrinsic_gas

T = TypeVar("T")

_REFUND_QUOTIENT = 5  # EIP-3529
_RECURSION_LIMIT = 1_024 * 16


_Message: Any = Message  # py-evm's own names for bytes and numbers are of no use here
_Context: Any = ExecutionContext
_TransactionContext: Any = ParisState.transaction_context_class


class LedgerState(ParisState):
    """py-evm's view of a `World` in one block."""

    computation_class: Any = LedgerComputation
    _account_db: Any

    def __init__(self, world: World, context: ExecutionContext) -> None:
        self.execution_context = context
        self._account_db = world


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transaction did. `output` is the return or revert data; logs are (address, topics, data)."""

    status: int
    gas_used: int
    output: bytes
    contract_address: bytes | None
    logs: tuple[tuple[bytes, tuple[bytes, ...], bytes], ...]


def context(header: Header, chain_id: int, ancestors: Iterable[bytes]) -> ExecutionContext:
    """What instructions may ask about the block; `ancestors` are the hashes from the parent back."""
    made: ExecutionContext = _Context(
        coinbase=header.coinbase,
        timestamp=header.timestamp,
        block_number=header.number,
        difficulty=header.difficulty,
        mix_hash=header.mix_hash,
        gas_limit=header.gas_limit,
        prev_hashes=ancestors,
        chain_id=chain_id,
        base_fee_per_gas=header.base_fee_per_gas,
    )
    return made


def deep(world: World, run: Callable[[], T]) -> T:
    """Runs, and if calls nest so deep that Python gives up, undoes that and runs with a limit for 1,024 levels."""
    world.lock_changes()
    limit = sys.getrecursionlimit()
    try:
        return run()
    except RecursionError:
        world.discard(0)
        sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
        try:
            return run()
        finally:
            sys.setrecursionlimit(limit)


def execute(state: LedgerState, transaction: Transaction, sender: bytes) -> Outcome:
    """Runs a transaction whose nonce, balance and intrinsic gas were found good."""
    world: World = state._account_db
    return deep(world, lambda: _execute(state, world, transaction, sender))


def _execute(state: LedgerState, world: World, transaction: Transaction, sender: bytes) -> Outcome:
    created = None
    to, data, code = transaction.to, transaction.data, b""
    nonce = world.get_nonce(sender)
    world.set_nonce(sender, nonce + 1)
    if to is None:
        created = keccak256(rlp.encode((sender, rlp.of_int(nonce))))[12:]
        to, data, code = CREATE_CONTRACT_ADDRESS, b"", transaction.data
    else:
        code = world.get_code(to)
    message = _Message(
        gas=transaction.gas - intrinsic_gas(transaction.to, transaction.data),
        to=to,
        sender=sender,
        value=transaction.value,
        data=data,
        code=code,
        create_address=created,
    )
    computation = _compute(state, message, sender, transaction.gas_price)
    gas_left = computation.get_gas_remaining()
    gas_used = transaction.gas - gas_left
    gas_used -= min(computation.get_gas_refund(), gas_used // _REFUND_QUOTIENT)
    for address in computation.get_accounts_for_deletion():
        world.delete_account(address)
    for address in collect_touched_accounts(computation):  # EIP-161
        if world.account_exists(address) and world.account_is_empty(address):
            world.delete_account(address)
    logs = tuple(
        (address, tuple(topic.to_bytes(32, "big") for topic in topics), bytes(payload))
        for address, topics, payload in computation.get_log_entries()
    )
    return Outcome(
        status=0 if computation.is_error else 1,
        gas_used=gas_used,
        output=bytes(computation.output),
        contract_address=created if computation.is_success else None,
        logs=logs,
    )


def simulate(state: LedgerState, sender: bytes, to: bytes | None, data: bytes, gas: int) -> tuple[Outcome, bool]:
    """As `execute`, and everything is undone. The flag tells a revert from a failure that burnt all gas."""
    world: World = state._account_db
    try:
        created = None
        if to is None:
            created = keccak256(rlp.encode((sender, rlp.of_int(world.get_nonce(sender)))))[12:]
        message = _Message(
            gas=gas - intrinsic_gas(to, data),
            to=CREATE_CONTRACT_ADDRESS if to is None else to,
            sender=sender,
            value=0,
            data=b"" if to is None else data,
            code=data if to is None else world.get_code(to),
            create_address=created,
        )
        computation = deep(world, lambda: _compute(state, message, sender, 0))
        gas_used = gas - computation.get_gas_remaining()
        outcome = Outcome(0 if computation.is_error else 1, gas_used, bytes(computation.output), created, ())
        return outcome, bool(computation.is_error and not computation.should_burn_gas)
    finally:
        world.abandon()


def _compute(state: LedgerState, message: Any, sender: bytes, gas_price: int) -> Any:
    transaction_context = _TransactionContext(gas_price=gas_price, origin=sender)
    world: World = state._account_db
    world.mark_address_warm(sender)
    world.mark_address_warm(message.storage_address)
    if not message.is_create:
        return state.computation_class.apply_message(state, message, transaction_context)
    if world.account_has_code_or_nonce(message.storage_address):
        computation = state.get_computation(message, transaction_context)
        computation.error = ContractCreationCollision("the address is taken")
        return computation
    return state.computation_class.apply_create_message(state, message, transaction_context)


def bloom(logs: Iterable[tuple[bytes, tuple[bytes, ...], bytes]]) -> int:
    """The 2048-bit filter over addresses and topics (yellow paper 4.3.1) as a number."""
    bits = 0
    for address, topics, _ in logs:
        for value in (address, *topics):
            digest = keccak256(value)
            for at in (0, 2, 4):
                bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits


def receipt_rlp(outcome: Outcome, cumulative_gas: int, filter_bits: int) -> bytes:
    """The receipt as the receipts' trie holds it."""
    return rlp.encode(
        (
            rlp.of_int(outcome.status),
            rlp.of_int(cumulative_gas),
            filter_bits.to_bytes(256, "big"),
            tuple((address, topics, data) for address, topics, data in outcome.logs),
        )
    )
