"""A witness of logs by C2SP tlog-witness: checks that they only grow, and cosigns (docs/formats/log.md)."""

from __future__ import annotations

from ledger_node.witness.server import create_witness
from ledger_node.witness.store import ForkEvidence, WitnessStore
from ledger_node.witness.witness import WitnessedLog, WitnessKeys, WitnessService

__all__ = ["ForkEvidence", "WitnessKeys", "WitnessService", "WitnessStore", "WitnessedLog", "create_witness"]
