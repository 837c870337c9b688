"""What all generated bindings share: values to ABI bytes and back. Written by hand.

Addresses and bytes32 are bytes, numbers int, structs the generated dataclasses. Where a struct is an act, an
`Act` may be passed; where it is a signature, `carbonledger.acts.Signed`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from carbonledger.acts import Act
from carbonledger.errors import Malformed


class EventLog(Protocol):
    """A log as a chain gives it."""

    @property
    def topics(self) -> Sequence[bytes]: ...

    @property
    def data(self) -> bytes: ...


def call(selector: bytes, types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Calldata: selector and arguments."""
    return selector + arguments(types, values)


def arguments(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """ABI encoding of the values; Malformed for one that does not fit its type."""
    try:
        return encode(types, [plain(value) for value in values])
    except (EncodingError, TypeError, ValueError, OverflowError) as error:
        raise Malformed("arguments of a contract call", expected=", ".join(types), found=str(error)[:200]) from error


def results(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Strict inverse of `arguments`; addresses come as hex text, see `address`."""
    try:
        return decode(types, data)
    except (DecodingError, TypeError, ValueError, OverflowError) as error:
        raise Malformed("answer of a contract", expected=", ".join(types), found=str(error)[:200]) from error


def indexed(log: EventLog, topic: bytes, types: Sequence[str]) -> tuple[Any, ...]:
    """Values of the indexed fields of an event; Malformed unless the log is of this event."""
    if len(log.topics) != 1 + len(types) or bytes(log.topics[0]) != topic:
        found = [bytes(t).hex() for t in log.topics]
        raise Malformed("topics of an event", expected=f"{topic.hex()} and {len(types)} indexed fields", found=found)
    return tuple(results((t,), bytes(word))[0] for t, word in zip(types, log.topics[1:], strict=True))


def address(text: str) -> bytes:
    """20 bytes of the hex text that the decoder gives."""
    return bytes.fromhex(text[2:])


def plain(value: Any) -> Any:
    """Tuples and lists in place of dataclasses and acts."""
    if isinstance(value, Act):
        return value.arguments()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return tuple(plain(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
