"""Steps 2 to 5: the disclosed entries, and that they are in the log."""

from __future__ import annotations

from carbonledger import merkle
from carbonledger.entry import MEASURED_KINDS, NO_SALT, commitment, pseudonym
from carbonledger.errors import CarbonLedgerError, Invalid
from carbonledger.verify.context import Context, at_entry
from carbonledger.verify.verdict import Finding


def signature(context: Context) -> Finding:
    """2. R was signed by the key named in A; every public key is used."""
    for item in context.bundle.entries:
        try:
            item.evidence.verify(item.body, context.key_of(item))
        except CarbonLedgerError as error:
            raise Invalid(f"signature of {at_entry(item)}: {error}") from error
    used = {item.evidence.key_short_id for item in context.bundle.entries}
    if unused := set(context.keys) - used:
        raise Invalid("keys of the bundle", expected="each signed an entry", found=f"{sorted(unused)[0].hex()} did not")
    return Finding(f"{_count(context)} signed by the key that its evidence names.")


def committed(context: Context) -> Finding:
    """3. c = commitment of salt, R, A."""
    for item in context.bundle.entries:
        if item.body.nonce is not None and item.salt != NO_SALT:
            raise Invalid(f"salt of {at_entry(item)}", expected="zeros, as R has a nonce", found=item.salt.hex())
        found = commitment(item.body.raw, item.evidence_raw, item.salt).hex()
        if found != item.leaf.commitment:
            raise Invalid(f"commitment of {at_entry(item)}", expected=item.leaf.commitment, found=found)
    return Finding(f"{_count(context)} committed to in its leaf.")


def leaf(context: Context) -> Finding:
    """4. The leaf says what R says: pseudonym, kind, sequence, time, algorithm."""
    for item in context.bundle.entries:
        body, said = item.body, item.leaf
        check_opening(body.kind, body.sequence, at_entry(item))
        expected = {
            "d": pseudonym(item.device_salt, body.signer),
            "k": body.kind,
            "q": body.sequence,
            "s": context.key_of(item).algorithm,
            "t": body.time_ms,
        }
        found = {"d": said.pseudonym, "k": said.kind, "q": said.sequence, "s": said.algorithm, "t": said.time_ms}
        for name, value in expected.items():
            if found[name] != value:
                raise Invalid(f"leaf field {name!r} of {at_entry(item)}", expected=value, found=found[name])
    return Finding(f"{_count(context)} described by its leaf as it is.")


def check_opening(kind: str, sequence: int, what: str) -> None:
    """Invalid unless a commissioning entry is the device's number 0, and a reading is not: a register opens once."""
    if kind in MEASURED_KINDS and (kind == "commissioning") != (sequence == 0):
        wanted = "0" if kind == "commissioning" else "from 1"
        raise Invalid(f"sequence of {what}", expected=wanted, found=sequence)


def inclusion(context: Context) -> Finding:
    """5. The leaf is in the checkpoint's tree."""
    head = context.bundle.log.checkpoint
    for item in context.bundle.entries:
        merkle.verify_inclusion(merkle.leaf_hash(item.leaf.raw), item.index, head.size, item.proof, head.root)
    return Finding(f"{_count(context)} in the tree of {head.size} leaves, root {head.root.hex()}.")


def _count(context: Context) -> str:
    number = len(context.bundle.entries)
    return "The entry is" if number == 1 else f"Each of {number} entries is"
