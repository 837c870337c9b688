"""A sector's list as CSV: the columns id, emissions_t and one of intensity, output_t; into the document's JSON."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from carbonledger.errors import Malformed

COLUMNS: Final = ("id", "emissions_t", "intensity", "output_t")


def document(raw: bytes, rule_set: str, year: int, sector: str) -> dict[str, Any]:
    """The sector document of a CSV in UTF-8 with a header; Malformed names the line."""
    try:
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Malformed("the table", expected="CSV in UTF-8", found=str(error)[:200]) from error
    header = rows[0] if rows else []
    if not {"id", "emissions_t"} <= set(header) <= set(COLUMNS) or len(set(header)) != len(header):
        raise Malformed("the header of the table", expected=",".join(COLUMNS), found=",".join(header)[:200])
    members = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise Malformed(f"line {number} of the table", expected=f"{len(header)} cells", found=len(row))
        cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
        member: dict[str, Any] = {"id": cells["id"], "verified_emissions": {"unit": "t", "value": cells["emissions_t"]}}
        if cells.get("intensity"):
            member["intensity"] = {"unit": "t/t", "value": cells["intensity"]}
        if cells.get("output_t"):
            member["output"] = {"unit": "t", "value": cells["output_t"]}
        members.append(member)
    return {"members": members, "rule_set": rule_set, "sector": sector, "year": year}
