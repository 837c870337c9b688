"""The embedded chain: one operator seals blocks of what was sent to it, each block durable before it is told.

Evidence as from any chain (headers, tries, receipts), its weight is the operator's word: see
`carbonledger.evm.operator`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from carbonledger.errors import CarbonLedgerError, Unknown
from carbonledger.evm import rlp
from carbonledger.evm.header import Header
from carbonledger.keccak import keccak256
from ledger_node.chain.clock import Clock, block_time
from ledger_node.chain.embedded import trie
from ledger_node.chain.embedded.execution import LedgerState, Outcome, bloom, context, execute, receipt_rlp, simulate
from ledger_node.chain.embedded.store import BlockRow, LogRow, Store, TxRow
from ledger_node.chain.embedded.world import EMPTY_CODE, Account, World
from ledger_node.chain.errors import CallReverted, RpcError, WrongChain
from ledger_node.chain.home import HomeLock, operator_of
from ledger_node.chain.interface import Engine
from ledger_node.chain.pool import Pool
from ledger_node.chain.topics import normal_topics
from ledger_node.chain.transaction import Signed, assert_free, intrinsic_gas, parse
from ledger_node.chain.types import AccountProof, Block, Log, Receipt, SendResult, StorageProof

CHAIN_ID: Final = 9732
GENESIS_TIME: Final = 946_684_800  # 2000-01-01T00:00:00Z: before any year that is replayed
GAS_LIMIT: Final = 200_000_000
PACKED_GAS: Final = 30_000_000
"""A block takes no further transaction once it has used so much."""
MAX_TX_GAS: Final = 70_000_000
"""With `PACKED_GAS` this is half of the limit: no block can use more, and so the base fee stays zero (EIP-1559)."""

_NO_UNCLES: Final = keccak256(rlp.encode(()))
_NOBODY: Final = bytes(20)


def genesis(chain_id: int) -> Header:
    """The first block of every embedded chain of this id: no accounts, the id in its extraData."""
    return Header(
        parent_hash=bytes(32),
        uncles_hash=_NO_UNCLES,
        coinbase=_NOBODY,
        state_root=trie.EMPTY_ROOT,
        transactions_root=trie.EMPTY_ROOT,
        receipts_root=trie.EMPTY_ROOT,
        logs_bloom=bytes(256),
        difficulty=0,
        number=0,
        gas_limit=GAS_LIMIT,
        gas_used=0,
        timestamp=GENESIS_TIME,
        extra_data=b"carbonledger/%d" % chain_id,
        mix_hash=bytes(32),
        nonce=bytes(8),
        base_fee_per_gas=0,
    )


class EmbeddedChain:
    """Implements `Chain`. One process at a time has a home open; its threads take turns."""

    engine: Engine = "embedded"

    def __init__(self, home: Path, clock: Clock, chain_id: int = CHAIN_ID) -> None:
        self.url = "embedded:" if chain_id == CHAIN_ID else f"embedded:{chain_id}"
        self.chain_id = chain_id
        self._clock = clock
        self._mutex = threading.RLock()
        self._lock = HomeLock(home, "the embedded chain")
        try:
            self._operator = operator_of(home)
            self._store = Store(home / "chain.sqlite")
        except BaseException:
            self._lock.release()
            raise
        self.operator: bytes | None = self._operator.address
        first = genesis(chain_id)
        self.genesis_hash = first.block_hash
        self._closed = False
        try:
            self._open(first)
        except BaseException:
            self.close()
            raise

    def _open(self, first: Header) -> None:
        stored = self._store.block(0)
        if stored is None:
            self._store.append(self._sealed(first), {}, (), ())
        elif stored.hash != self.genesis_hash:
            raise WrongChain(
                "the home holds another chain",
                expected=f"genesis {self.genesis_hash.hex()} of chain {self.chain_id}",
                found=stored.hash.hex(),
                remedy="Open it with the chain id with which it was begun",
            )
        head = self._store.head()
        if head is None:
            raise Unknown("the chain has no block", expected="at least the genesis block")
        self._set_head(head, Header.parse(head.header))
        self._world = World(self._store.read, self._header.state_root)
        self._pool = Pool()

    def _sealed(self, header: Header) -> BlockRow:
        raw = header.encode()
        digest = keccak256(raw)
        seal = self._operator.seal(self.chain_id, self.genesis_hash, header.number, digest)
        return BlockRow(header.number, digest, header.parent_hash, header.timestamp, raw, seal)

    def _set_head(self, row: BlockRow, header: Header) -> None:
        self._head, self._header = _block(row), header

    # blocks

    def head(self) -> Block:
        """The newest block."""
        return self._head

    def block(self, number_or_hash: int | bytes) -> Block | None:
        """A block by number or hash."""
        with self._mutex:
            row = self._store.block(number_or_hash)
        return None if row is None else _block(row)

    def header(self, number: int) -> bytes:
        """RLP of the header as hashed."""
        return self._row(number).header

    def seal(self, number: int) -> bytes | None:
        """The operator's seal, stored with the block."""
        return self._row(number).seal

    def raw_transactions(self, number: int) -> tuple[bytes, ...]:
        """The block's transactions as they were sent, for whoever executes it again."""
        with self._mutex:
            return tuple(row.raw for row in self._store.transactions(number))

    def _row(self, number: int) -> BlockRow:
        with self._mutex:
            row = self._store.block(number)
        if row is None:
            raise Unknown("the chain has no such block", expected=f"0 to {self._head.number}", found=number)
        return row

    # state

    def call(self, to: bytes, data: bytes, block: int | None = None, *, sender: bytes | None = None) -> bytes:
        """Runs a call on the state at the end of a block."""
        with self._mutex:
            outcome, reverted = simulate(self._state_at(block), sender or _NOBODY, to, data, _enough(to, data))
        return _answer(outcome, reverted)

    def estimate_gas(self, to: bytes | None, data: bytes, *, sender: bytes | None = None) -> int:
        """The gas used on the head's state and what the 63/64 rule may ask for beyond it."""
        with self._mutex:
            state = self._state_at(None)
            outcome, reverted = simulate(state, sender or _NOBODY, to, data, _enough(to, data))
            _answer(outcome, reverted)
            low, high = outcome.gas_used - 1, MAX_TX_GAS
            wanted = outcome.gas_used
            while True:
                outcome, _ = simulate(state, sender or _NOBODY, to, data, wanted)
                if outcome.status:
                    high = wanted
                else:
                    low = wanted
                if high - low <= max(1, high // 50):
                    return high
                wanted = min(wanted + wanted // 32 + 1, MAX_TX_GAS) if high == MAX_TX_GAS else (low + high) // 2

    def _state_at(self, number: int | None) -> LedgerState:
        if number is None or number == self._head.number:
            header, world = self._header, self._world
        else:
            header = Header.parse(self._row(number).header)
            world = World(self._store.read, header.state_root)
        return LedgerState(world, context(header, self.chain_id, self._store.ancestors(header.number - 1)))

    def transaction_count(self, address: bytes, pending: bool = False) -> int:
        """The account's next nonce."""
        with self._mutex:
            mined = self._world.get_nonce(address)
            return self._pool.next_nonce(address, mined) if pending else mined

    def code(self, address: bytes) -> bytes:
        """The code at the head."""
        with self._mutex:
            return self._world.get_code(address)

    def proof(self, address: bytes, slots: Sequence[bytes], block: int) -> AccountProof:
        """Proofs at any block: this chain forgets no state."""
        read = self._store.read
        with self._mutex:
            root = Header.parse(self._row(block).header).state_root
            raw = trie.get(read, root, keccak256(address))
            account = Account(0, 0, trie.EMPTY_ROOT, EMPTY_CODE) if raw is None else Account.decode(raw)
            words = []
            for slot in slots:
                key = keccak256(slot)
                word = trie.get(read, account.storage_root, key)
                value = 0 if word is None else rlp.as_int(rlp.decode(word), "storage word")
                words.append(StorageProof(slot, value, trie.proof(read, account.storage_root, key)))
            return AccountProof(
                address,
                account.nonce,
                account.balance,
                account.storage_root,
                account.code_hash,
                trie.proof(read, root, keccak256(address)),
                tuple(words),
            )

    # transactions

    def send_raw(self, raws: Sequence[bytes]) -> list[SendResult]:
        """Takes transactions into the pool, each for itself."""
        with self._mutex:
            return [self._admit(raw) for raw in raws]

    def send_raw_elsewhere(self, raws: Sequence[bytes]) -> list[SendResult]:
        """As `send_raw`: there is no other node."""
        return self.send_raw(raws)

    def _admit(self, raw: bytes) -> SendResult:
        try:
            signed = parse(raw, self.chain_id)
            transaction = signed.transaction
            assert_free(transaction.gas_price)
        except CarbonLedgerError as error:
            return SendResult(None, str(error))
        needed = intrinsic_gas(transaction.to, transaction.data)
        if transaction.gas < needed:
            return SendResult(None, f"intrinsic gas too low: have {transaction.gas}, want {needed}")
        if transaction.gas > MAX_TX_GAS:
            return SendResult(None, f"exceeds block gas limit: have {transaction.gas}, at most {MAX_TX_GAS}")
        if transaction.value > self._world.get_balance(signed.sender):
            return SendResult(None, "insufficient funds for value")
        error_text = self._pool.add(signed, self._world.get_nonce(signed.sender))
        if error_text == "already known":
            return SendResult(signed.hash, error_text)
        return SendResult(signed.hash if error_text is None else None, error_text)

    def waiting(self) -> int:
        """Transactions in the pool, those behind a missing nonce among them."""
        with self._mutex:
            return len(self._pool)

    def advance(self, timestamp: int | None = None) -> Block | None:
        """Seals a block: executes, settles the state, signs and stores, all or nothing."""
        with self._mutex:
            wanted = block_time(self._head.timestamp, self._clock() if timestamp is None else timestamp)
            try:
                row, header, senders = self._build(wanted)
            except BaseException:  # the state in memory may be half changed: read it anew
                self._world = World(self._store.read, self._header.state_root)
                raise
            self._set_head(row, header)
            for sender in senders:
                self._pool.drop_mined(sender, self._world.get_nonce(sender))
            self._world.shrink()
            return self._head

    def _build(self, timestamp: int) -> tuple[BlockRow, Header, set[bytes]]:
        parent = self._header
        draft = Header(
            parent_hash=self._head.hash,
            uncles_hash=_NO_UNCLES,
            coinbase=_NOBODY,
            state_root=parent.state_root,
            transactions_root=trie.EMPTY_ROOT,
            receipts_root=trie.EMPTY_ROOT,
            logs_bloom=bytes(256),
            difficulty=0,
            number=parent.number + 1,
            gas_limit=GAS_LIMIT,
            gas_used=0,
            timestamp=timestamp,
            extra_data=parent.extra_data,
            mix_hash=bytes(32),
            nonce=bytes(8),
            base_fee_per_gas=0,
        )
        number = draft.number
        state = LedgerState(self._world, context(draft, self.chain_id, self._store.ancestors(number - 1)))
        used, filter_bits = 0, 0
        mined: list[Signed] = []
        receipts: list[bytes] = []
        rows: list[TxRow] = []
        logs: list[LogRow] = []
        for signed in self._pool.ready(self._world.get_nonce):
            outcome = execute(state, signed.transaction, signed.sender)
            used += outcome.gas_used
            bits = bloom(outcome.logs)
            filter_bits |= bits
            receipts.append(receipt_rlp(outcome, used, bits))
            rows.append(_tx_row(signed, number, len(mined), outcome))
            for address, topics, data in outcome.logs:
                t0, t1, t2, t3 = (*topics, None, None, None, None)[:4]
                logs.append((number, len(logs), signed.hash, address, t0, t1, t2, t3, data))
            mined.append(signed)
            if used >= PACKED_GAS:
                break
        nodes = self._world.settle()
        header = Header(
            parent_hash=draft.parent_hash,
            uncles_hash=draft.uncles_hash,
            coinbase=draft.coinbase,
            state_root=self._world.state_root,
            transactions_root=trie.ordered_root(signed.raw for signed in mined),
            receipts_root=trie.ordered_root(receipts),
            logs_bloom=filter_bits.to_bytes(256, "big"),
            difficulty=0,
            number=number,
            gas_limit=GAS_LIMIT,
            gas_used=used,
            timestamp=timestamp,
            extra_data=draft.extra_data,
            mix_hash=draft.mix_hash,
            nonce=draft.nonce,
            base_fee_per_gas=0,
        )
        row = self._sealed(header)
        self._store.append(row, nodes, rows, logs)
        return row, header, {signed.sender for signed in mined}

    # receipts and logs

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """The receipt of a mined transaction."""
        with self._mutex:
            row = self._store.transaction(transaction_hash)
            if row is None:
                return None
            block_hash = self._row(row.block).hash
            logs = tuple(_log(entry, block_hash) for entry in self._store.logs_of(transaction_hash))
        return Receipt(transaction_hash, row.block, block_hash, row.status, row.gas_used, row.contract, logs)

    def receipts(self, transaction_hashes: Sequence[bytes]) -> list[Receipt | None]:
        """As `receipt`, for many at once."""
        return [self.receipt(digest) for digest in transaction_hashes]

    def revert_data(self, transaction_hash: bytes) -> bytes | None:
        """What a failed transaction gave back, kept when it was mined; None if it did not fail or is not known."""
        with self._mutex:
            row = self._store.transaction(transaction_hash)
        return None if row is None or row.status else row.output

    def logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Sequence[bytes] | None = None,
        topics: Sequence[bytes | Sequence[bytes] | None] | None = None,
    ) -> list[Log]:
        """Logs of a range."""
        with self._mutex:
            rows = self._store.logs(from_block, min(to_block, self._head.number), addresses, normal_topics(topics))
            hashes = {number: self._row(number).hash for number in {row[0] for row in rows}}
        return [_log(row, hashes[row[0]]) for row in rows]

    def close(self) -> None:
        """Closes the store and lets the next process in."""
        with self._mutex:
            if not self._closed:
                self._closed = True
                self._store.close()
                self._lock.release()


def _enough(to: bytes | None, data: bytes) -> int:
    needed = intrinsic_gas(to, data)
    if needed > MAX_TX_GAS:
        raise RpcError("call", -32000, f"intrinsic gas too low: have {MAX_TX_GAS}, want {needed}")
    return MAX_TX_GAS


def _answer(outcome: Outcome, reverted: bool) -> bytes:
    if outcome.status:
        return outcome.output
    if reverted:
        raise CallReverted(outcome.output)
    raise RpcError("call", -32000, f"the call failed and burnt its {outcome.gas_used} gas")


def _tx_row(signed: Signed, number: int, position: int, outcome: Outcome) -> TxRow:
    output = b"" if outcome.status else outcome.output
    return TxRow(
        signed.hash, number, position, signed.raw, outcome.status, outcome.gas_used, output, outcome.contract_address
    )


def _block(row: BlockRow) -> Block:
    return Block(row.number, row.hash, row.parent, row.timestamp)


def _log(row: LogRow, block_hash: bytes) -> Log:
    number, position, transaction, address, *topics, data = row
    kept = tuple(topic for topic in topics if isinstance(topic, bytes))
    return Log(address, kept, data if isinstance(data, bytes) else b"", number, block_hash, transaction, position)
