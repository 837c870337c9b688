"""Mappings: how a foreign file's columns, times and units are read (TOML)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import timedelta, timezone, tzinfo
from importlib import resources
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from carbonledger import toml
from carbonledger.errors import Malformed, Refused

UNITS_WH: Final = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000, "GWh": 1_000_000_000}
ROUNDING: Final = ("refuse", "half-even", "half-up", "down")
MIDNIGHT: Final = ("next-day", "own-day")
ROW_ORDER: Final = ("ascending", "any")


@dataclass(frozen=True)
class Mapping:
    """How to read one layout of file.

    `midnight` says which day a row stamped 00:00 closes: "next-day" is the usual reading (00:00 begins the day whose
    date it carries, so the interval closes the day before); "own-day" means 24:00 of the date it carries.
    `time_format` is "iso8601" or a strptime format; `zone` a fixed offset (+09:00) or an IANA name, needed when the
    times carry no offset. `round` says what happens to energy finer than 1 Wh.
    """

    name: str
    time_column: str = "time"
    energy_column: str = "energy_kwh"
    time_format: str = "iso8601"
    zone: tzinfo | None = None
    unit: str = "kWh"
    midnight: str = "next-day"
    row_order: str = "ascending"
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    decimal_point: str = "."
    round: str = "refuse"
    header: str | None = None
    source: str = ""


CANONICAL: Final = Mapping("canonical")


def read_mapping(path: Path) -> Mapping:
    """The mapping of a file; Refused if it cannot be read, Malformed as `parse_mapping`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        found = error.strerror or str(error)
        raise Refused(f"cannot read the mapping {path}", expected="a TOML file", found=found) from error
    except UnicodeDecodeError as error:
        found = f"{error.reason} at byte {error.start}"
        raise Refused(f"cannot read the mapping {path}", expected="TOML in UTF-8", found=found) from error
    return parse_mapping(text, path.name)


def parse_mapping(text: str, name: str) -> Mapping:
    """Parse a mapping file; Malformed names the key, what was expected and what was found."""
    table = toml.table(text, f"mapping {name}")
    known = [f.name for f in fields(Mapping) if f.name != "name"]
    if unknown := sorted(set(table).difference(known)):
        raise Malformed(f"mapping {name}: unknown key", expected=" ".join(sorted(known)), found=" ".join(unknown))
    values: dict[str, Any] = {}
    for key, value in table.items():
        if not isinstance(value, str):
            raise Malformed(f"mapping {name}: {key}", expected="a string", found=repr(value))
        values[key] = value
    _choice(name, values, "unit", tuple(UNITS_WH))
    _choice(name, values, "midnight", MIDNIGHT)
    _choice(name, values, "row_order", ROW_ORDER)
    _choice(name, values, "round", ROUNDING)
    _choice(name, values, "decimal_point", (".", ","))
    if len(values.get("delimiter", ",")) != 1:
        raise Malformed(f"mapping {name}: delimiter", expected="one character", found=repr(values["delimiter"]))
    if "encoding" in values:
        try:
            "".encode(values["encoding"])
        except (LookupError, ValueError) as error:
            raise Malformed(
                f"mapping {name}: encoding", expected="a codec such as utf-8 or gb18030", found=values["encoding"]
            ) from error
    if "zone" in values:
        values["zone"] = parse_zone(name, values["zone"])
    return Mapping(name, **values)


def parse_zone(name: str, text: str) -> tzinfo:
    """A fixed offset such as +08:00, or an IANA zone."""
    if match := re.fullmatch(r"([+-])(\d{2}):(\d{2})", text):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if offset < timedelta(hours=24):
            return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Malformed(
            f"mapping {name}: zone", expected="an offset such as +08:00, or an IANA zone", found=repr(text)
        ) from error


def shipped_mappings() -> list[Mapping]:
    """The mappings that come with the project; each is recognised by the header line of its file."""
    folder = resources.files("oracle.sources").joinpath("mappings")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return [parse_mapping(f.read_text(encoding="utf-8"), f.name.removesuffix(".toml")) for f in files]


def recognise(header_line: str) -> Mapping:
    """The mapping for a file that begins with this header line: a shipped one, or the canonical layout."""
    line = header_line.lstrip("\ufeff").rstrip("\r\n")
    for mapping in shipped_mappings():
        if mapping.header == line:
            return mapping
    return CANONICAL


def _choice(name: str, values: dict[str, Any], key: str, choices: tuple[str, ...]) -> None:
    if key in values and values[key] not in choices:
        raise Malformed(f"mapping {name}: {key}", expected="one of " + ", ".join(choices), found=repr(values[key]))
