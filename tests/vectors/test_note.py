"""Published notes, keys, checkpoints, cosignatures and proofs, the bad ones included."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from carbonledger import checkpoint, cosignature, merkle, note
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import BadSignature, CarbonLedgerError, Malformed
from carbonledger.keys import PrivateKey, PublicKey
from carbonledger.note import Note, SignatureLine, VerifierKey
from carbonledger.tlogproof import TlogProof

Vectors = Callable[[str], Path]


@pytest.fixture
def notes(vectors: Vectors) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(vectors("signed_note/notes.json").read_text())
    return found


@pytest.fixture
def checkpoints(vectors: Vectors) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(vectors("signed_note/checkpoints.json").read_text())
    return found


def check(key: VerifierKey, text: str, payload: bytes) -> int | None:
    if key.type == note.COSIGNATURE:
        return cosignature.verify(key, text, payload)
    note.check_ed25519(key, text, payload)
    return None


def test_every_published_note_verifies_and_is_written_again(notes: dict[str, Any]) -> None:
    for case in notes["valid"]:
        data = case["note"].encode()
        parsed = Note.parse(data)
        keys = [VerifierKey.parse(vkey) for vkey in case["vkeys"]]
        assert parsed.format() == data
        assert len(note.verify_lines(parsed, keys, check)) == len(keys)
        if "tree_size" in case:
            assert Checkpoint.parse(parsed.text).size == case["tree_size"]
            assert Checkpoint.parse(parsed.text).body() == parsed.text


def test_one_altered_byte_of_a_published_note_never_verifies_as_it_was(notes: dict[str, Any]) -> None:
    for case in notes["valid"][:3]:
        data, keys = case["note"].encode(), [VerifierKey.parse(vkey) for vkey in case["vkeys"]]
        for at in range(len(data)):
            altered = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            try:
                verified = note.verify(Note.parse(altered), keys)
            except CarbonLedgerError:
                continue
            assert len(verified) < len(keys)  # the name or hash of one line was altered: it is of an unknown key now


def test_the_go_signing_key_makes_the_published_signature(notes: dict[str, Any]) -> None:
    case = notes["valid"][0]
    _, _, name, _, encoded = case["skey_TEST_ONLY"].split("+", 4)
    private = PrivateKey.from_seed("ed25519", base64.b64decode(encoded)[1:])
    parsed = Note.parse(case["note"].encode())
    assert note.sign(private, name, parsed.text) == parsed.signatures[0]
    assert VerifierKey(name, note.ED25519, private.public).format() == case["vkeys"][0]


def test_verifier_keys(notes: dict[str, Any]) -> None:
    for vkey in notes["vkey_valid"]:
        assert VerifierKey.parse(vkey).format() == vkey
    base = notes["vkey_invalid"][-1]["vkey_base"]
    VerifierKey.parse(base)
    bad = [case["vkey"] for case in notes["vkey_invalid"] if "vkey" in case]
    bad += [base[i:j] for i in range(len(base)) for j in range(i, len(base) + 1) if j - i < len(base)]
    bad += [base[:i] + chr(ord(base[i]) + 1) + base[i + 1 :] for i in range(len(base))]
    for vkey in bad:
        with pytest.raises(CarbonLedgerError):
            VerifierKey.parse(vkey)


TEXT, SIGNED = b"hello\n", b"\xe2\x80\x94 PeterNeumann x08go/ZJ\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        TEXT,
        TEXT[:-1] + b"\n" + SIGNED,
        TEXT + SIGNED,
        TEXT + b"\n",
        TEXT + b"\n" + SIGNED[:-1],
        TEXT + b"\n" + SIGNED + b"\n",
        TEXT + b"\n" + SIGNED[4:],
        TEXT + b"\n- PeterNeumann x08go/ZJ\n",
        TEXT + b"\n\xe2\x80\x94 Peter+Neumann x08go/ZJ\n",
        "hello\n\n— Peter\u2003Neumann x08go/ZJ\n".encode(),
        "hello\n\n— Peter Neumann x08go/ZJ\n".encode(),
        "hello\n\n—  x08go/ZJ\n".encode(),
        "hello\n\n— PeterNeumann x08g\n".encode(),
        "hello\n\n— PeterNeumann x08go/Z=\n".encode(),
        "hello\n\n— PeterNeumann x08go/ZJ extra\n".encode(),
        "hello\n\n— PeterNeumann x08go/ZJ\r\n".encode(),
        b"hel\tlo\n\n" + SIGNED,
        b"hel\x00lo\n\n" + SIGNED,
        b"hel\xfflo\n\n" + SIGNED,
        TEXT + b"\n" + SIGNED * 101,
    ],
)
def test_malformed_notes_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Note.parse(data)


def test_a_note_may_have_a_hundred_signatures_and_blank_lines_in_its_text() -> None:
    data = b"a\n\nb\n\n" + SIGNED * 100
    assert Note.parse(data).text == "a\n\nb\n"
    assert Note.parse(data).format() == data


def test_a_wrong_line_of_a_known_key_refuses_the_note_and_one_of_an_unknown_key_does_not(notes: dict[str, Any]) -> None:
    case = next(c for c in notes["valid"] if c["id"] == "go-note-peter-enoch")
    parsed = Note.parse(case["note"].encode())
    peter, enoch = (VerifierKey.parse(vkey) for vkey in case["vkeys"])
    broken = Note(parsed.text, (parsed.signatures[0], enoch.line(bytes(64))))
    assert [v.key for v in note.verify(broken, [peter])] == [peter]
    with pytest.raises(BadSignature):
        note.verify(broken, [peter, enoch])
    with pytest.raises(BadSignature, match="no known key"):
        note.verify(Note(parsed.text, parsed.signatures[:1]), [enoch])
    with pytest.raises(BadSignature, match="no known key"):
        note.verify(parsed, [])
    twice = Note(parsed.text, (parsed.signatures[0], parsed.signatures[0]))
    assert len(note.verify(twice, [peter, enoch])) == 1


def test_checkpoint_bodies(checkpoints: dict[str, Any]) -> None:
    # The published parser takes roots of any length; ours asks for 32 bytes, as the only hash is SHA-256.
    for case in checkpoints["cases"]:
        lines = case["body"].split("\n")
        if case["ok"]:
            assert len(base64.b64decode(lines[2])) != 32
            strict = "\n".join([lines[0], lines[1], base64.b64encode(bytes(32)).decode(), *lines[3:]])
            parsed = Checkpoint.parse(strict)
            assert (parsed.origin, parsed.size, parsed.body()) == (lines[0], int(lines[1]), strict)
            if "rest" in case:
                assert "".join(f"{line}\n" for line in parsed.extensions) == case["rest"]
        with pytest.raises(Malformed):
            Checkpoint.parse(case["body"])
        if not case["ok"] and "dGhlIHZpZXcgZnJv" in case["body"]:  # refused for its fault, not for its short root
            with pytest.raises(Malformed):
                Checkpoint.parse(case["body"].replace(lines[2], base64.b64encode(bytes(32)).decode()))
    tree = checkpoints["go_sumdb_tree_text"]
    assert Checkpoint.parse(tree["text"]) == Checkpoint(
        "go.sum database tree", tree["size"], merkle.leaf_hash(b"hello world")
    )


@pytest.mark.parametrize("size", ["01", "+1", " 1", "1 ", "1_0", "", "\u0661", "18446744073709551616", "0x1"])
def test_the_size_of_a_checkpoint_is_a_plain_decimal(size: str) -> None:
    with pytest.raises(Malformed):
        Checkpoint.parse(f"Log\n{size}\n{base64.b64encode(bytes(32)).decode()}\n")


def test_the_message_and_layout_of_a_cosignature(checkpoints: dict[str, Any]) -> None:
    case = checkpoints["cosignature_v1_message"]
    assert cosignature.message(case["checkpoint_body"], case["timestamp"]).decode() == case["message"]
    line = SignatureLine.parse(case["line_layout_only"] + "\n")
    assert line.key_hash.hex() == case["line_key_id_hex"]
    assert cosignature.timestamp_of(line.payload) == case["timestamp"]
    stamp = checkpoints["cosig_timestamp"]
    assert cosignature.timestamp_of(base64.b64decode(stamp["base64"])[4:]) == stamp["timestamp"]


def test_proof_files(checkpoints: dict[str, Any]) -> None:
    vectors = checkpoints["tlog_proof_format"]
    hashes = (sha256(b"hash1").digest(), sha256(b"hash2").digest())
    first, second = vectors["marshal"]
    expected = first["out_template"]
    for mark, value in zip(("<b64 h1>", "<b64 h2>"), hashes, strict=True):
        expected = expected.replace(mark, base64.b64encode(value).decode())
    for proof, text in (
        (TlogProof(first["index"], hashes, first["checkpoint"].encode()), expected),
        (TlogProof(second["index"], (), second["checkpoint"].encode()), second["out"]),
    ):
        assert proof.format().decode() == text
        assert TlogProof.parse(text.encode()) == proof
    for text in vectors["reject"]:
        with pytest.raises(Malformed):
            TlogProof.parse(text.encode())


def signed_checkpoints(folder: Path) -> Iterator[Note]:
    for path in sorted(folder.glob("checkpoint*")):
        yield Note.parse(path.read_bytes())


def test_the_checkpoints_of_a_whole_log_verify(vectors: Vectors) -> None:
    info = json.loads(vectors("tlog_tiles/tessera_testdata_log.info.json").read_text())
    leaves = [merkle.leaf_hash(x.encode()) for x in info["leaves"]]
    key = VerifierKey.parse(info["vkey"])
    count = 0
    for signed in signed_checkpoints(vectors("tlog_tiles/tessera_testdata_log")):
        found = checkpoint.verify(signed, [key]).checkpoint
        assert found.origin == info["origin"]
        assert found.root == merkle.root(leaves[: found.size])
        count += 1
    assert count >= 16


def test_a_real_rekor_entry_is_included_under_its_signed_checkpoint(vectors: Vectors) -> None:
    bundle = json.loads(vectors("rekor_v2/staging-rekor-v2.txt.sigstore.json").read_text())
    trusted = json.loads(vectors("rekor_v2/trusted_root.sigstage.json").read_text())
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    proof = entry["inclusionProof"]
    signed = Note.parse(proof["checkpoint"]["envelope"].encode())
    log = next(x for x in trusted["tlogs"] if x["logId"]["keyId"] == entry["logId"]["keyId"])
    spki = base64.b64decode(log["publicKey"]["rawBytes"])
    public = load_der_public_key(spki)
    assert isinstance(public, Ed25519PublicKey)
    key = VerifierKey(signed.signatures[0].name, note.ED25519, PublicKey("ed25519", public.public_bytes_raw()))
    found = checkpoint.verify(signed, [key]).checkpoint
    leaf = merkle.leaf_hash(base64.b64decode(entry["canonicalizedBody"]))
    path = [base64.b64decode(value) for value in proof["hashes"]]
    assert (found.size, found.root) == (int(proof["treeSize"]), base64.b64decode(proof["rootHash"]))
    merkle.verify_inclusion(leaf, int(proof["logIndex"]), found.size, path, found.root)
    file = TlogProof(int(proof["logIndex"]), tuple(path), signed.format())
    assert TlogProof.parse(file.format()).verify(leaf) == found
