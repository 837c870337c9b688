"""Bundles: one self-contained file that proves a reading or an annual report (docs/formats/bundle.md).

model    the parts of a bundle; strict parsing, and formatting that gives the same bytes back
needs    which records of the chain a bundle holds
make     the maker's side: a bundle from parts that were gathered
"""

from carbonledger.bundle.make import (
    ChainParts,
    EntryParts,
    LogParts,
    MonthParts,
    canonical_note,
    chain_key_id,
    make_reading_bundle,
    make_report_bundle,
    select_nodes,
)
from carbonledger.bundle.model import Bundle, Chain, Entry, Log, Report, ReportedDevice, ReportedMonth
from carbonledger.bundle.needs import Need, needs_of_package, needs_of_reading, needs_of_report, slots_of

__all__ = [
    "Bundle",
    "Chain",
    "ChainParts",
    "Entry",
    "EntryParts",
    "Log",
    "LogParts",
    "MonthParts",
    "Need",
    "Report",
    "ReportedDevice",
    "ReportedMonth",
    "canonical_note",
    "chain_key_id",
    "make_reading_bundle",
    "make_report_bundle",
    "needs_of_package",
    "needs_of_reading",
    "needs_of_report",
    "select_nodes",
    "slots_of",
]
