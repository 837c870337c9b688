"""A compiled loop around OpenSSL's SHA-256: the very function that hashlib calls, without an object for each hash.

On short messages `hashlib.sha256` spends most of its time on making and freeing objects. The loop is a few lines of
LLVM's language, compiled when it is first asked for; SHA-256 itself is OpenSSL's, of the library that hashlib uses.
Where llvmlite is missing, that library shows no such functions, or the system lets no memory become executable, there
is no loop, and hashlib does the work.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from importlib import import_module
from typing import Any, Final

_FUNCTIONS: Final = ("SHA256_Init", "SHA256_Update", "SHA256_Final")

_SOURCE: Final = """
declare i32 @SHA256_Init(ptr)
declare i32 @SHA256_Update(ptr, ptr, i64)
declare i32 @SHA256_Final(ptr, ptr)

; SHA-256(prefix || message) of n messages that lie one behind the other; ends[i] is where message i ends
define void @each(ptr %prefix, i64 %prefixed, ptr %messages, ptr %ends, i64 %n, ptr %digests) {
  %state = alloca [256 x i8], align 16
  %any = icmp ugt i64 %n, 0
  br i1 %any, label %next, label %done
next:
  %i = phi i64 [0, %0], [%following, %next]
  %begin = phi i64 [0, %0], [%end, %next]
  %at = getelementptr i64, ptr %ends, i64 %i
  %end = load i64, ptr %at
  %size = sub i64 %end, %begin
  %message = getelementptr i8, ptr %messages, i64 %begin
  %digest = getelementptr [32 x i8], ptr %digests, i64 %i
  call i32 @SHA256_Init(ptr %state)
  call i32 @SHA256_Update(ptr %state, ptr %prefix, i64 %prefixed)
  call i32 @SHA256_Update(ptr %state, ptr %message, i64 %size)
  call i32 @SHA256_Final(ptr %digest, ptr %state)
  %following = add i64 %i, 1
  %more = icmp ult i64 %following, %n
  br i1 %more, label %next, label %done
done:
  ret void
}

; SHA-256(prefix || node || node) for n pairs of places in nodes; the results follow behind place `known` - 1
define void @join(ptr %prefix, i64 %prefixed, ptr %nodes, ptr %pairs, i64 %n, i64 %known) {
  %state = alloca [256 x i8], align 16
  %any = icmp ugt i64 %n, 0
  br i1 %any, label %next, label %done
next:
  %i = phi i64 [0, %0], [%following, %next]
  %pair = getelementptr [2 x i32], ptr %pairs, i64 %i
  %second = getelementptr i32, ptr %pair, i64 1
  %l = load i32, ptr %pair
  %r = load i32, ptr %second
  %l64 = zext i32 %l to i64
  %r64 = zext i32 %r to i64
  %left = getelementptr [32 x i8], ptr %nodes, i64 %l64
  %right = getelementptr [32 x i8], ptr %nodes, i64 %r64
  %place = add i64 %known, %i
  %parent = getelementptr [32 x i8], ptr %nodes, i64 %place
  call i32 @SHA256_Init(ptr %state)
  call i32 @SHA256_Update(ptr %state, ptr %prefix, i64 %prefixed)
  call i32 @SHA256_Update(ptr %state, ptr %left, i64 32)
  call i32 @SHA256_Update(ptr %state, ptr %right, i64 32)
  call i32 @SHA256_Final(ptr %parent, ptr %state)
  %following = add i64 %i, 1
  %more = icmp ult i64 %following, %n
  br i1 %more, label %next, label %done
done:
  ret void
}
"""


class Loop:
    """`each` and `join` of the source above. The engine must live as long as its functions."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        size, place = ctypes.c_size_t, ctypes.c_void_p
        # PYFUNCTYPE keeps the interpreter's lock, as hashlib does for short messages: giving it away for microseconds
        # would make this thread wait for all others
        self.each = ctypes.PYFUNCTYPE(None, ctypes.c_char_p, size, ctypes.c_char_p, place, size, place)(
            engine.get_function_address("each")
        )
        self.join = ctypes.PYFUNCTYPE(None, ctypes.c_char_p, size, place, place, size, size)(
            engine.get_function_address("join")
        )


def build() -> Loop | None:
    """The loop, or None where it cannot be had. Takes a quarter of a second."""
    try:
        llvm: Any = import_module("llvmlite.binding")
        library = ctypes.CDLL(import_module("_hashlib").__file__)  # finds what hashlib itself is linked with
        addresses = {name: ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in _FUNCTIONS}
    except (ImportError, AttributeError, OSError):
        return None
    if ctypes.sizeof(ctypes.c_size_t) != 8 or not _may_execute():
        return None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name, address in addresses.items():
        llvm.add_symbol(name, address)
    module = llvm.parse_assembly(_SOURCE)
    module.verify()
    engine = llvm.create_mcjit_compiler(module, llvm.Target.from_default_triple().create_target_machine(opt=2))
    engine.finalize_object()
    return Loop(engine)


def _may_execute() -> bool:
    """Whether memory that was written may become executable: a hardened service may not, and LLVM does not ask."""
    if sys.platform == "win32":
        return True
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    held = ctypes.c_char.from_buffer(page)
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    allowed: bool = protect(ctypes.addressof(held), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC) == 0
    del held
    page.close()
    return allowed
