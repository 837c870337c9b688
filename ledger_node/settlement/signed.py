"""A plan with the quorum's signatures, as a file that goes from desk to desk (docs/formats/settlement.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from carbonledger import acts, jcs
from carbonledger.acts import Signed
from carbonledger.eip712 import Domain
from carbonledger.errors import Malformed
from carbonledger.quota.plan import Plan

FORMAT: Final = "carbonledger/signed-plan/v1"
MAX_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class SignedPlan:
    """A plan for one chain, and who signed it so far; each signature was checked when it was read."""

    plan: Plan
    chain_id: int
    signatures: tuple[Signed, ...] = ()

    def sign(self, private_key: bytes) -> SignedPlan:
        """With one more signature; the same key again changes nothing."""
        made = acts.sign(self.plan.act, Domain(self.chain_id), private_key)
        others = tuple(signed for signed in self.signatures if signed.signer != made.signer)
        return replace(self, signatures=(*others, made))

    def document(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(
            {
                "chain_id": self.chain_id,
                "format": FORMAT,
                "plan": jcs.decode(self.plan.document),
                "signatures": [
                    {"signature": signed.signature.hex(), "signer": signed.signer.hex()} for signed in self.signatures
                ],
            }
        )

    @classmethod
    def parse(cls, raw: bytes) -> SignedPlan:
        """Strict inverse of `document`; BadSignature for a signature that is not its signer's over this plan."""
        value = jcs.decode_object(raw)
        if set(value) != {"chain_id", "format", "plan", "signatures"} or value["format"] != FORMAT:
            raise Malformed("signed plan", expected=f"an object of format {FORMAT}", found=str(sorted(value))[:80])
        if type(value["chain_id"]) is not int or not 0 < value["chain_id"] < 1 << 53:
            raise Malformed("chain_id of a signed plan", expected="a chain id", found=repr(value["chain_id"])[:80])
        if not isinstance(value["signatures"], list):
            raise Malformed("signatures of a plan", expected="a list", found=type(value["signatures"]).__name__)
        plan = Plan.parse(jcs.encode(value["plan"]))
        found = tuple(_signed(item) for item in value["signatures"])
        if len({signed.signer for signed in found}) != len(found):
            raise Malformed("signatures of a plan", expected="each signer once", found=len(found))
        for signed in found:
            acts.recover(plan.act, Domain(value["chain_id"]), signed)
        return cls(plan, value["chain_id"], found)


def read(path: Path) -> SignedPlan:
    """The plan of a file; Malformed if there is none."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Malformed(f"{path} is too large", expected=f"at most {MAX_BYTES} bytes", found=path.stat().st_size)
        return SignedPlan.parse(path.read_bytes())
    except OSError as error:
        raise Malformed("a plan cannot be read", expected=f"a file {path}", found=error.strerror) from error


def write(path: Path, signed: SignedPlan) -> None:
    """Durably, in place of what was there."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(signed.document())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _signed(item: Any) -> Signed:
    if not isinstance(item, dict) or set(item) != {"signature", "signer"}:
        raise Malformed("signature of a plan", expected="signature and signer", found=repr(item)[:80])
    try:
        signer, signature = bytes.fromhex(item["signer"]), bytes.fromhex(item["signature"])
    except (TypeError, ValueError) as error:
        raise Malformed("signature of a plan", expected="hex digits", found=repr(item)[:80]) from error
    if len(signer) != 20 or len(signature) != 65:
        raise Malformed("signature of a plan", expected="20 and 65 bytes", found=f"{len(signer)} and {len(signature)}")
    return Signed(signer, signature)
