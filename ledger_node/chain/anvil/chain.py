"""The anvil engine: the journal is the chain, anvil executes it and answers questions about it.

Never anvil's own mining: it stops under pipelined sends. A block is journalled, sent, mined by one call, sealed.
On start all journalled blocks are made again and must come to the same hashes. State is kept for the last 64
blocks, headers, receipts and logs for all: so proofs are made while a block is young.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from carbonledger.errors import CarbonLedgerError, Unknown
from ledger_node.chain.anvil import process
from ledger_node.chain.anvil.journal import Entry, Journal
from ledger_node.chain.clock import Clock, block_time
from ledger_node.chain.errors import ChainError, JournalMismatch, RpcError
from ledger_node.chain.home import HomeLock, operator_of
from ledger_node.chain.interface import Engine
from ledger_node.chain.pool import Pool
from ledger_node.chain.rpc import decode
from ledger_node.chain.rpc.client import NodeClient
from ledger_node.chain.rpc.decode import hexed
from ledger_node.chain.rpc.reads import NodeReads
from ledger_node.chain.transaction import Signed, assert_free, intrinsic_gas, parse
from ledger_node.chain.types import Block, SendResult

CHAIN_ID: Final = 9733
GENESIS_TIME: Final = 946_684_800  # 2000-01-01T00:00:00Z
GAS_LIMIT: Final = 1_000_000_000
MAX_TX_GAS: Final = 70_000_000
PACKED_GAS: Final = GAS_LIMIT // 2 - MAX_TX_GAS
"""By the gas that transactions ask for: a block stays below half of the limit, so the base fee stays zero."""
PACKED_TRANSACTIONS: Final = 2_000

_PROJECT = Path(__file__).resolve().parents[3]


class AnvilChain(NodeReads):
    """Implements `Chain`. One process at a time has a home open; its threads take turns at sealing."""

    engine: Engine = "anvil"

    def __init__(
        self, home: Path, clock: Clock, chain_id: int = CHAIN_ID, environ: Mapping[str, str] | None = None
    ) -> None:
        self.url = "anvil:" if chain_id == CHAIN_ID else f"anvil:{chain_id}"
        self.chain_id = chain_id
        self._clock = clock
        self._mutex = threading.RLock()
        self._pool = Pool()
        self._broken: str | None = None
        self._closing: list[Callable[[], None]] = []
        try:
            lock = HomeLock(home, "the anvil chain")
            self._closing.append(lock.release)
            self._operator = operator_of(home)
            self.operator: bytes | None = self._operator.address
            self._journal = Journal(home / "anvil.sqlite")
            self._closing.append(self._journal.close)
            program = process.binary(os.environ if environ is None else environ, _PROJECT)
            arguments = _arguments(chain_id)
            self._journal.pin("version", process.version(program))
            self._journal.pin("arguments", " ".join(arguments))
            anvil = process.AnvilProcess(program, arguments)
            self._closing.append(anvil.close)
            self._client = NodeClient(str(anvil.url))
            self._closing.append(self._client.close)
            super().__init__(self._client)
            first = self.block(0)
            if first is None:
                raise ChainError("anvil has no genesis block", expected="block 0", found="null")
            self.genesis_hash = first.hash
            self._head = first
            self._journal.pin("genesis", first.hash.hex())
            for entry in self._journal.entries():
                self._replay(entry)
        except BaseException:
            self.close()
            raise

    def _replay(self, entry: Entry) -> None:
        if entry.height != self._head.number + 1:
            raise JournalMismatch(
                "the journal has a gap", expected=f"height {self._head.number + 1}", found=f"height {entry.height}"
            )
        made = self._make(entry.height, entry.timestamp, entry.transactions)
        if entry.hash is None:
            self._finish(made)
        elif entry.hash != made.hash:
            raise JournalMismatch(
                f"block {entry.height} does not come out as it was",
                expected=entry.hash.hex(),
                found=made.hash.hex(),
                remedy="The journal is damaged, or this is not the anvil that it was written with",
            )
        self._head = made

    def _make(self, height: int, timestamp: int, transactions: Sequence[bytes]) -> Block:
        for answer in self._client.batch([("eth_sendRawTransaction", [hexed(raw)]) for raw in transactions]):
            if isinstance(answer, RpcError):
                raise ChainError(f"anvil refused a transaction of block {height}", found=answer.node_message)
        self._client.call("evm_mine", [{"timestamp": timestamp}])
        found = decode.mapping(self._client.call("eth_getBlockByNumber", [hex(height), False]), "block")
        made = decode.block(found)
        mined = len(decode.sequence(found.get("transactions"), "transactions of a block"))
        if made.timestamp != timestamp or mined != len(transactions):
            raise ChainError(
                f"anvil made another block {height}",
                expected=f"{len(transactions)} transactions at {timestamp}",
                found=f"{mined} at {made.timestamp}",
            )
        return made

    def _finish(self, made: Block) -> None:
        seal = self._operator.seal(self.chain_id, self.genesis_hash, made.number, made.hash)
        self._journal.finish(made.number, made.hash, seal)

    def head(self) -> Block:
        """The newest block that is sealed."""
        return self._head

    def seal(self, number: int) -> bytes | None:
        """The operator's seal; of the genesis block too."""
        if number == 0:
            return self._operator.seal(self.chain_id, self.genesis_hash, 0, self.genesis_hash)
        with self._mutex:
            seal = self._journal.seal(number)
        if seal is None:
            raise Unknown("the chain has no such block", expected=f"0 to {self._head.number}", found=number)
        return seal

    def send_raw(self, raws: Sequence[bytes]) -> list[SendResult]:
        """Takes transactions into the pool, each for itself; anvil hears of them when a block is made."""
        results: list[SendResult] = []
        nonces: dict[bytes, int] = {}
        with self._mutex:
            for raw in raws:
                try:
                    signed = parse(raw, self.chain_id)
                    transaction = signed.transaction
                    assert_free(transaction.gas_price)
                except CarbonLedgerError as error:
                    results.append(SendResult(None, str(error)))
                    continue
                if signed.sender not in nonces:
                    nonces[signed.sender] = super().transaction_count(signed.sender)
                results.append(self._admit(signed, nonces[signed.sender]))
        return results

    def _admit(self, signed: Signed, mined_nonce: int) -> SendResult:
        transaction = signed.transaction
        needed = intrinsic_gas(transaction.to, transaction.data)
        if transaction.gas < needed:
            return SendResult(None, f"intrinsic gas too low: have {transaction.gas}, want {needed}")
        if transaction.gas > MAX_TX_GAS:
            return SendResult(None, f"exceeds block gas limit: have {transaction.gas}, at most {MAX_TX_GAS}")
        if transaction.value:
            return SendResult(None, "insufficient funds for value")
        error = self._pool.add(signed, mined_nonce)
        return SendResult(signed.hash if error in (None, "already known") else None, error)

    def send_raw_elsewhere(self, raws: Sequence[bytes]) -> list[SendResult]:
        """As `send_raw`: there is no other node."""
        return self.send_raw(raws)

    def transaction_count(self, address: bytes, pending: bool = False) -> int:
        """The account's next nonce."""
        mined = super().transaction_count(address)
        if not pending:
            return mined
        with self._mutex:
            return self._pool.next_nonce(address, mined)

    def waiting(self) -> int:
        """Transactions in the pool."""
        with self._mutex:
            return len(self._pool)

    def advance(self, timestamp: int | None = None) -> Block | None:
        """Journals, makes and seals one block. After a failure in between the chain must be opened again."""
        with self._mutex:
            if self._broken:
                raise ChainError(
                    "the anvil chain stopped in the middle of a block", found=self._broken, remedy="Open it again"
                )
            wanted = block_time(self._head.timestamp, self._clock() if timestamp is None else timestamp)
            height = self._head.number + 1
            taken: list[Signed] = []
            gas = 0
            nonces: dict[bytes, int] = {}

            def mined_nonce(sender: bytes) -> int:
                nonces[sender] = NodeReads.transaction_count(self, sender)
                return nonces[sender]

            for signed in self._pool.ready(mined_nonce):
                taken.append(signed)
                gas += signed.transaction.gas
                if gas >= PACKED_GAS or len(taken) >= PACKED_TRANSACTIONS:
                    break
            self._journal.begin(height, wanted, [signed.raw for signed in taken])
            try:
                made = self._make(height, wanted, [signed.raw for signed in taken])
                self._finish(made)
            except BaseException as error:
                self._broken = str(error)
                raise
            self._head = made
            for sender in {signed.sender for signed in taken}:
                count = sum(1 for signed in taken if signed.sender == sender)
                self._pool.drop_mined(sender, nonces[sender] + count)
            return made

    def close(self) -> None:
        """Ends anvil, closes the journal, lets the next process in."""
        with self._mutex:
            while self._closing:
                self._closing.pop()()


def _arguments(chain_id: int) -> list[str]:
    return [
        *("--no-mining", "--order", "fifo", "--timestamp", str(GENESIS_TIME), "--prune-history", "64"),
        *("--chain-id", str(chain_id), "--hardfork", "cancun", "--gas-limit", str(GAS_LIMIT)),
        *("--block-base-fee-per-gas", "0", "--gas-price", "0", "--no-request-size-limit", "--accounts", "1"),
    ]
