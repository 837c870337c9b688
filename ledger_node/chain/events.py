"""Events of the contracts as plain data: a name, and arguments fit for JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

from carbonledger.errors import CarbonLedgerError
from ledger_node.chain.bindings import (
    checkpoint_registry,
    device_registry,
    directory,
    factor_registry,
    grant_registry,
    member_registry,
    report_registry,
    rule_set_registry,
)
from ledger_node.chain.types import Log

SAFE_INTEGER: Final = 2**53

DECODERS: Final[Mapping[str, Callable[[Log], object]]] = {
    "CheckpointRegistry": checkpoint_registry.decode_event,
    "DeviceRegistry": device_registry.decode_event,
    "Directory": directory.decode_event,
    "FactorRegistry": factor_registry.decode_event,
    "GrantRegistry": grant_registry.decode_event,
    "MemberRegistry": member_registry.decode_event,
    "ReportRegistry": report_registry.decode_event,
    "RuleSetRegistry": rule_set_registry.decode_event,
}


def describe(contract: str, log: Log) -> tuple[str, Mapping[str, Any]] | None:
    """(name, arguments) of a contract's event; None for one that this build does not know."""
    decoder = DECODERS.get(contract)
    if decoder is None:
        return None
    try:
        event = decoder(log)
    except CarbonLedgerError:
        return None
    if event is None or not dataclasses.is_dataclass(event):
        return None
    return type(event).__name__, {f.name: plain(getattr(event, f.name)) for f in dataclasses.fields(event)}


def plain(value: object) -> Any:
    """Bytes as hex, numbers from 2^53 as decimal strings, structs as objects."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) < SAFE_INTEGER else str(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return str(value)
