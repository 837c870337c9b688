"""A checkpoint signed for tools, witnesses and contracts at once."""

from __future__ import annotations

from hashlib import sha256

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from carbonledger import checkpoint, cosignature, note, secp256k1
from carbonledger.checkpoint import Checkpoint
from carbonledger.eip712 import Domain
from carbonledger.errors import BadSignature, Invalid, Malformed, Unknown
from carbonledger.framing import encode_base64
from carbonledger.keys import PrivateKey
from carbonledger.merkle import EMPTY_ROOT
from carbonledger.note import Note, VerifierKey

DOMAIN = Domain(1337)
HEAD = Checkpoint("plant.example/log/2026", 42, sha256(b"root").digest())
LOG_NAME, WITNESS_NAME = HEAD.origin, "witness.example/w1"
LOG, WITNESS = (PrivateKey.from_seed("ed25519", sha256(x).digest()) for x in (b"log", b"witness"))
LOG_CHAIN, WITNESS_CHAIN = (PrivateKey.from_seed("es256k", sha256(x).digest()) for x in (b"log", b"witness"))
LOG_KEY = VerifierKey(LOG_NAME, note.ED25519, LOG.public)
LOG_CHAIN_KEY = VerifierKey(LOG_NAME, note.EIP712, LOG_CHAIN.public)
WITNESS_KEY = VerifierKey(WITNESS_NAME, note.COSIGNATURE, WITNESS.public)
WITNESS_CHAIN_KEY = VerifierKey(WITNESS_NAME, note.EIP712, WITNESS_CHAIN.public)
KEYS = [LOG_KEY, LOG_CHAIN_KEY, WITNESS_KEY, WITNESS_CHAIN_KEY]


def signed(head: Checkpoint = HEAD, domain: Domain = DOMAIN) -> Note:
    body = head.body()
    return Note(
        body,
        (
            checkpoint.sign_ed25519_line(LOG, LOG_NAME, body),
            checkpoint.sign_eip712_line(LOG_CHAIN.seed, LOG_CHAIN.public.data, LOG_NAME, domain, head),
            cosignature.sign(WITNESS, WITNESS_NAME, body, 1_767_225_600),
            checkpoint.sign_eip712_line(WITNESS_CHAIN.seed, WITNESS_CHAIN.public.data, WITNESS_NAME, domain, head),
        ),
    )


def test_all_four_lines_verify_after_a_journey_as_bytes() -> None:
    verified = checkpoint.verify(Note.parse(signed().format()), KEYS, DOMAIN)
    assert verified.checkpoint == HEAD
    assert [line.key for line in verified.lines] == KEYS
    assert [line.value for line in verified.lines] == [None, None, 1_767_225_600, None]
    assert verified.signed_by(WITNESS_KEY)


def test_the_eip712_digest_is_the_one_of_eth_account() -> None:
    message = encode_typed_data(
        {"name": "carbonledger", "version": "1", "chainId": 1337},
        {
            "Checkpoint": [
                {"name": "origin", "type": "string"},
                {"name": "size", "type": "uint64"},
                {"name": "root", "type": "bytes32"},
            ]
        },
        {"origin": HEAD.origin, "size": HEAD.size, "root": HEAD.root},
    )
    line = signed().signatures[1]
    assert bytes(Account.from_key(LOG_CHAIN.seed).sign_message(message).signature) == line.payload
    assert secp256k1.recover(HEAD.digest(DOMAIN), line.payload) == LOG_CHAIN.public.address


def test_the_line_for_contracts_is_laid_out_as_documented() -> None:
    public = LOG_CHAIN.public.data
    encoded = b"\xff" + b"carbonledger/eip712" + public
    key_hash = sha256(LOG_NAME.encode() + b"\n" + encoded).digest()[:4]
    assert LOG_CHAIN_KEY.key_hash == key_hash == signed().signatures[1].key_hash
    assert LOG_CHAIN_KEY.format() == f"{LOG_NAME}+{key_hash.hex()}+{encode_base64(encoded)}"
    for key in KEYS:
        assert VerifierKey.parse(key.format()) == key


@pytest.mark.parametrize("at", range(4))
def test_one_wrong_line_of_a_known_key_refuses_the_checkpoint(at: int) -> None:
    good = signed()
    other = signed(Checkpoint(HEAD.origin, 43, HEAD.root))
    lines = list(good.signatures)
    lines[at] = other.signatures[at]
    with pytest.raises(BadSignature):
        checkpoint.verify(Note(good.text, tuple(lines)), KEYS, DOMAIN)
    known = [key for key in KEYS if key != KEYS[at]]
    assert len(checkpoint.verify(Note(good.text, tuple(lines)), known, DOMAIN).lines) == 3


def test_a_signature_for_another_chain_does_not_count() -> None:
    with pytest.raises(BadSignature):
        checkpoint.verify(signed(domain=Domain(1)), [LOG_CHAIN_KEY], DOMAIN)


def test_a_cosignature_counts_for_its_time_only() -> None:
    line = signed().signatures[2]
    later = (1_767_225_601).to_bytes(8, "big") + line.payload[8:]
    with pytest.raises(BadSignature):
        checkpoint.verify(Note(HEAD.body(), (WITNESS_KEY.line(later),)), [WITNESS_KEY])
    for payload in (line.payload[:-1], line.payload + b"\0", b"\x80" + line.payload[1:]):
        with pytest.raises(BadSignature):
            checkpoint.verify(Note(HEAD.body(), (WITNESS_KEY.line(payload),)), [WITNESS_KEY])


def test_of_two_lines_of_one_witness_the_first_counts_and_both_must_verify() -> None:
    body = HEAD.body()
    first, second = (cosignature.sign(WITNESS, WITNESS_NAME, body, time) for time in (1_767_225_600, 1_767_225_700))
    verified = checkpoint.verify(Note(body, (first, second)), [WITNESS_KEY, WITNESS_KEY])
    assert [line.value for line in verified.lines] == [1_767_225_600]
    with pytest.raises(BadSignature):
        checkpoint.verify(Note(body, (first, WITNESS_KEY.line(bytes(72)))), [WITNESS_KEY])


@pytest.mark.parametrize("time", [-1, 2**63])
def test_a_cosignature_is_not_made_for_a_time_out_of_range(time: int) -> None:
    with pytest.raises(Malformed):
        cosignature.message(HEAD.body(), time)


def test_a_plain_signature_is_no_cosignature_and_the_other_way_round() -> None:
    as_cosigner = VerifierKey(LOG_NAME, note.COSIGNATURE, LOG.public)
    assert as_cosigner.key_hash != LOG_KEY.key_hash
    with pytest.raises(Unknown):
        note.check_ed25519(WITNESS_KEY, HEAD.body(), b"")


@pytest.mark.parametrize(
    "fields",
    [
        ("", 1, bytes(32)),
        ("a\nb", 1, bytes(32)),
        ("a", -1, bytes(32)),
        ("a", 2**64, bytes(32)),
        ("a", 1, bytes(31)),
        ("a", 0, bytes(32)),
        ("a", 1, bytes(32), ("",)),
        ("a", 1, bytes(32), ("x\n",)),
        ("a\x00", 1, bytes(32)),
        ("a\ud800", 1, bytes(32)),
    ],
)
def test_what_cannot_be_a_checkpoint_is_not_made(fields: tuple[str, int, bytes]) -> None:
    with pytest.raises(Malformed):
        Checkpoint(*fields)


def test_the_head_of_an_empty_log() -> None:
    head = Checkpoint("plant.example/log/2026", 0, EMPTY_ROOT)
    assert Checkpoint.parse(head.body()) == head
    assert head.body().split("\n")[1] == "0"


def test_a_line_for_contracts_never_speaks_for_extension_lines() -> None:
    extended = Checkpoint(HEAD.origin, HEAD.size, HEAD.root, ("more",))
    with pytest.raises(Malformed, match="extension"):
        checkpoint.sign_eip712_line(LOG_CHAIN.seed, LOG_CHAIN.public.data, LOG_NAME, DOMAIN, extended)
    taken = Note(extended.body(), (signed().signatures[1],))
    with pytest.raises(BadSignature):
        checkpoint.verify(taken, [LOG_CHAIN_KEY], DOMAIN)


def test_a_checkpoint_of_another_log_is_refused_where_one_is_named() -> None:
    assert checkpoint.verify(signed(), KEYS, DOMAIN, origin=HEAD.origin).checkpoint == HEAD
    with pytest.raises(Invalid, match="another log"):
        checkpoint.verify(signed(), KEYS, DOMAIN, origin="plant.example/log/2025")


def test_a_line_is_not_signed_in_the_name_of_another_key() -> None:
    with pytest.raises(Malformed, match="not of this public key"):
        checkpoint.sign_eip712_line(LOG_CHAIN.seed, WITNESS_CHAIN.public.data, LOG_NAME, DOMAIN, HEAD)


def test_a_known_key_for_contracts_needs_a_chain() -> None:
    with pytest.raises(BadSignature, match="chain"):
        checkpoint.verify(signed(), KEYS)


def test_lines_are_added_once() -> None:
    good = signed()
    assert good.with_lines(good.signatures) == good
    extra = note.sign(WITNESS, "other.example", good.text)
    assert good.with_lines([extra, extra]).signatures == (*good.signatures, extra)
