"""Revert data as text: Error(string), Panic(uint256), or the selector of a custom error and its words."""

from __future__ import annotations

_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)


def describe(data: bytes) -> str:
    """One line for people. Hostile data gives its hex; no length makes this raise."""
    if data[:4] == _ERROR and len(data) >= 68:
        size = int.from_bytes(data[36:68], "big")
        if int.from_bytes(data[4:36], "big") == 32 and size <= len(data) - 68:
            return data[68 : 68 + size].decode("utf-8", "replace")
    if data[:4] == _PANIC and len(data) == 36:
        return f"panic 0x{int.from_bytes(data[4:], 'big'):02x}"
    shown = data[:4].hex() + "".join(f" {data[i : i + 32].hex()}" for i in range(4, min(len(data), 4 + 8 * 32), 32))
    return f"0x{shown}" + (f" and {len(data) - 260} more bytes" if len(data) > 260 else "")
