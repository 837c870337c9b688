"""QBFT seals and validator votes as Besu makes them: extraData, block hash, seal digest, quorum, change of the set.

`extraData = RLP([vanity32, [validator20…], vote, round, [seal65…]])`, vote `[]` or `[address, ff]` (add) or
`[address, empty]` (drop). The block hash leaves out round and seals, which differ from node to node; the seals
sign a form that keeps the round. Neither form names a chain: validators that seal two networks with the same
keys are told apart by what is proven under the state root alone.

A network whose validators are chosen by a contract has an empty list in its headers and is not read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from carbonledger.errors import Invalid, Malformed
from carbonledger.evm import rlp, seals
from carbonledger.evm.header import Header
from carbonledger.evm.rlp import Item
from carbonledger.keccak import keccak256

EPOCH_LENGTH: Final = 30_000
"""Besu's default: at each block whose number is a multiple of it, votes under way are dropped."""

_ADD: Final = b"\xff"


@dataclass(frozen=True, slots=True)
class Vote:
    """The proposer's vote to add a validator (address, 20 bytes) or to drop it."""

    recipient: bytes
    is_add: bool


@dataclass(frozen=True, slots=True)
class ExtraData:
    """What QBFT keeps in extraData; `validators` seal this very block, in ascending order."""

    vanity: bytes
    validators: tuple[bytes, ...]
    vote: Vote | None
    round: int
    seals: tuple[bytes, ...]

    @classmethod
    def parse(cls, raw: bytes) -> ExtraData:
        """Strict inverse of `encode`; Malformed names the part. The seals' form is checked when they are read."""
        items = rlp.decode_list(raw, what="extraData")
        if len(items) != 5:
            raise Malformed("extraData", expected="5 parts", found=len(items))
        return cls(
            rlp.as_bytes(items[0], "vanity in extraData", 32),
            tuple(rlp.as_bytes(v, "validator in extraData", 20) for v in rlp.as_list(items[1], "validators")),
            _parse_vote(items[2]),
            rlp.as_int(items[3], "round in extraData", 31),
            tuple(rlp.as_bytes(s, "seal in extraData") for s in rlp.as_list(items[4], "seals in extraData")),
        )

    def encode(self) -> bytes:
        """The bytes in the header."""
        vote: Item = () if self.vote is None else (self.vote.recipient, _ADD if self.vote.is_add else b"")
        return rlp.encode((self.vanity, self.validators, vote, rlp.of_int(self.round), self.seals))


def quorum(validators: int) -> int:
    """Seals that a block needs: two thirds of the validators, rounded up."""
    return (2 * validators + 2) // 3


def block_hash(header: Header) -> bytes:
    """keccak-256 of the header with round 0 and no seals; of block 0 as it is."""
    if header.number == 0:
        return header.block_hash
    bare = replace(ExtraData.parse(header.extra_data), round=0, seals=())
    return header.with_extra_data(bare.encode()).block_hash


def seal_digest(header: Header) -> bytes:
    """What the validators sign: keccak-256 of the header with its round and no seals."""
    bare = replace(ExtraData.parse(header.extra_data), seals=())
    return keccak256(header.with_extra_data(bare.encode()).encode())


def check_hash(header: Header, expected: bytes) -> None:
    """Invalid unless `expected` is the block hash of this header."""
    found = block_hash(header)
    if found != expected:
        raise Invalid("the block hash is another", expected=expected.hex(), found=found.hex())


def check_seals(header: Header, validators: Iterable[bytes]) -> frozenset[bytes]:
    """The signers of the block, a quorum of the validators (addresses) that the reader trusts for it.

    Invalid if the header's own list is not the trusted set, a seal is by a stranger, one validator sealed twice, or
    too few did; Malformed for a seal that is not of its strict form. All seals must be right, not just a quorum of
    them: so nothing can be altered in a header that stays valid.
    """
    trusted = sorted(set(validators))
    extra = ExtraData.parse(header.extra_data)
    if list(extra.validators) != trusted:
        raise Invalid(
            "the header's validators are not the trusted set",
            expected=_addresses(trusted),
            found=_addresses(extra.validators),
            remedy="Name the validators of this block in the policy, or follow the votes from a block that you trust.",
        )
    if len(extra.seals) > 2 * len(trusted):  # bounds the work; a smaller surplus is told apart below
        raise Invalid("the block has more seals than validators", expected=len(trusted), found=len(extra.seals))
    digest = keccak256(header.with_extra_data(replace(extra, seals=()).encode()).encode())
    signers: set[bytes] = set()
    for seal in extra.seals:
        signer = seals.signer(digest, seal, v_base=0, what="a validator's seal")
        if signer not in trusted:
            raise Invalid("a seal is by a stranger", expected="one of " + _addresses(trusted), found=signer.hex())
        if signer in signers:
            raise Invalid("a validator sealed twice", expected="one seal each", found=signer.hex())
        signers.add(signer)
    if not signers or len(signers) < quorum(len(trusted)):
        raise Invalid(
            "the block has no quorum", expected=f"{quorum(len(trusted))} of {len(trusted)} seals", found=len(signers)
        )
    return frozenset(signers)


class Following:
    """The validator set, carried from a block that is trusted through the votes of the blocks after it.

    Start with the set that seals the next block. If that is not the first block after genesis or after an epoch block,
    votes cast earlier are not known; the set may then be found changed too late, and the next block is refused
    (its list is another), never a wrong one taken. The same holds if `epoch_length` is not that of the network.
    """

    def __init__(self, validators: Iterable[bytes], *, epoch_length: int = EPOCH_LENGTH) -> None:
        self._validators = set(validators)
        self._epoch_length = epoch_length
        self._votes: dict[tuple[bytes, bool], set[bytes]] = {}
        self._last: tuple[int, bytes] | None = None

    @property
    def validators(self) -> tuple[bytes, ...]:
        """The set that seals the next block, in ascending order."""
        return tuple(sorted(self._validators))

    def step(self, header: Header) -> None:
        """Take the next block: linked to the one before, proposed and sealed by the present set; count its vote."""
        if self._last is not None and (header.number, header.parent_hash) != (self._last[0] + 1, self._last[1]):
            raise Invalid(
                "the block does not follow the one before",
                expected=f"block {self._last[0] + 1} with parent {self._last[1].hex()}",
                found=f"block {header.number} with parent {header.parent_hash.hex()}",
            )
        check_seals(header, self._validators)
        if header.coinbase not in self._validators:
            raise Invalid("the proposer is a stranger", expected="a validator", found=header.coinbase.hex())
        self._last = header.number, block_hash(header)
        vote = ExtraData.parse(header.extra_data).vote
        if header.number % self._epoch_length == 0:
            self._votes.clear()
        elif vote is not None:
            self._count(header.coinbase, vote)

    def _count(self, voter: bytes, vote: Vote) -> None:
        """As Besu's VoteTally: a voter's last vote counts, more than half of the set before the vote decide.

        Both sides are looked at whichever the vote was for: half of a set that has shrunk since may be reached already.
        """
        adds = self._votes.setdefault((vote.recipient, True), set())
        drops = self._votes.setdefault((vote.recipient, False), set())
        (adds if vote.is_add else drops).add(voter)
        (drops if vote.is_add else adds).discard(voter)
        half = len(self._validators) // 2
        if len(adds) > half or len(drops) > half:
            del self._votes[vote.recipient, True], self._votes[vote.recipient, False]
        if len(adds) > half:
            self._validators.add(vote.recipient)
        if len(drops) > half:
            self._validators.discard(vote.recipient)
            for voters in self._votes.values():
                voters.discard(vote.recipient)


def follow(
    validators: Sequence[bytes], headers: Iterable[Header], *, epoch_length: int = EPOCH_LENGTH
) -> tuple[bytes, ...]:
    """The set after consecutive blocks, the first of which `validators` seal; see `Following` for what it refuses."""
    following = Following(validators, epoch_length=epoch_length)
    for header in headers:
        following.step(header)
    return following.validators


def _parse_vote(item: Item) -> Vote | None:
    parts = rlp.as_list(item, "vote in extraData")
    if not parts:
        return None
    if len(parts) != 2 or parts[1] not in (_ADD, b""):
        raise Malformed("vote in extraData", expected="an address, and ff or nothing", found=repr(parts)[:80])
    return Vote(rlp.as_bytes(parts[0], "recipient of a vote", 20), parts[1] == _ADD)


def _addresses(values: Iterable[bytes]) -> str:
    return " ".join(value.hex() for value in values)[:400] or "none"
