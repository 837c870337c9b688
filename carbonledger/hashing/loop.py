"""A compiled loop around OpenSSL's SHA-256: the very functions that hashlib calls, without an object for each hash.

On short messages `hashlib.sha256` spends most of its time on making and freeing objects. `loop.ll` is the loop in
LLVM's language, `loop.x86_64.json` its machine code (made by scripts/build_hash_loop.py); SHA-256 itself is OpenSSL's,
of the library that hashlib uses. Where the processor is another, that library shows no such functions, or the system
lets no memory become executable, there is no loop, and hashlib does the work; so it does where CARBONLEDGER_HASHING is
"hashlib".
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import platform
import sys
from array import array
from importlib import import_module
from importlib.resources import files
from typing import Any, Final

FUNCTIONS: Final = ("SHA256_Init", "SHA256_Update", "SHA256_Final")
SWITCH: Final = "CARBONLEDGER_HASHING"

_SIZE, _PLACE, _BYTES = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p
_ARGUMENTS: Final[dict[str, tuple[Any, ...]]] = {
    "each": (_PLACE, _BYTES, _SIZE, _BYTES, _PLACE, _SIZE, _PLACE),
    "join": (_PLACE, _BYTES, _SIZE, _PLACE, _PLACE, _SIZE, _SIZE),
}


class Loop:
    """The two functions of `loop.ll`. They look at nothing: what they are given must be right.

    They keep the interpreter's lock, as hashlib does for short messages: giving it away for microseconds would make
    this thread wait for all others.
    """

    def __init__(self, code: dict[str, memoryview], openssl: array[int]) -> None:
        self._kept = code, openssl
        self._openssl = openssl.buffer_info()[0]
        self._each, self._join = (
            ctypes.PYFUNCTYPE(None, *_ARGUMENTS[name])(_address(code[name])) for name in ("each", "join")
        )

    def each(self, prefix: bytes, messages: bytes, ends: array[int], digests: array[int]) -> None:
        """Puts SHA-256(prefix || message) of each message, which ends at `ends` (array "Q"), into the room for them."""
        places = ends.buffer_info(), digests.buffer_info()
        self._each(self._openssl, prefix, len(prefix), messages, places[0][0], places[0][1], places[1][0])

    def join(self, prefix: bytes, nodes: array[int], pairs: array[int], known: int) -> None:
        """Puts SHA-256(prefix || left || right) of each pair (array "I") into the room behind the known nodes."""
        places, count = pairs.buffer_info()
        self._join(self._openssl, prefix, len(prefix), nodes.buffer_info()[0], places, count // 2, known)


def load() -> Loop | None:
    """The loop, or None where it cannot be had."""
    machine = (sys.platform, platform.machine(), ctypes.sizeof(_PLACE))
    if os.environ.get(SWITCH) == "hashlib" or machine != ("linux", "x86_64", 8):
        return None
    try:
        library = ctypes.CDLL(import_module("_hashlib").__file__)  # finds what hashlib itself is linked with
        openssl = array("Q", [ctypes.cast(getattr(library, name), _PLACE).value or 0 for name in FUNCTIONS])
    except (ImportError, AttributeError, OSError):
        return None
    text = files("carbonledger.hashing").joinpath("loop.x86_64.json").read_text("ascii")
    code = {name: _executable(bytes.fromhex(found)) for name, found in json.loads(text).items()}
    ready = {name: view for name, view in code.items() if view is not None}
    return Loop(ready, openssl) if len(ready) == len(code) else None


def _executable(code: bytes) -> memoryview | None:
    """Memory with this code; None where a hardened service may not have such memory (MemoryDenyWriteExecute=)."""
    page = mmap.mmap(-1, len(code), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page.write(code)
    view = memoryview(page)
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = (_PLACE, _SIZE, ctypes.c_int)
    return view if protect(_address(view), len(code), mmap.PROT_READ | mmap.PROT_EXEC) == 0 else None


def _address(view: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(view))
