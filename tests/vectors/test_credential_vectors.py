"""eddsa-jcs-2022 against the W3C's published example (w3c/vc-di-eddsa, TestVectors/eddsa-jcs-2022 and keyPair.json)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from carbonledger.credential import integrity, multibase, verify
from carbonledger.errors import BadSignature
from carbonledger.keys import PrivateKey

PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
PRIVATE = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]
SIGNED: dict[str, Any] = {
    "@context": CONTEXT,
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
    "proof": {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": f"https://vc.example/issuers/5678#{PUBLIC}",
        "proofPurpose": "assertionMethod",
        "@context": CONTEXT,
        "proofValue": "z63t83Y53KfzJ5ZosfKTnqfMcKB2dmTrfjSaQjeNNjAD5srBowQfmWqeRb8rRjmeEuCBEsddF9LsVogtuTsijJKh4",
    },
}
DID_METHOD = f"did:key:{PUBLIC}#{PUBLIC}"
HASHES = (
    "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
    "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
)


def test_the_published_key_pair_is_read_and_written_as_it_is() -> None:
    key = multibase.parse_multikey(PUBLIC)
    assert multibase.multikey(key) == PUBLIC
    secret = multibase.parse_base58(PRIVATE, "private key")
    assert secret[:2].hex() == "8026"
    assert PrivateKey("ed25519", secret[2:34]).public == key


def test_the_published_proof_is_good_and_changed_ones_are_not() -> None:
    key = multibase.parse_multikey(PUBLIC)
    integrity.check(SIGNED, key)
    for change in (
        lambda d: d.update(name="Alumni credential"),
        lambda d: d["credentialSubject"].update(alumniOf="Another"),
        lambda d: d["proof"].update(created="2023-02-24T23:36:39Z"),
        lambda d: d["proof"].pop("created"),
        lambda d: d["proof"].update({"@context": CONTEXT[:1]}),
        lambda d: d["proof"].update({"@context": [CONTEXT[1]]}),
        lambda d: d.update({"@context": CONTEXT[:1]}),
    ):
        other = copy.deepcopy(SIGNED)
        change(other)
        with pytest.raises(BadSignature):
            integrity.check(other, key)


def test_the_signed_bytes_are_the_published_hashes_where_the_method_is_a_did() -> None:
    """combinedHashJCS.txt: the document is the same, the options name the key as a did:key."""
    options = {name: value for name, value in SIGNED["proof"].items() if name != "proofValue"}
    options["verificationMethod"] = DID_METHOD
    unsecured = {name: value for name, value in SIGNED.items() if name != "proof"}
    assert integrity.signed_bytes(unsecured, options).hex()[64:] == HASHES[64:]


def test_the_published_credential_verifies_step_by_step() -> None:
    from carbonledger import jcs

    key = multibase.parse_multikey(PUBLIC)
    found = verify(jcs.encode(SIGNED), {"https://vc.example/issuers/5678": [key]}, 1_800_000_000)
    assert found.verdict == "VALID", found.steps
