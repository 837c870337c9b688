"""Many calls in one transaction, by the contract Batch: what they read in common is paid for once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from carbonledger.errors import Malformed
from ledger_node.chain.bindings import batch, codec, errors, structs

Call = tuple[bytes, bytes]
"""A contract's address, calldata."""

GAS_PER_CALL: Final = 450_000
"""What a call in a batch may use; the dearest that a settlement makes uses less than half of it."""
GAS_ALONE: Final = 2_000_000
_REFUSED: Final = next(code for code, entry in errors.ERRORS.items() if entry[0] == "BatchCallRefused")


def together(
    addresses: Mapping[str, bytes], calls: Sequence[Call], each: int = GAS_PER_CALL
) -> tuple[bytes, bytes, int]:
    """(address, calldata, gas) of one transaction that makes these calls, all or none; one call goes by itself.

    `each` is what one of them may use.
    """
    if len(calls) == 1:
        return (*calls[0], max(GAS_ALONE, each))
    data = batch.encode_carry([structs.Call(to, data) for to, data in calls])
    return addresses["Batch"], data, each * len(calls) + 100_000


def reason(revert: bytes | None) -> str:
    """Why a transaction was refused, in words; of a batch, what the refused call said."""
    if not revert:
        return "no reason given: the gas may not have sufficed"
    if revert[:4] == _REFUSED:
        try:
            _, revert = codec.results(("uint256", "bytes"), revert[4:])
        except Malformed:
            return errors.explain(revert)
    return errors.explain(revert) if revert else "no reason given"
