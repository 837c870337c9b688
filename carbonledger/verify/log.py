"""Steps 6 and 7: who signed and who cosigned the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from carbonledger import cosignature, eip712, note, secp256k1
from carbonledger.checkpoint import CHECKPOINT_TYPE, Checkpoint
from carbonledger.eip712 import Domain
from carbonledger.errors import BadSignature, CarbonLedgerError, Invalid, Malformed
from carbonledger.note import Note, SignatureLine, VerifierKey
from carbonledger.policy import LogPolicy, Policy, WitnessPolicy
from carbonledger.verify.verdict import Finding, undecided

_KEPT_TEXT = 512


@dataclass(frozen=True, slots=True)
class NoteKeys:
    """The keys of a checkpoint's lines, as the policy names them; of the log both (Ed25519, secp256k1)."""

    log: tuple[VerifierKey, VerifierKey]
    witnesses: tuple[VerifierKey, ...]


def note_keys(signed: Note, origin: str, policy: Policy) -> NoteKeys | None:
    """The keys of the lines that the policy knows; None where it leaves the log or the witnesses out."""
    log, witnesses = policy.log(origin), policy.witnesses
    if log is None or witnesses is None:
        return None
    found = tuple(key for key in witnesses.keys if any(key.signed(line) for line in signed.signatures))
    return NoteKeys((log.ed25519, log.eip712), found)


def signed_by_the_log(signed: Note, origin: str, policy: Policy) -> Finding:
    """6. The log's two keys, named by the policy, signed the checkpoint."""
    log = policy.log(origin)
    if log is None:
        return undecided(f"The policy names no log {origin!r}: nobody vouches for the checkpoint's keys.")
    domain = None if policy.chain is None else Domain(policy.chain.id)
    for key in (log.ed25519, log.eip712):
        line = next((line for line in signed.signatures if key.signed(line)), None)
        if line is None:
            found = ", ".join(line.name for line in signed.signatures)
            raise Invalid("signature of the log", expected=f"a line of {key.format()}", found=found)
        if domain is None and key.type == note.EIP712:
            return undecided("The policy names no chain, so the log's secp256k1 line could not be checked.")
        check_line(signed, key, line, domain)
    return Finding(f"Both keys that the policy names for {origin} signed the checkpoint.")


def cosigned(signed: Note, origin: str, policy: Policy) -> Finding:
    """7. As many of the policy's witnesses as it asks cosigned; there is no line of an unknown key."""
    witnesses, log = policy.witnesses, policy.log(origin)
    if witnesses is None:
        return undecided("The policy names no witnesses.")
    lines = witness_lines(signed, log, witnesses)
    domain = None if policy.chain is None else Domain(policy.chain.id)
    if domain is None and any(key.type == note.EIP712 for key, _ in lines):
        return undecided("The policy names no chain, so the witnesses' secp256k1 lines could not be checked.")
    for key, line in lines:
        check_line(signed, key, line, domain)
    names = sorted({key.name for key, _ in lines})
    if len(names) < witnesses.quorum:
        raise Invalid("witnesses of the checkpoint", expected=f"{witnesses.quorum} of the policy's", found=len(names))
    if log is None:
        return undecided(f"{len(names)} witnesses cosigned, but the policy names no log {origin!r}: other lines stay.")
    return Finding(f"{len(names)} of the policy's witnesses cosigned ({witnesses.quorum} asked): {', '.join(names)}.")


def witness_lines(
    signed: Note, log: LogPolicy | None, witnesses: WitnessPolicy
) -> list[tuple[VerifierKey, SignatureLine]]:
    """The witnesses' lines with their keys; Invalid for a line of a key that the policy does not name."""
    found = []
    for line in signed.signatures:
        if log is not None and (log.ed25519.signed(line) or log.eip712.signed(line)):
            continue
        key = next((key for key in witnesses.keys if key.signed(line)), None)
        if key is None:
            if log is None and line.name == origin_of(signed):
                continue
            raise Invalid(
                "signature lines of the checkpoint",
                expected="keys that the policy names",
                found=f"a line of {line.name}, key hash {line.key_hash.hex()}",
            )
        found.append((key, line))
    require_one_line_each(key for key, _ in found)
    return found


def check_line(signed: Note, key: VerifierKey, line: SignatureLine, domain: Domain | None) -> None:
    """BadSignature unless this line of this key verifies over the checkpoint."""
    try:
        if key.type == note.ED25519:
            note.check_ed25519(key, signed.text, line.payload)
        elif key.type == note.COSIGNATURE:
            cosignature.verify(key, signed.text, line.payload)
        elif domain is not None:
            found = secp256k1.recover_public_key(_digest(signed.text, domain), line.payload)
            if found != key.key.data:
                raise BadSignature("another key signed it", expected=key.key.data.hex(), found=found.hex())
    except CarbonLedgerError as error:
        raise Invalid(f"line of {line.name} on the checkpoint: {error}") from error


def _digest(text: str, domain: Domain) -> bytes:
    """What the secp256k1 lines of one checkpoint sign; the log's and the witnesses' are the same."""
    # a note may have a mebibyte: a thousand such are not kept, whoever sends them
    return _kept_digest(text, domain) if len(text) <= _KEPT_TEXT else _computed_digest(text, domain)


@lru_cache(maxsize=1024)  # a replay asks for all checkpoints of a year, first for the log, then for the witnesses
def _kept_digest(text: str, domain: Domain) -> bytes:
    return _computed_digest(text, domain)


def _computed_digest(text: str, domain: Domain) -> bytes:
    head = Checkpoint.parse(text)
    if head.extensions:
        raise Malformed(
            "checkpoint", expected="no extension lines, which a secp256k1 line does not cover", found="some"
        )
    words = (head.origin, head.size, head.root)
    return eip712.digest_under(_separator(domain), eip712.struct_hash(CHECKPOINT_TYPE, words))


@lru_cache(maxsize=4)
def _separator(domain: Domain) -> bytes:
    return domain.separator()


def require_one_line_each(keys: Iterable[VerifierKey]) -> None:
    """Malformed if a key has two lines."""
    seen: set[VerifierKey] = set()
    for key in keys:
        if key in seen:
            raise Malformed("signature lines of the checkpoint", expected="one a key", found=f"two of {key.name}")
        seen.add(key)


def origin_of(signed: Note) -> str:
    """The first line of a checkpoint's text."""
    return signed.text.split("\n", 1)[0]
