"""Closing a month: gap and manifest entries say what the log has of each device."""

from __future__ import annotations

import hashlib

from carbonledger import jcs
from oracle import periods
from oracle.node import OracleNode
from oracle.signers import Signer


def close_month(node: OracleNode, year: int, month: int) -> dict[str, int]:
    """Appends gap and manifest entries for every device; identifier to the index of its manifest.

    A month that was closed already, with nothing new since, is left as it is.
    """
    return {device.identifier: _close(node, device, year, month) for device in node.devices()}


def _close(node: OracleNode, device: Signer, year: int, month: int) -> int:
    with node.lock:
        summary = periods.summarise(node.store, device, *periods.month_bounds(year, month))
        name = f"manifest/{device.identifier}/{year:04d}-{month:02d}"
        digest = hashlib.sha256(jcs.encode(summary.manifest())).digest()
        known = node.store.meta(name)
        if known is not None and known[:32] == digest:
            return int.from_bytes(known[32:], "big")
        for first, last in summary.missing:
            gap = {"device": device.identifier, "first": first, "last": last, "reason": "not received"}
            covered = f"gap/{device.identifier}/{first}-{last}"
            if node.store.meta(covered) is None:
                node.append("gap", gap, once=covered)
        return node.append("manifest", summary.manifest(), once=name, mark=digest)
