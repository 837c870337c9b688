"""Verification of a credential in numbered steps; offline: status lists and keys are handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from carbonledger.credential import integrity, jose, status_list
from carbonledger.credential.model import PURPOSES, STATUS_CREDENTIAL, Credential, Purpose, parse
from carbonledger.credential.objects import read_object
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed, Unknown
from carbonledger.keys import PublicKey
from carbonledger.periods import rfc3339
from carbonledger.verify.verdict import Finding, Step, Verification, judge, not_applicable, undecided

MAX_BYTES: Final = 1 << 20

Keys = Mapping[str, Sequence[PublicKey]]
"""Issuer (its URL) → the keys that the reader trusts of it."""


@dataclass(frozen=True, slots=True)
class Secured:
    """A credential with what secures it: a token, or a document that carries a proof."""

    document: dict[str, Any]
    token: jose.Token | None

    @property
    def method(self) -> str:
        """The URL of the key that it names."""
        return self.token.method if self.token is not None else integrity.method_of(self.document)

    def check(self, keys: Sequence[PublicKey]) -> None:
        """Raise the last failure unless one of these keys signed it."""
        failure: CarbonLedgerError = Invalid("keys of the issuer", expected="one", found="none")
        for key in keys:
            try:
                jose.check(self.token, key) if self.token is not None else integrity.check(self.document, key)
                return
            except CarbonLedgerError as error:
                failure = error
        raise failure


def read(data: bytes) -> Secured:
    """A JSON document with a proof, or a compact token; Malformed for anything else."""
    if len(data) > MAX_BYTES:
        raise Malformed("credential", expected=f"at most {MAX_BYTES} bytes", found=len(data))
    text = data.decode("utf-8", errors="replace").strip()
    if not text.startswith("{"):
        token = jose.parse(text)
        return Secured(token.payload, token)
    return Secured(read_object(text, "credential"), None)


def verify(data: bytes, keys: Keys, at_s: int, lists: Sequence[bytes] = ()) -> Verification:
    """What the steps find at a time (s). `lists` are status list credentials, each secured by the same issuer."""
    try:
        secured = read(data)
    except CarbonLedgerError as error:
        return Verification((), error=str(error))
    steps = [Step(1, "parse", "valid", "A token." if secured.token else "A document with a proof.")]
    parsed: list[Credential] = []

    def form() -> Finding:
        parsed.append(parse(secured.document))
        kinds = ", ".join(one for one in parsed[0].types if one != "VerifiableCredential") or "no more special type"
        return Finding(f"A Verifiable Credential 2.0: {kinds}.")

    steps.append(judge(2, "form", form))
    if not parsed:
        return Verification(tuple(steps))
    credential = parsed[0]
    steps.append(judge(3, "signature", partial(_signature, secured, credential.issuer, keys)))
    steps.append(judge(4, "time", partial(_time, credential, at_s)))
    for number, purpose in enumerate(PURPOSES, 5):
        steps.append(judge(number, purpose, partial(_status, credential, purpose, keys, at_s, lists)))
    return Verification(tuple(steps), _subject(credential))


def _signature(secured: Secured, issuer: str, keys: Keys) -> Finding:
    method = secured.method
    if not (method == issuer or method.startswith(issuer + "#")):
        raise Invalid("key of the credential", expected=f"one of its issuer, {issuer}#…", found=method[:200])
    known = keys.get(issuer)
    if not known:
        return undecided(f"No key of {issuer} was named: whether it signed this is not known.")
    secured.check(known)
    return Finding(f"Signed by a key of {issuer}.")


def _time(credential: Credential, at_s: int) -> Finding:
    now = rfc3339(at_s * 1000)
    if credential.valid_from is not None and at_s < credential.valid_from:
        raise Invalid("time", expected=f"from {rfc3339(int(credential.valid_from * 1000))}", found=now)
    if credential.valid_until is not None and at_s > credential.valid_until:
        raise Invalid("time", expected=f"until {rfc3339(int(credential.valid_until * 1000))}", found=now)
    return Finding(f"Valid at {now}.")


def _in_time(listed: Credential, at_s: int) -> bool:
    since, until = listed.valid_from, listed.valid_until
    return (since is None or at_s >= since) and (until is None or at_s <= until)


def _status(credential: Credential, purpose: Purpose, keys: Keys, at_s: int, lists: Sequence[bytes]) -> Finding:
    entries = [entry for entry in credential.statuses if entry.purpose == purpose]
    if not entries:
        return not_applicable("The credential names no such list.")
    for entry in entries:
        found = next((one for one in map(read, lists) if one.document.get("id") == entry.url), None)
        if found is None:
            return undecided(f"The list {entry.url} was not handed in: whether it is set is not known.")
        listed = parse(found.document)
        if listed.issuer != credential.issuer or STATUS_CREDENTIAL not in listed.types:
            raise Invalid("status list", expected=f"a {STATUS_CREDENTIAL} of {credential.issuer}", found=listed.issuer)
        signed = _signature(found, listed.issuer, keys)
        if signed.verdict != "valid":
            return undecided(f"The list: {signed.reason}")
        if not _in_time(listed, at_s):
            return undecided(f"The list {entry.url} is not of this time: hand in the one that the issuer gives now.")
        content = listed.subjects[0]
        named = content.get("statusPurpose")
        if purpose not in (named if isinstance(named, list) else [named]):
            raise Invalid("purpose of the status list", expected=purpose, found=repr(named)[:80])
        if content.get("statusSize", 1) != 1:
            raise Unknown("status list", expected="one bit an entry", found=repr(content["statusSize"])[:20])
        if status_list.is_set(status_list.decode(content.get("encodedList")), entry.index):
            word = "revoked" if purpose == "revocation" else "suspended"
            raise Invalid("status", expected=f"not {word}", found=word)
    return Finding("Not set in the list.")


def _subject(credential: Credential) -> dict[str, Any]:
    told = {name: value for name, value in credential.subjects[0].items() if isinstance(value, str | int)}
    return {"id": credential.id, "issuer": credential.issuer, "types": ", ".join(credential.types), "subject": told}
