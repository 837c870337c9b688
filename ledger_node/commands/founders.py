"""The founders' file of a deployment: who are the first regulators, and how many of them make a quorum.

```toml
threshold = 2

[[founder]]
credit_code = "11130000000000001X"   # or member = "64 hex digits", the SHA-256 of the code
province = "CN-HE"                   # its id on the chain is the SHA-256 of this text
key = "40 hex digits"                # address of the key by which the founder acts
```
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from carbonledger import toml
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.identifiers import member_id, object_id
from ledger_node.chain.bindings.structs import Founder

MAX_FOUNDERS: Final = 100
MAX_BYTES: Final = 1 << 20
_HEX: Final = re.compile(r"[0-9a-f]+")
_KEYS: Final = frozenset({"credit_code", "member", "province", "key"})


@dataclass(frozen=True, slots=True)
class Founders:
    """What the MemberRegistry is created with, founders by ascending member id."""

    founders: tuple[Founder, ...]
    threshold: int


def load(path: Path) -> Founders:
    """The founders of a file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Malformed("the founders' file cannot be read", expected=f"a file {path}", found=error.strerror) from error
    if len(raw) > MAX_BYTES:
        raise Malformed("the founders' file is too long", expected=f"at most {MAX_BYTES} bytes", found=len(raw))
    try:
        return parse(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Malformed("the founders' file is not text", expected="UTF-8", found=error.reason) from error


def parse(text: str) -> Founders:
    """The founders of a TOML text; Malformed names the key, what was expected and what was found."""
    value = toml.table(text, "the founders' file")
    if unknown := sorted(set(value) - {"threshold", "founder"}):
        raise _malformed("(top)", "threshold and [[founder]]", unknown[0])
    tables = value.get("founder")
    if not isinstance(tables, list) or not 1 <= len(tables) <= MAX_FOUNDERS:
        raise _malformed("founder", f"1 to {MAX_FOUNDERS} tables [[founder]]", tables)
    found = sorted((_founder(number, table) for number, table in enumerate(tables)), key=lambda f: f.member)
    for what, count in (("member", len({f.member for f in found})), ("key", len({f.key for f in found}))):
        if count != len(found):
            raise _malformed(f"founder.{what}", "each once", "one twice")
    threshold = value.get("threshold")
    if type(threshold) is not int or not 1 <= threshold <= len(found):
        raise _malformed("threshold", f"a whole number 1 to {len(found)}, the number of founders", threshold)
    return Founders(tuple(found), threshold)


def _founder(number: int, table: Any) -> Founder:
    where = f"founder[{number}]"
    if not isinstance(table, dict):
        raise _malformed(where, "a table", table)
    if unknown := sorted(set(table) - _KEYS):
        raise _malformed(where, ", ".join(sorted(_KEYS)), unknown[0])
    if ("credit_code" in table) == ("member" in table):
        raise _malformed(where, "either credit_code or member", "both" if "member" in table else "neither")
    if "member" in table:
        member = _hex(f"{where}.member", table["member"], 32)
    else:
        try:
            member = member_id(_text(f"{where}.credit_code", table["credit_code"]))
        except CarbonLedgerError as error:
            raise _malformed(f"{where}.credit_code", str(error.expected), error.found) from error
    province = object_id(_text(f"{where}.province", table.get("province")))
    return Founder(member, province, _hex(f"{where}.key", table.get("key"), 20))


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 100 or not value.isascii() or not value.isprintable():
        raise _malformed(where, "1 to 100 printable ASCII characters", value)
    return value


def _hex(where: str, value: object, size: int) -> bytes:
    if not isinstance(value, str) or len(value) != 2 * size or not _HEX.fullmatch(value) or not int(value, 16):
        raise _malformed(where, f"{2 * size} lower-case hex digits, not all zero", value)
    return bytes.fromhex(value)


def _malformed(where: str, expected: str, found: object) -> Malformed:
    shown = "nothing" if found is None else repr(found)[:80]
    return Malformed(f"founders' file, key {where!r}", expected=expected, found=shown)
