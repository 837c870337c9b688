"""What lies in a chain's home beside its store: the operator's key, and the lock that keeps a second process out."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

from carbonledger import secp256k1
from carbonledger.errors import Malformed
from carbonledger.evm import operator
from ledger_node.chain.errors import StoreLocked

KEY_FILE = "operator.key"


class Operator:
    """Who seals the blocks of this home's chain."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.address = secp256k1.address(secp256k1.public_key(key))

    def seal(self, chain_id: int, genesis: bytes, number: int, block_hash: bytes) -> bytes:
        """65 bytes over the block's hash; the same for the same block."""
        return secp256k1.sign_digest(self._key, operator.digest(chain_id, genesis, number, block_hash))


def operator_of(home: Path) -> Operator:
    """The operator of a home; its key (64 hex digits, file mode 600) is made where there is none."""
    path = home / KEY_FILE
    if not path.exists():
        draft = home / f".{KEY_FILE}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(32).hex().encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)  # never over a key that came in between
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        sync_folder(home)
    text = path.read_text("ascii", "replace").strip()
    try:
        key = bytes.fromhex(text)
        return Operator(key)
    except ValueError as error:
        raise Malformed(
            "the operator's key cannot be read",
            expected=f"64 hex digits of a secp256k1 key in {path}",
            found=f"{len(text)} characters",
            remedy="Restore it from a backup: without it no block of this chain can be sealed",
        ) from error


class HomeLock:
    """Held while a process has the chain open; the system lets go of it when the process ends, however it ends."""

    def __init__(self, home: Path, what: str) -> None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = home / "lock"
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            found = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StoreLocked(
                f"{what} is open elsewhere",
                expected=f"one process at {home}",
                found=f"process {found or 'unknown'}",
                remedy="Stop that process, or use its API",
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Lets the next process in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def sync_folder(folder: Path) -> None:
    """Makes new names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
