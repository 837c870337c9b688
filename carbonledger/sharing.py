"""Requests for an enterprise's private data, and the opened months that answer one (docs/formats/sharing.md)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, get_args

from carbonledger import eip712, jcs, secp256k1
from carbonledger.errors import Malformed, Refused
from carbonledger.month_statement import SALT_BYTES, MonthStatement

TYPE: Final = "DisclosureRequest(bytes32 owner,bytes32 grantee,bytes32 scope,string what,uint64 issuedAt)"
FRESH_S: Final = 300
GRANTEE: Final = "carbonledger-grantee"
GRANT: Final = "carbonledger-grant"
ISSUED_AT: Final = "carbonledger-issued-at"
SIGNATURE: Final = "carbonledger-signature"

What = Literal["months", "package", "bundle"]
WHATS: Final[tuple[What, ...]] = get_args(What)

_TIME: Final = re.compile(r"0|[1-9][0-9]{0,14}")


def scope(member: bytes, year: int) -> bytes:
    """What a grant of one member's year names, 32 bytes: SHA-256 of canonical JSON {"member","year"}."""
    return hashlib.sha256(jcs.encode({"member": member.hex(), "year": year})).digest()


def standing_scope(member: bytes) -> bytes:
    """What a grant of a member's standing names, 32 bytes: SHA-256 of canonical JSON {"member","what":"standing"}.

    By it the grantee sees quota, pledges and emissions beside what the chain shows every member.
    """
    return hashlib.sha256(jcs.encode({"member": member.hex(), "what": "standing"})).digest()


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks whom for what; `issued_at` in Unix seconds."""

    owner: bytes
    grantee: bytes
    year: int
    what: What
    issued_at: int

    def digest(self, domain: eip712.Domain) -> bytes:
        """The 32 bytes that the grantee's act key signs."""
        fields = (self.owner, self.grantee, scope(self.owner, self.year), self.what, self.issued_at)
        return eip712.digest(domain, eip712.struct_hash(TYPE, fields))

    def require_fresh(self, now: int) -> None:
        """Refused if the request is older than five minutes by the clock of the answering node, or from the future."""
        if abs(now - self.issued_at) > FRESH_S:
            raise Refused(
                "the request is not fresh",
                expected=f"issued within {FRESH_S} s of {now}",
                found=self.issued_at,
                remedy="Sign it again",
            )


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it travels; `grant` (32 bytes) is the grant it leans on, None for a statutory role."""

    request: Request
    signature: bytes
    grant: bytes | None = None

    @classmethod
    def sign(
        cls, request: Request, domain: eip712.Domain, private_key: bytes, grant: bytes | None = None
    ) -> SignedRequest:
        """Signed with the grantee's act key, 32 bytes."""
        return cls(request, secp256k1.sign_digest(private_key, request.digest(domain)), grant)

    def signer(self, domain: eip712.Domain) -> bytes:
        """The address (20 bytes) that signed; BadSignature or Malformed if none can have."""
        return secp256k1.recover(self.request.digest(domain), self.signature)

    def headers(self) -> dict[str, str]:
        """The HTTP headers of the request."""
        found = {
            GRANTEE: self.request.grantee.hex(),
            ISSUED_AT: str(self.request.issued_at),
            SIGNATURE: self.signature.hex(),
        }
        return found if self.grant is None else {**found, GRANT: self.grant.hex()}

    @classmethod
    def parse(cls, owner: bytes, year: int, what: What, headers: Mapping[str, str]) -> SignedRequest:
        """From the headers of a request to `owner`; Malformed names the header."""
        issued = headers.get(ISSUED_AT, "")
        if not _TIME.fullmatch(issued):
            raise Malformed(f"header {ISSUED_AT}", expected="Unix seconds", found=_found(issued))
        request = Request(owner, _hex(headers, GRANTEE, 32), year, what, int(issued))
        signature = _hex(headers, SIGNATURE, secp256k1.SIGNATURE_SIZE)
        return cls(request, signature, _hex(headers, GRANT, 32) if GRANT in headers else None)


@dataclass(frozen=True, slots=True)
class OpenedMonth:
    """A month's statement and the 16-byte salt that opens its commitment on the chain."""

    statement: MonthStatement
    salt: bytes

    @property
    def commitment(self) -> bytes:
        """What the chain must hold, 32 bytes."""
        return self.statement.commitment(self.salt)

    def to_json(self) -> dict[str, str]:
        """As in the list `months`."""
        return {"salt": self.salt.hex(), "statement": self.statement.json().decode()}

    @classmethod
    def from_json(cls, value: Any) -> OpenedMonth:
        """Strict inverse of `to_json`."""
        match value:
            case {"salt": str() as salt, "statement": str() as statement} if len(value) == 2:
                return cls(MonthStatement.parse(statement.encode("utf-8")), _bytes("salt of a month", salt, SALT_BYTES))
        raise Malformed("an opened month", expected='{"salt","statement"}', found=_found(value))


@dataclass(frozen=True, slots=True)
class OpenedMonths:
    """The opened months of one member and year, at most one for each month, January first."""

    member: bytes
    year: int
    months: tuple[OpenedMonth, ...]

    def __post_init__(self) -> None:
        statements = [opened.statement for opened in self.months]
        for statement in statements:
            if (statement.member, statement.year) != (self.member, self.year):
                raise Malformed(
                    "opened months",
                    expected=f"statements of {self.member.hex()} for {self.year}",
                    found=f"one of {statement.member.hex()} for {statement.year}",
                )
        if not all(a.month < b.month for a, b in pairwise(statements)):
            raise Malformed("opened months", expected="each month once, January first", found="another order")

    def json(self) -> bytes:
        """Canonical bytes."""
        months = [opened.to_json() for opened in self.months]
        return jcs.encode({"member": self.member.hex(), "months": months, "v": 1, "year": self.year})

    @classmethod
    def parse(cls, raw: bytes) -> OpenedMonths:
        """Strict inverse of `json`."""
        match jcs.decode(raw):
            case {"member": str() as member, "months": list() as months, "v": 1, "year": int() as year} as value if (
                len(value) == 4 and len(months) <= 12 and not isinstance(year, bool)
            ):
                opened = tuple(OpenedMonth.from_json(month) for month in months)
                return cls(_bytes("member of opened months", member, 32), year, opened)
        raise Malformed("opened months", expected='{"member","months","v":1,"year"}', found=_found(raw))


def _hex(headers: Mapping[str, str], name: str, size: int) -> bytes:
    return _bytes(f"header {name}", headers.get(name, ""), size)


def _bytes(what: str, text: str, size: int) -> bytes:
    if not re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text):
        raise Malformed(what, expected=f"{2 * size} lower-case hex digits", found=_found(text))
    return bytes.fromhex(text)


def _found(value: object) -> str:
    return repr(value)[:80] if value else "nothing"
