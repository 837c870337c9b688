"""The state of all accounts at one block and while the next is built: read from the tries, changed in memory.

Changes are undone by going back along a list; `commit` writes them to the tries in one pass. What was once read
or written stays in memory for the next block. The method names are those of py-evm's AccountDB, which this is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from carbonledger.evm import rlp
from carbonledger.keccak import keccak256
from ledger_node.chain.embedded import trie

EMPTY_CODE = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")  # keccak256("")
_MAX_CACHED = 500_000
"""Accounts and slots kept between blocks: about 100 MB."""


class Account:
    """An account, never changed in place. It does not know its storage's new root before `World.commit`."""

    __slots__ = ("balance", "code_hash", "nonce", "storage_root")

    def __init__(self, nonce: int, balance: int, storage_root: bytes, code_hash: bytes) -> None:
        self.nonce = nonce
        self.balance = balance
        self.storage_root = storage_root
        self.code_hash = code_hash

    def encode(self) -> bytes:
        """The RLP that the state trie holds."""
        return rlp.encode((rlp.of_int(self.nonce), rlp.of_int(self.balance), self.storage_root, self.code_hash))

    @classmethod
    def decode(cls, raw: bytes) -> Account:
        """The inverse of `encode`."""
        nonce, balance, root, code_hash = rlp.decode_list(raw, what="account")
        return cls(
            rlp.as_int(nonce, "nonce"),
            rlp.as_int(balance, "balance"),
            rlp.as_bytes(root, "storage root", 32),
            rlp.as_bytes(code_hash, "code hash", 32),
        )


_NONE = Account(0, 0, trie.EMPTY_ROOT, EMPTY_CODE)


class World:
    """The state; `read` gives stored nodes and codes by hash. Not safe for threads: its chain holds a lock."""

    def __init__(self, read: Callable[[bytes], bytes], state_root: bytes) -> None:
        self._read = read
        self.state_root = state_root
        self._accounts: dict[bytes, Account | None] = {}
        self._storage: dict[bytes, dict[int, int]] = {}
        self._codes: dict[bytes, bytes] = {}
        self._dirty: dict[bytes, set[int]] = {}  # accounts, and their slots, that this block changed
        self._original: dict[tuple[bytes, int], int] = {}  # before the transaction (EIP-2200)
        self._undo: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self._warm_addresses: set[bytes] = set()
        self._warm_slots: set[tuple[bytes, int]] = set()
        self._new_codes: dict[bytes, bytes] = {}

    def account(self, address: bytes) -> Account | None:
        """The account, None if there is none."""
        try:
            return self._accounts[address]
        except KeyError:
            raw = trie.get(self._read, self.state_root, keccak256(address))
            found = None if raw is None else Account.decode(raw)
            self._accounts[address] = found
            return found

    def _put(self, address: bytes, account: Account | None) -> None:
        self._undo.append((self._accounts.__setitem__, (address, self.account(address))))
        self._accounts[address] = account
        if address not in self._dirty:
            self._dirty[address] = set()

    # balance, nonce, code

    def get_balance(self, address: bytes) -> int:
        """In wei."""
        return (self.account(address) or _NONE).balance

    def set_balance(self, address: bytes, balance: int) -> None:
        """Makes the account where there was none."""
        old = self.account(address) or _NONE
        self._put(address, Account(old.nonce, balance, old.storage_root, old.code_hash))

    def get_nonce(self, address: bytes) -> int:
        """0 where there is no account."""
        return (self.account(address) or _NONE).nonce

    def set_nonce(self, address: bytes, nonce: int) -> None:
        """Makes the account where there was none."""
        old = self.account(address) or _NONE
        self._put(address, Account(nonce, old.balance, old.storage_root, old.code_hash))

    def increment_nonce(self, address: bytes) -> None:
        """Adds one."""
        self.set_nonce(address, self.get_nonce(address) + 1)

    def get_code_hash(self, address: bytes) -> bytes:
        """keccak256 of the code."""
        return (self.account(address) or _NONE).code_hash

    def get_code(self, address: bytes) -> bytes:
        """Empty where there is none."""
        digest = self.get_code_hash(address)
        if digest == EMPTY_CODE:
            return b""
        code = self._codes.get(digest)
        if code is None:
            code = self._codes[digest] = self._read(digest)
        return code

    def set_code(self, address: bytes, code: bytes) -> None:
        """Gives a new contract its code."""
        digest = keccak256(code)
        if code:
            self._codes[digest] = self._new_codes[digest] = code  # one that is undone is stored in vain, no more
        old = self.account(address) or _NONE
        self._put(address, Account(old.nonce, old.balance, old.storage_root, digest))

    def delete_code(self, address: bytes) -> None:
        """Takes the code away."""
        self.set_code(address, b"")

    def account_exists(self, address: bytes) -> bool:
        """Also an empty account exists until it is cleared."""
        return self.account(address) is not None

    def account_has_code_or_nonce(self, address: bytes) -> bool:
        """A new contract may not come to lie here (EIP-684)."""
        found = self.account(address) or _NONE
        return found.nonce != 0 or found.code_hash != EMPTY_CODE

    def account_is_empty(self, address: bytes) -> bool:
        """No nonce, no code, no balance (EIP-161)."""
        return not self.account_has_code_or_nonce(address) and self.get_balance(address) == 0

    def touch_account(self, address: bytes) -> None:
        """Makes the account where there was none."""
        if self.account(address) is None:
            self._put(address, _NONE)

    def delete_account(self, address: bytes) -> None:
        """Removes the account and all it keeps."""
        if self.account(address) is None:
            return
        self.delete_storage(address)
        self._put(address, None)

    # storage

    def _slots(self, address: bytes) -> dict[int, int]:
        slots = self._storage.get(address)
        if slots is None:
            slots = self._storage[address] = {}
        return slots

    def get_storage(self, address: bytes, slot: int, from_journal: bool = True) -> int:
        """The word now, or (`from_journal` false) before this transaction."""
        if not from_journal:
            original = self._original.get((address, slot))
            if original is not None:
                return original
        slots = self._slots(address)
        value = slots.get(slot)
        if value is None:
            value = 0
            root = (self.account(address) or _NONE).storage_root
            if root != trie.EMPTY_ROOT:
                raw = trie.get(self._read, root, keccak256(slot.to_bytes(32, "big")))
                if raw is not None:
                    value = rlp.as_int(rlp.decode(raw), "storage word")
            slots[slot] = value
        return value

    def set_storage(self, address: bytes, slot: int, value: int) -> None:
        """Writes a word."""
        old = self.get_storage(address, slot)
        if old == value:
            return
        self._original.setdefault((address, slot), old)
        slots = self._storage[address]
        self._undo.append((slots.__setitem__, (slot, old)))
        slots[slot] = value
        dirty = self._dirty.get(address)
        if dirty is None:
            dirty = self._dirty[address] = set()
        dirty.add(slot)

    def delete_storage(self, address: bytes) -> None:
        """Forgets all words of an account."""
        self._undo.append((self._storage.__setitem__, (address, self._slots(address))))
        self._storage[address] = {}
        old = self.account(address)
        if old is not None and old.storage_root != trie.EMPTY_ROOT:
            self._put(address, Account(old.nonce, old.balance, trie.EMPTY_ROOT, old.code_hash))

    # warm and cold (EIP-2929)

    def is_address_warm(self, address: bytes) -> bool:
        """Was it used in this transaction?"""
        return address in self._warm_addresses

    def mark_address_warm(self, address: bytes) -> None:
        """Now it was."""
        if address not in self._warm_addresses:
            self._warm_addresses.add(address)
            self._undo.append((self._warm_addresses.discard, (address,)))

    def is_storage_warm(self, address: bytes, slot: int) -> bool:
        """Was it used in this transaction?"""
        return (address, slot) in self._warm_slots

    def mark_storage_warm(self, address: bytes, slot: int) -> None:
        """Now it was."""
        key = (address, slot)
        if key not in self._warm_slots:
            self._warm_slots.add(key)
            self._undo.append((self._warm_slots.discard, (key,)))

    # going back, going on

    def record(self) -> int:
        """A place to go back to."""
        return len(self._undo)

    def discard(self, place: int) -> None:
        """Undoes what was done since."""
        undo = self._undo
        while len(undo) > place:
            step, arguments = undo.pop()
            step(*arguments)

    def commit(self, place: int) -> None:
        """Keeps what was done since; an outer place can still undo it."""

    def lock_changes(self) -> None:
        """Begins a transaction: what was done before stays, nothing is warm."""
        self._undo.clear()
        self._original.clear()
        self._warm_addresses.clear()
        self._warm_slots.clear()

    def abandon(self) -> None:
        """Undoes all since `lock_changes`, as if nothing had been asked; only between blocks."""
        self.discard(0)
        self.lock_changes()
        self._dirty.clear()
        self._new_codes.clear()

    def settle(self) -> Mapping[bytes, bytes]:
        """Ends a block: sets the new `state_root` and gives the nodes and codes to be stored, by hash."""
        self.lock_changes()
        out: dict[bytes, bytes] = dict(self._new_codes)
        changes: dict[bytes, bytes] = {}
        for address, slots in self._dirty.items():
            account = self._accounts[address] if address in self._accounts else self.account(address)
            if account is not None and slots:
                words = self._storage.get(address, {})
                root = trie.update(
                    self._read,
                    account.storage_root,
                    {keccak256(slot.to_bytes(32, "big")): _word(words.get(slot, 0)) for slot in slots},
                    out,
                )
                account = Account(account.nonce, account.balance, root, account.code_hash)
                self._accounts[address] = account
            changes[keccak256(address)] = b"" if account is None else account.encode()
        self.state_root = trie.update(self._read, self.state_root, changes, out)
        self._dirty.clear()
        self._new_codes.clear()
        return out

    def shrink(self) -> None:
        """Lets go of what is kept in memory once it is too much; only between blocks."""
        if len(self._accounts) + sum(map(len, self._storage.values())) > _MAX_CACHED:
            self._accounts.clear()
            self._storage.clear()
            self._codes.clear()


def _word(value: int) -> bytes:
    return rlp.encode(rlp.of_int(value)) if value else b""
