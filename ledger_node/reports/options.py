"""What a report document is asked for: view, language, period, and the names of members."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.identifiers import member_id

View = Literal["gb", "iso", "ghg"]
Language = Literal["zh", "en"]
VIEWS: Final[tuple[View, ...]] = get_args(View)
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

PERIOD_PATTERN: Final = r"(?P<year>[12][0-9]{3})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?"
MAX_NAMES: Final = 1000
MAX_NAME: Final = 200
_PERIOD: Final = re.compile(PERIOD_PATTERN)
_ID: Final = re.compile(r"[0-9a-f]{64}")
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Period:
    """A year, a quarter or a month of the accounts, named `2025`, `2025-Q1` or `2025-03`."""

    text: str
    year: int
    months: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Period:
        """From its name."""
        found = _PERIOD.fullmatch(text)
        if found is None:
            raise Malformed("period of a report", expected="such as 2025, 2025-Q1 or 2025-03", found=repr(text)[:40])
        months: tuple[int, ...]
        if found["quarter"]:
            first = 3 * int(found["quarter"]) - 2
            months = (first, first + 1, first + 2)
        elif found["month"]:
            months = (int(found["month"]),)
        else:
            months = tuple(range(1, 13))
        return cls(text, int(found["year"]), months)

    @property
    def whole_year(self) -> bool:
        """Whether it is the year that was verified and approved; parts of it are provisional."""
        return len(self.months) == 12


@dataclass(frozen=True, slots=True)
class Name:
    """What a member is called: Chinese, English and credit code; "" where one is not given.

    The chain holds the digest of the Chinese name, and the member's id is the digest of the credit code: both can be
    checked. The English name cannot, and is told as a translation.
    """

    zh: str
    en: str = ""
    code: str = ""

    def is_of(self, member: bytes, name_digest: bytes) -> bool:
        """Whether it is the name under which the member was admitted."""
        return hashlib.sha256(self.zh.encode()).digest() == name_digest and (not self.code or self.proves(member))

    def proves(self, member: bytes) -> bool:
        """Whether the member's id is that of the credit code: it says who a member is that was admitted unnamed."""
        try:
            return member_id(self.code) == member
        except CarbonLedgerError:
            return False

    def to_json(self) -> dict[str, str]:
        """Its three texts."""
        return {"code": self.code, "en": self.en, "zh": self.zh}


@dataclass(frozen=True, slots=True)
class Options:
    """All that a document depends on beside its evidence. `period` None: the year of the report.

    `origin`: of the node whose page shows the report (`https://ledger.example`), as an address and a QR code; "": none.
    """

    view: View = "gb"
    language: Language = "zh"
    period: Period | None = None
    names: Mapping[bytes, Name] = field(default_factory=dict)
    origin: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a document carries them, so that it can be made again."""
        told = {"origin": self.origin} if self.origin else {}
        return told | {
            "language": self.language,
            "names": {member.hex(): name.to_json() for member, name in sorted(self.names.items())},
            "period": None if self.period is None else self.period.text,
            "view": self.view,
        }

    @classmethod
    def from_json(cls, value: object) -> Options:
        """Strict inverse of `to_json`."""
        match value:
            case {"language": language, "names": names, "period": None | str() as period, "view": view, **rest}:
                if not rest.keys() - {"origin"}:
                    when = None if period is None else Period.parse(period)
                    origin = origin_of(rest["origin"]) if "origin" in rest else ""
                    return cls(view_of(view), language_of(language), when, parse_names(names), origin)
        raise Malformed(
            "options of a document", expected="language, names, period, view, perhaps origin", found=repr(value)[:80]
        )


def origin_of(text: object) -> str:
    """A node's address that a document names: scheme, host, and a port where there is one."""
    if isinstance(text, str) and _ORIGIN.fullmatch(text):
        return text
    raise Malformed("origin of a document", expected="https://host, with a port or without", found=repr(text)[:80])


def view_of(text: object) -> View:
    """A view by its name."""
    for view in VIEWS:
        if text == view:
            return view
    raise Malformed("view of a report", expected=", ".join(VIEWS), found=repr(text)[:40])


def language_of(text: object) -> Language:
    """A language by its tag."""
    for language in LANGUAGES:
        if text == language:
            return language
    raise Malformed("language of a report", expected=", ".join(LANGUAGES), found=repr(text)[:40])


def read_names(raw: bytes) -> dict[bytes, Name]:
    """A names file: JSON, member id (hex) → the Chinese name, or `{"zh", "en", "code"}` of which `zh` is needed."""
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise Malformed("names file", expected="JSON in UTF-8", found=str(error)[:100]) from error
    return parse_names(value)


def parse_names(value: object) -> dict[bytes, Name]:
    """The decoded JSON of a names file, sorted by member."""
    if not isinstance(value, dict) or len(value) > MAX_NAMES:
        raise Malformed("names", expected=f"an object of at most {MAX_NAMES} members", found=type(value).__name__)
    found = {}
    for member, given in value.items():
        if _ID.fullmatch(member) is None:
            raise Malformed("names: a member", expected="64 lower-case hex digits", found=repr(member)[:80])
        found[bytes.fromhex(member)] = _name(member, given)
    return dict(sorted(found.items()))


def _name(member: str, given: object) -> Name:
    texts = {"zh": given} if isinstance(given, str) else given
    if not isinstance(texts, dict) or not {"zh"} <= set(texts) <= {"zh", "en", "code"}:
        raise Malformed(f"names: {member}", expected="a name, or zh with en and code", found=repr(given)[:80])
    for text in texts.values():
        if not isinstance(text, str) or len(text) > MAX_NAME or not text.isprintable():
            raise Malformed(f"names: {member}", expected=f"printable text of at most {MAX_NAME}", found=repr(text)[:80])
    return Name(**texts)
