"""Activity lines that were filed with reports, from the events of ReportRegistry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, type_coerce
from sqlalchemy.types import JSON

from carbonledger.accounting.lines import Line
from carbonledger.accounting.names import name_of
from ledger_node.db.schema import event


def lines_of(connection: Connection, report: str) -> list[Mapping[str, Any]] | None:
    """The lines of a report as it was filed (docs/formats/rule-set.md, Lines on the chain); None if not known.

    Bytes are hex: `code` is a name padded with zeros; numbers from 2^53 are decimal strings.
    """
    arguments = type_coerce(event.c.arguments, JSON)
    query = select(event.c.arguments).where(event.c.name == "ReportFiled", arguments["reportId"].as_string() == report)
    row = connection.execute(query.limit(1)).first()
    if row is None:
        return None
    lines: list[Mapping[str, Any]] = row[0]["lines"]
    return lines


def line(told: Mapping[str, Any]) -> Line:
    """A line as `lines_of` tells it, in words."""
    words = tuple(bytes.fromhex(word) for word in told["parameters"])
    code, item = bytes.fromhex(told["code"]), bytes.fromhex(told["item"])
    return Line(name_of(code), item, int(told["quantity"]), int(told["tiers"]), words)
