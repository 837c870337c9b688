"""Steps 8 to 10: the contracts are those trusted, the head of the log is anchored, the block is sealed."""

from __future__ import annotations

from carbonledger.bundle.make import chain_key_id, seal_signers
from carbonledger.bundle.needs import DIRECTORY
from carbonledger.errors import Invalid, Unknown
from carbonledger.evm import qbft
from carbonledger.evm.evidence import OPERATED, seal_verdict
from carbonledger.evm.header import Header
from carbonledger.identifiers import chain_name, object_id
from carbonledger.periods import rfc3339
from carbonledger.policy import ChainPolicy
from carbonledger.records import Record
from carbonledger.verify.context import CodeHashes, Context, Proven, at_entry
from carbonledger.verify.log import note_keys
from carbonledger.verify.verdict import Finding, undecided

LOG_FROZEN = 2
CLOCK_AHEAD_S = 300
"""How far the clock of a device may be ahead: what the intake takes too."""


def contracts(context: Context) -> Finding:
    """8. Each contract's Directory entry, address and code hash are proven, and equal the committed artefact's;
    genesis and Directory are those of the policy; no node of the evidence is left over.
    """
    proven = context.proven
    unknown = listed(proven, context.directory, context.code_hashes)
    known = note_keys(context.bundle.log.note, context.bundle.log.origin, context.policy)
    if known is not None:  # else it is not known whose absence from the register the nodes may prove
        for key in known.witnesses:
            proven.touch("key", chain_key_id(key))
        proven.leftover()
    if unknown is not None:
        raise unknown
    return of_the_policy(proven, context.directory, context.policy.chain, seal_step=10)


def listed(proven: Proven, directory: bytes, code_hashes: CodeHashes) -> Unknown | None:
    """Invalid unless just the contracts whose records are there are named, each as the Directory lists it, with the
    committed code; the first contract or version that this build does not know is returned.
    """
    chain = proven.chain
    wanted = {record.definition.contract for record in chain.records} | {DIRECTORY}
    if set(chain.contracts) != wanted:
        raise Invalid(
            "contracts of the bundle", expected=" ".join(sorted(wanted)), found=" ".join(sorted(chain.contracts))
        )
    unknown: Unknown | None = None
    for name, address in chain.contracts.items():
        if name in proven.contract_errors:
            raise proven.contract_errors[name]
        asked = bytes(32) if name == DIRECTORY else bytes(12) + directory
        if proven.directory_of.get(name, asked) != asked:
            raise Invalid(
                f"Directory that {name} asks",
                expected="none" if name == DIRECTORY else directory.hex(),
                found=proven.directory_of[name].hex(),
            )
        try:
            _code(code_hashes, proven, name, address)
        except Unknown as error:
            unknown = error
    for record in chain.of_kind("contract"):
        proven.get("contract", record.id)
        if record.id not in {chain_name(name) for name in chain.contracts if name != DIRECTORY}:
            raise Invalid("record 'contract'", expected="of a contract but the Directory", found=record.id.hex())
    return unknown


def of_the_policy(proven: Proven, directory: bytes, policy: ChainPolicy | None, *, seal_step: int) -> Finding:
    """Whether the Directory is the one that the reader trusts; step `seal_step` judges the seal."""
    if policy is None:
        return undecided(f"The contracts are as committed, but no policy says that Directory {directory.hex()} counts.")
    if directory != policy.directory:
        raise Invalid("Directory of the chain", expected=policy.directory.hex(), found=directory.hex())
    genesis = (
        f"genesis {policy.genesis.hex()} is part of what the operator's seal covers (step {seal_step})"
        if proven.chain.evidence.engine in OPERATED
        else "the seals of this engine name no genesis: validators, Directory and code stand for the chain"
    )
    names = ", ".join(sorted(proven.chain.contracts))
    return Finding(f"{names} are listed in the policy's Directory and have the committed code; {genesis}.")


def _code(code_hashes: CodeHashes, proven: Proven, name: str, address: bytes) -> None:
    versions = code_hashes.get(name)
    if versions is None:
        raise Unknown("contract", expected=", ".join(code_hashes), found=repr(name)[:80])
    code = proven.code[name].hex()
    if name == DIRECTORY:
        if code not in versions.values():
            raise Invalid("code of the Directory", expected=" or ".join(versions.values()), found=code)
        return
    listing = proven.get("contract", chain_name(name))
    if listing.field("location") != address:
        raise Invalid(f"address of {name}", expected=listing.field("location").hex(), found=address.hex())
    if listing.field("codeHash").hex() != code:
        raise Invalid(f"code of {name}", expected=listing.field("codeHash").hex(), found=code)
    committed = versions.get(str(listing.field("version")))
    if committed is None:
        raise Unknown(f"version of {name}", expected=", ".join(versions), found=listing.field("version"))
    if committed != code:
        raise Invalid(f"code of {name}", expected=f"{committed}, the committed artefact's", found=code)


def anchored(context: Context) -> Finding:
    """9. The log's record is proven and its head is this checkpoint; each entry has its first anchor."""
    proven, head = context.proven, context.bundle.log.checkpoint
    log = proven.get("log", object_id(head.origin))
    if (log.field("size"), log.field("root")) != (head.size, head.root):
        raise Invalid(
            "head of the log on the chain",
            expected=f"size {head.size}, root {head.root.hex()}",
            found=f"size {log.field('size')}, root {log.field('root').hex()}",
        )
    if log.field("status") == LOG_FROZEN:
        raise Invalid("status of the log", expected="active or closed", found="frozen after a proven fork")
    used = set()
    for item in context.bundle.entries:
        first = context.anchor_of(item.index)
        used.add(first.id)
        require_past(item.body.time_ms, first.field("time"), at_entry(item))
    anchors = proven.of_kind("anchor")
    for anchor in anchors:
        if anchor.id not in used:
            raise Invalid("anchors of the bundle", expected="each the first of an entry", found=f"size {_size(anchor)}")
        check_anchor(proven, log, anchor)
    if (then := log.field("anchoredAt")) > proven.state.timestamp:
        raise Invalid("time of the log's anchor", expected=f"at most {proven.state.timestamp}", found=then)
    return Finding(
        f"Size {head.size} with this root is the head of the log in block {proven.state.number};"
        f" {len(anchors)} anchors first covered the entries."
    )


def require_past(time_ms: int, anchored_at: int, what: str) -> None:
    """Invalid if an entry speaks of a time after its first anchor (s): it was signed before it could be known."""
    if time_ms > (anchored_at + CLOCK_AHEAD_S) * 1000:
        raise Invalid(
            f"time of {what}",
            expected=f"at most {CLOCK_AHEAD_S} s after its anchor, {rfc3339(anchored_at * 1000)}",
            found=rfc3339(time_ms),
        )


def check_anchor(proven: Proven, log: Record, anchor: Record) -> None:
    """Invalid unless an anchor is of this log, within its head, and not later than the block."""
    if anchor.field("logId") != log.field("logId"):
        raise Invalid("log of an anchor", expected=log.field("logId").hex(), found=anchor.field("logId").hex())
    if anchor.field("size") > log.field("size") or anchor.field("time") > log.field("anchoredAt"):
        raise Invalid(
            "an anchor is later than the head",
            expected=f"size at most {log.field('size')}, time at most {log.field('anchoredAt')}",
            found=f"size {_size(anchor)}, time {anchor.field('time')}",
        )
    at_head = anchor.field("size") == log.field("size")
    if at_head and (anchor.field("root"), anchor.field("time")) != (log.field("root"), log.field("anchoredAt")):
        raise Invalid("anchor of the head", expected=log.field("root").hex(), found=anchor.field("root").hex())
    if anchor.field("block") > proven.state.number:
        raise Invalid("block of an anchor", expected=f"at most {proven.state.number}", found=anchor.field("block"))


def _size(anchor: Record) -> int:
    size: int = anchor.field("size")
    return size


def sealed(context: Context) -> Finding:
    """10. The block is sealed by the operator, validators or signers that the policy trusts."""
    return sealed_by(context.proven, context.policy.chain)


def sealed_by(proven: Proven, policy: ChainPolicy | None) -> Finding:
    """Whether the evidence's block is sealed by whom the policy trusts."""
    if policy is None:
        return undecided("The policy names no chain: whose seal would count is not known.")
    evidence = proven.chain.evidence
    found = seal_verdict(evidence, policy.trust())
    if found.verdict == "invalid":
        raise Invalid(found.reason)
    if evidence.engine == "qbft" and found.verdict == "valid":
        _require_canonical_seals(proven.state.header)
    return Finding(found.reason, found.verdict)


def _require_canonical_seals(header: Header) -> None:
    # Seals are outside the block's hash: without one fixed choice the same evidence could be written in many ways.
    extra = qbft.ExtraData.parse(header.extra_data)
    signers = list(seal_signers(header))
    if signers != sorted(signers) or len(extra.seals) != qbft.quorum(len(extra.validators)):
        raise Invalid(
            "seals in a bundle's header",
            expected=f"{qbft.quorum(len(extra.validators))}, in ascending order of their signers",
            found=f"{len(extra.seals)}, or in another order",
        )
