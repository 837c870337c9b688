"""The data model: a certificate as a Verifiable Credential 2.0, and what a reader asks of one (section 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from carbonledger.credential import status_list
from carbonledger.errors import Malformed

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
TERMS: Final = "urn:carbonledger:terms#"
STATUS_ENTRY: Final = "BitstringStatusListEntry"
STATUS_CREDENTIAL: Final = "BitstringStatusListCredential"

Purpose = Literal["revocation", "suspension"]
PURPOSES: Final[tuple[Purpose, ...]] = ("revocation", "suspension")
Kind = Literal["code", "grade", "retirement"]
TYPES: Final[Mapping[Kind, str]] = {
    "code": "CarbonCodeCertificate",
    "grade": "CarbonGradeCertificate",
    "retirement": "RetirementCertificate",
}
_SUBJECT: Final = (
    *("amount", "chain", "contract", "creditCode", "grade", "period", "project", "purpose", "record", "scheme"),
    "colour",
)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is certified. `subject` has terms of ours alone: never a figure that the enterprise keeps to itself.

    `index` is the place in both status lists; times are RFC 3339, UTC; `valid_until` None: it does not lapse.
    """

    id: str
    kind: Kind
    issuer: str
    subject_id: str
    subject: Mapping[str, str | int]
    valid_from: str
    valid_until: str | None
    lists: Mapping[Purpose, str]
    index: int

    def document(self) -> dict[str, Any]:
        """The credential, unsecured; Malformed for a term of the subject that certificates do not have."""
        if unknown := set(self.subject) - set(_SUBJECT):
            raise Malformed("subject of a certificate", expected=" ".join(_SUBJECT), found=" ".join(sorted(unknown)))
        terms = {name: TERMS + name for name in sorted({*self.subject, TYPES[self.kind]})}
        until = {} if self.valid_until is None else {"validUntil": self.valid_until}
        return {
            "@context": [CONTEXT, terms],
            "credentialStatus": [self._entry(purpose) for purpose in PURPOSES],
            "credentialSubject": {"id": self.subject_id, **self.subject},
            "id": self.id,
            "issuer": self.issuer,
            "type": ["VerifiableCredential", TYPES[self.kind]],
            "validFrom": self.valid_from,
            **until,
        }

    def _entry(self, purpose: Purpose) -> dict[str, str]:
        url = self.lists[purpose]
        return {
            "id": f"{url}#{self.index}",
            "statusListCredential": url,
            "statusListIndex": str(self.index),
            "statusPurpose": purpose,
            "type": STATUS_ENTRY,
        }


def status_document(
    url: str, issuer: str, purpose: Purpose, set_bits: Sequence[int], valid_from: str, valid_until: str | None = None
) -> dict[str, Any]:
    """The credential of a status list, unsecured; a reader takes no list from after `valid_until`."""
    until = {} if valid_until is None else {"validUntil": valid_until}
    return {
        "@context": [CONTEXT],
        "credentialSubject": {
            "encodedList": status_list.encode(set_bits),
            "id": f"{url}#list",
            "statusPurpose": purpose,
            "type": "BitstringStatusList",
        },
        "id": url,
        "issuer": issuer,
        "type": ["VerifiableCredential", STATUS_CREDENTIAL],
        "validFrom": valid_from,
        **until,
    }


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where a certificate's bit of one purpose is."""

    purpose: str
    url: str
    index: int


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential, parsed: the parts that a reader judges. Times are Unix seconds, None: not bounded."""

    id: str | None
    types: tuple[str, ...]
    issuer: str
    subjects: tuple[Mapping[str, Any], ...]
    valid_from: float | None
    valid_until: float | None
    statuses: tuple[StatusEntry, ...]


def parse(document: Mapping[str, Any]) -> Credential:
    """The parts of a credential; Malformed names what VC 2.0 asks and what was found."""
    context = document.get("@context")
    if not isinstance(context, list) or not context or context[0] != CONTEXT:
        raise Malformed("field '@context'", expected=f"a list that begins with {CONTEXT}", found=repr(context)[:200])
    types = document.get("type")
    listed = [types] if isinstance(types, str) else types
    if (
        not isinstance(listed, list)
        or not all(isinstance(t, str) for t in listed)
        or "VerifiableCredential" not in listed
    ):
        raise Malformed("field 'type'", expected="VerifiableCredential among strings", found=repr(types)[:200])
    issuer = document.get("issuer")
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    if not isinstance(named, str) or ":" not in named:
        raise Malformed("field 'issuer'", expected="a URL, or an object with one as id", found=repr(issuer)[:200])
    subject = document.get("credentialSubject")
    subjects: list[Any] = subject if isinstance(subject, list) else [subject]
    if not subjects or not all(isinstance(one, dict) and one for one in subjects):
        raise Malformed("field 'credentialSubject'", expected="an object, or some", found=repr(subject)[:200])
    identifier = document.get("id")
    if identifier is not None and (not isinstance(identifier, str) or ":" not in identifier):
        raise Malformed("field 'id'", expected="a URL", found=repr(identifier)[:200])
    since, until = _time(document, "validFrom"), _time(document, "validUntil")
    if since is not None and until is not None and until < since:
        raise Malformed("field 'validUntil'", expected="not before validFrom", found=repr(document["validUntil"]))
    return Credential(identifier, tuple(listed), named, tuple(subjects), since, until, _statuses(document))


def _time(document: Mapping[str, Any], name: str) -> float | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise Malformed(
            f"field {name!r}", expected="a dateTimeStamp such as 2026-01-01T00:00:00Z", found=repr(value)[:80]
        )
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError as error:
        raise Malformed(f"field {name!r}", expected="a date and time that exists", found=value) from error


def _statuses(document: Mapping[str, Any]) -> tuple[StatusEntry, ...]:
    status = document.get("credentialStatus", [])
    found: list[StatusEntry] = []
    for entry in status if isinstance(status, list) else [status]:
        if not isinstance(entry, dict) or entry.get("type") != STATUS_ENTRY:
            raise Malformed("field 'credentialStatus'", expected=STATUS_ENTRY, found=repr(entry)[:200])
        purpose, url, index = (entry.get(k) for k in ("statusPurpose", "statusListCredential", "statusListIndex"))
        if not isinstance(purpose, str) or not isinstance(url, str):
            raise Malformed(
                "credentialStatus", expected="statusPurpose and statusListCredential", found=repr(entry)[:200]
            )
        if not isinstance(index, str) or not _INDEX.fullmatch(index):
            raise Malformed("field 'statusListIndex'", expected="a number from 0 as text", found=repr(index)[:80])
        found.append(StatusEntry(purpose, url, int(index)))
    return tuple(found)
