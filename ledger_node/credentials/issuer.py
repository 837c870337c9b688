"""Who issues: a key, the address under which certificates and lists are found, and how both are signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from carbonledger import jcs
from carbonledger.credential import did, integrity, jose
from carbonledger.credential.model import PURPOSES, Certificate, Purpose, status_document
from carbonledger.errors import Malformed, Refused
from carbonledger.keys import PrivateKey
from carbonledger.periods import rfc3339
from ledger_node.credentials.claims import DAY_S, VALIDITY_DAYS, Claim, subject_id

LIST_DAYS: Final = 7
"""How long a signed status list may be used: an old copy can hide a suspension no longer than this."""
LIST_RENEWED_S: Final = DAY_S
"""A list that did not change is signed again after this: an issuer that is down for a week is noticed."""


@dataclass(frozen=True, slots=True)
class Signed:
    """One content secured in both ways: a document with its proof (canonical JSON), and a token."""

    document: bytes
    token: str


@dataclass(frozen=True)
class Issuer:
    """An issuer of certificates over one chain. `base_url` is the origin of the API that serves them.

    `former`: origins under which it issued before and still answers. What was issued there is not issued again: its
    lists are signed, under the name that it has, until the last of it has lapsed.
    """

    base_url: str
    key: PrivateKey
    chain_id: int
    validity_days: int = VALIDITY_DAYS
    list_days: int = LIST_DAYS
    former: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for base_url in self.bases:
            did.did_of(base_url)
        if len(set(self.bases)) != len(self.bases):
            raise Malformed("addresses of an issuer", expected="each once", found=", ".join(self.bases))
        if self.key.algorithm != "ed25519":
            raise Malformed("key of an issuer", expected="Ed25519", found=self.key.algorithm)

    @property
    def did(self) -> str:
        """Its name."""
        return did.did_of(self.base_url)

    @property
    def bases(self) -> tuple[str, ...]:
        """Origins for which it signs, the former ones first."""
        return (*self.former, self.base_url)

    def under(self, base_url: str) -> Issuer:
        """The same issuer by the name that it has at one of its origins."""
        if base_url not in self.bases:
            raise Refused("an address that is not this issuer's", expected=", ".join(self.bases), found=base_url)
        return replace(self, base_url=base_url, former=())

    def certificate(self, identifier: str, claim: Claim, contract: bytes, place: tuple[int, int], now: int) -> Signed:
        """A certificate. `contract` keeps the record; `place` is the number of the status lists and the index there."""
        said = {**claim.said, "chain": f"eip155:{self.chain_id}", "contract": f"0x{contract.hex()}"}
        made = Certificate(
            id=credential_url(self.base_url, identifier),
            kind=claim.kind,
            issuer=self.did,
            subject_id=subject_id(claim.member, claim.project),
            subject={**said, "record": claim.record},
            valid_from=rfc3339(claim.valid_from * 1000),
            valid_until=None if claim.valid_until is None else rfc3339(claim.valid_until * 1000),
            lists={purpose: status_url(self.base_url, purpose, place[0]) for purpose in PURPOSES},
            index=place[1],
        )
        return self._sign(made.document(), now)

    def status_list(self, purpose: Purpose, number: int, set_bits: Sequence[int], now: int) -> Signed:
        """A status list of now."""
        until = rfc3339((now + self.list_days * DAY_S) * 1000)
        url = status_url(self.base_url, purpose, number)
        return self._sign(status_document(url, self.did, purpose, set_bits, rfc3339(now * 1000), until), now)

    def _sign(self, document: dict[str, object], now: int) -> Signed:
        public = self.key.public
        proof = integrity.add(document, self.key, did.proof_method(self.did, public), rfc3339(now * 1000))
        return Signed(jcs.encode(proof), jose.sign(document, self.key, did.token_method(self.did, public)))


def credential_url(base_url: str, identifier: str) -> str:
    """Where a certificate is."""
    return f"{base_url}/v1/credentials/{identifier}"


def check_url(base_url: str, identifier: str) -> str:
    """The page that checks one, which its QR code leads to."""
    return f"{base_url}/check/{identifier}"


def status_url(base_url: str, purpose: Purpose, number: int) -> str:
    """Where a status list is."""
    return f"{base_url}/v1/status/{purpose}-{number}"
