"""Keccak-256 as Ethereum uses it (the padding before FIPS 202).

PyCryptodome's hash object costs three times what the hash does, so its compiled functions are called here as the object
calls them, on one state for each thread. They are no public interface: the lock file holds the version, and a test
compares with the object.
"""

from __future__ import annotations

import threading
from typing import Final

from Crypto.Hash.keccak import _raw_keccak_lib as _library  # type: ignore[attr-defined]
from Crypto.Util._raw_api import SmartPointer, VoidPointer, ffi

_CAPACITY: Final = 64
_ROUNDS: Final = 24
_SIZE: Final = 32
_PADDING: Final = 1

_absorb, _squeeze, _reset = _library.keccak_absorb, _library.keccak_digest, _library.keccak_reset


class _State(threading.local):
    def __init__(self) -> None:
        made = VoidPointer()
        if _library.keccak_init(made.address_of(), _CAPACITY, _ROUNDS):
            raise MemoryError("no state for Keccak-256")
        self.owner = SmartPointer(made.get(), _library.keccak_destroy)
        self.pointer = self.owner.get()
        self.out = ffi.new("uint8_t[]", _SIZE)
        self.digest = ffi.buffer(self.out)


_state = _State()


def keccak256(data: bytes) -> bytes:
    """The 32-byte Keccak-256 digest."""
    state = _state
    pointer = state.pointer
    # reset first: a call that an exception cut short must not colour the next one
    if _reset(pointer) or _absorb(pointer, data, len(data)) or _squeeze(pointer, state.out, _SIZE, _PADDING):
        raise RuntimeError("Keccak-256 refused its state")
    return bytes(state.digest)
