"""Any event of any contract as a name and JSON values, for readers that follow them all."""

from __future__ import annotations

import dataclasses
import importlib
import re
from typing import Any, Final

from ledger_node.chain.bindings.codec import EventLog

_SNAKE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CONTRACTS: Final = frozenset(
    {
        "Directory",
        "MemberRegistry",
        "DeviceRegistry",
        "CheckpointRegistry",
        "FactorRegistry",
        "RuleSetRegistry",
        "ReportRegistry",
        "GrantRegistry",
    }
)


def describe_event(contract: str, log: EventLog) -> tuple[str, dict[str, Any]] | None:
    """(event name, arguments): bytes as hex, numbers from 2^53 as decimal strings.

    None for an event that the contract does not declare, and for contracts that have none. Malformed for a log that
    claims to be of a declared event and is not.
    """
    if contract not in _CONTRACTS:
        return None
    module = importlib.import_module(f"ledger_node.chain.bindings.{_SNAKE.sub('_', contract).lower()}")
    event = module.decode_event(log)
    if event is None:
        return None
    return type(event).__name__, {f.name: _json(getattr(event, f.name)) for f in dataclasses.fields(event)}


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return value
