"""Certificates as Verifiable Credentials: secured in both ways, in time, with their status."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import jcs
from carbonledger.cli import main
from carbonledger.credential import Certificate, did, integrity, jose, multibase, status_list, verify
from carbonledger.credential.model import status_document
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.keys import PrivateKey, PublicKey

ISSUER = "https://regulator.example/issuers/1"
KEY = PrivateKey("ed25519", bytes(range(32)))
OTHER = PrivateKey("ed25519", bytes(range(1, 33)))
P256 = PrivateKey("es256", bytes(range(1, 33)))
METHOD = f"{ISSUER}#key-1"
LISTS: Any = {"revocation": f"{ISSUER}/status/1", "suspension": f"{ISSUER}/status/2"}
NOW = 1_782_864_000  # 2026-07-01T00:00:00Z
KEYS = {ISSUER: [KEY.public]}


def certificate(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": "urn:uuid:3f1c7a52-0d2d-4c0a-9d8e-6a5f3c1b2a10",
        "kind": "code",
        "issuer": ISSUER,
        "subject_id": "urn:carbonledger:member:" + "ab" * 32,
        "subject": {"colour": "green", "creditCode": "91330000MA27XYWR5K", "period": "2026-Q2", "record": "cd" * 32},
        "valid_from": "2026-06-30T00:00:00Z",
        "valid_until": "2026-12-14T00:00:00Z",
        "lists": LISTS,
        "index": 94_567,
    }
    return Certificate(**{**values, **changes}).document()


def with_proof(document: dict[str, Any], key: PrivateKey = KEY) -> bytes:
    return jcs.encode(integrity.add(document, key, METHOD, "2026-06-30T00:00:00Z"))


def as_token(document: dict[str, Any], key: PrivateKey = KEY) -> bytes:
    return jose.sign(document, key, METHOD).encode()


def lists(revoked: list[int], suspended: list[int], key: PrivateKey = KEY) -> list[bytes]:
    made = (("revocation", revoked), ("suspension", suspended))
    return [
        with_proof(status_document(LISTS[purpose], ISSUER, purpose, bits, "2026-06-30T00:00:00Z"), key)  # type: ignore[arg-type]
        for purpose, bits in made
    ]


@pytest.mark.parametrize("secure", [with_proof, as_token])
def test_a_certificate_stands_until_its_bit_is_set(secure: Any) -> None:
    data = secure(certificate())
    assert verify(data, KEYS, NOW, lists([], [])).verdict == "VALID"
    assert verify(data, KEYS, NOW, lists([94_568], [94_566])).verdict == "VALID"
    suspended = verify(data, KEYS, NOW, lists([], [94_567]))
    assert (suspended.verdict, suspended.step(6).verdict) == ("INVALID", "invalid")
    assert "suspended" in suspended.step(6).reason
    revoked = verify(data, KEYS, NOW, lists([94_567], []))
    assert "revoked" in revoked.step(5).reason


@pytest.mark.parametrize("secure", [with_proof, as_token])
def test_what_was_not_handed_in_is_not_decided(secure: Any) -> None:
    data = secure(certificate())
    without = verify(data, KEYS, NOW)
    assert without.verdict == "INDETERMINATE"
    assert {without.step(5).verdict, without.step(6).verdict} == {"indeterminate"}
    assert verify(data, {}, NOW, lists([], [])).step(3).verdict == "indeterminate"
    assert verify(data, {}, NOW, lists([], [])).verdict == "INDETERMINATE"


@pytest.mark.parametrize("secure", [with_proof, as_token])
def test_another_key_time_or_content_is_invalid(secure: Any) -> None:
    assert verify(secure(certificate(), OTHER), KEYS, NOW).step(3).verdict == "invalid"
    assert verify(secure(certificate()), KEYS, NOW - 86_400 * 2).step(4).verdict == "invalid"
    assert verify(secure(certificate()), KEYS, NOW + 86_400 * 200).step(4).verdict == "invalid"
    foreign = certificate(issuer="https://another.example")
    assert verify(secure(foreign), {"https://another.example": [KEY.public]}, NOW).step(3).verdict == "invalid"


def test_a_list_of_another_issuer_key_or_purpose_is_not_believed() -> None:
    data = with_proof(certificate())
    assert verify(data, KEYS, NOW, lists([], [], OTHER)).step(5).verdict == "invalid"
    swapped = status_document(LISTS["revocation"], ISSUER, "suspension", [], "2026-06-30T00:00:00Z")
    assert verify(data, KEYS, NOW, [with_proof(swapped)]).step(5).verdict == "invalid"
    foreign = status_document(LISTS["revocation"], "https://another.example", "revocation", [], "2026-06-30T00:00:00Z")
    assert verify(data, KEYS, NOW, [with_proof(foreign)]).step(5).verdict == "invalid"
    later = status_document(LISTS["revocation"], ISSUER, "revocation", [], "2026-07-02T00:00:00Z")
    assert verify(data, KEYS, NOW, [with_proof(later)]).step(5).verdict == "indeterminate"


def test_each_byte_of_a_token_and_of_a_document_counts() -> None:
    for data in (with_proof(certificate()), as_token(certificate())):
        for at in range(0, len(data), 7):
            other = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            assert verify(other, KEYS, NOW, lists([], [])).verdict != "VALID", at


def test_the_header_of_a_token_does_not_choose_the_algorithm() -> None:
    head, body, _ = as_token(certificate()).decode().split(".")
    for algorithm in ("none", "HS256", "ES256"):
        header = json.loads(base64.urlsafe_b64decode(head + "=="))
        forged = multibase.base64url(jcs.encode({**header, "alg": algorithm}))
        assert verify(f"{forged}.{body}.".encode(), KEYS, NOW).verdict in ("INVALID", "ERROR")
    assert (
        verify(as_token(certificate(), P256), {ISSUER: [P256.public]}, NOW, lists([], [], KEY)).step(3).verdict
        == "valid"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"@context": ["https://www.w3.org/2018/credentials/v1"]}, "@context"),
        ({"type": ["Certificate"]}, "type"),
        ({"issuer": 5}, "issuer"),
        ({"credentialSubject": []}, "credentialSubject"),
        ({"validFrom": "yesterday"}, "validFrom"),
        ({"validUntil": "2026-02-30T00:00:00Z"}, "validUntil"),
        ({"validUntil": "2025-01-01T00:00:00Z"}, "validUntil"),
        ({"credentialStatus": [{"type": "Another"}]}, "credentialStatus"),
        ({"id": "7"}, "id"),
    ],
)
def test_a_document_of_another_form_is_invalid_with_a_sentence(change: dict[str, Any], said: str) -> None:
    found = verify(with_proof({**certificate(), **change}), KEYS, NOW)
    assert found.verdict == "INVALID"
    assert said in found.step(2).reason


def test_a_document_nested_without_end_is_refused_before_it_is_decoded() -> None:
    assert verify(b'{"a":' * 100_000, KEYS, NOW).verdict == "ERROR"


def test_a_certificate_says_nothing_that_it_has_no_word_for() -> None:
    with pytest.raises(Malformed, match="subject of a certificate"):
        certificate(subject={"emission": 5})


@given(st.sets(st.integers(0, status_list.ENTRIES - 1), max_size=50))
def test_a_status_list_holds_just_the_bits_that_were_set(bits: set[int]) -> None:
    text = status_list.encode(bits)
    assert text == status_list.encode(sorted(bits, reverse=True))
    held = status_list.decode(text)
    assert len(held) == 16_384
    assert int.from_bytes(held, "big").bit_count() == len(bits)
    assert all(status_list.is_set(held, at) for at in bits)


def test_the_first_entry_is_the_left_most_bit() -> None:
    assert status_list.decode(status_list.encode([0]))[0] == 0x80
    assert gzip.decompress(base64.urlsafe_b64decode(status_list.encode([7])[1:] + "=="))[0] == 1


def test_hostile_lists_are_refused() -> None:
    small = "u" + multibase.base64url(gzip.compress(bytes(100)))
    bomb = "u" + multibase.base64url(gzip.compress(bytes(50 << 20)))
    for text in (small, bomb, "u!!!", "uAAAA", "zAAAA", None, status_list.encode([])[:-6]):
        with pytest.raises(CarbonLedgerError):
            status_list.decode(text)
    with pytest.raises(Malformed, match="statusListIndex"):
        status_list.is_set(bytes(16_384), 131_072)


@given(st.binary(max_size=60))
def test_base58_and_base64url_read_what_they_write(data: bytes) -> None:
    assert multibase.parse_base64url(multibase.base64url(data), "data") == data
    if data:
        assert multibase.parse_base58(multibase.base58(data), "data") == data


def test_the_command_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.json").write_bytes(with_proof(certificate()))
    for number, data in enumerate(lists([], [])):
        (tmp_path / f"list-{number}").write_bytes(data)
    key = f"{ISSUER}={multibase.multikey(KEY.public)}"
    base = ["credential", str(tmp_path / "c.json"), "--at", "2026-07-01T00:00:00Z"]
    status = ["--status", str(tmp_path / "list-0"), "--status", str(tmp_path / "list-1")]
    assert main([*base, "--key", key, *status]) == 0
    assert "colour green" in capsys.readouterr().out
    assert main([*base, "--key", key]) == 3
    assert main(base) == 3
    capsys.readouterr()
    assert main([*base[:2], "--key", key, *status, "--at", "2027-07-01T00:00:00Z", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [step["number"] for step in told["steps"] if step["verdict"] == "invalid"] == [4]
    assert main([*base, "--key", "nonsense"]) == 2


# issuers


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://w3c-ccg.github.io", "did:web:w3c-ccg.github.io"),  # did:web method specification, example 1
        ("https://example.com:3000", "did:web:example.com%3A3000"),  # the same, section 2.1
        ("http://127.0.0.1:8000", "did:web:127.0.0.1%3A8000"),
    ],
)
def test_an_issuer_is_named_by_its_address(address: str, name: str) -> None:
    assert did.did_of(address) == name


@pytest.mark.parametrize(
    "address",
    ["", "example.com", "https://example.com/", "https://example.com/a", "https://EXAMPLE.com", "https://a:0", "https://a:99999",
     "ftp://a", "https://a b", "https://a?x", "https://-a", "https://user@a"],
)  # fmt: skip
def test_what_is_no_origin_names_no_issuer(address: str) -> None:
    with pytest.raises(Malformed, match="address of an issuer"):
        did.did_of(address)


def test_the_thumbprint_of_a_key_is_that_of_the_standard() -> None:
    """RFC 8037, appendix A.3."""
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    key = PublicKey("ed25519", multibase.parse_base64url(x, "x"))
    assert did.token_method("did:web:a", key) == "did:web:a#kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4, unique=True))
def test_the_keys_of_an_issuers_document_are_those_it_was_made_of(seeds: list[bytes]) -> None:
    keys = tuple(PrivateKey("ed25519", seed).public for seed in seeds)
    assert did.keys_of(jcs.encode(did.document("did:web:a", keys))) == ("did:web:a", keys)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"id": "https://a"}, "a DID"),
        ({"verificationMethod": {}}, "a list of objects"),
        ({"verificationMethod": [1]}, "a list of objects"),
        ({"assertionMethod": None}, "assertionMethod"),
    ],
)
def test_a_document_that_is_no_issuers_is_refused(change: dict[str, Any], found: str) -> None:
    with pytest.raises(Malformed, match=found):
        did.keys_of(jcs.encode(did.document("did:web:a", [KEY.public]) | change))


def test_keys_of_others_and_for_other_purposes_are_not_the_issuers() -> None:
    document = did.document("did:web:a", [KEY.public, OTHER.public])
    document["assertionMethod"] = [did.proof_method("did:web:a", OTHER.public)]
    assert did.keys_of(jcs.encode(document)) == ("did:web:a", (OTHER.public,))
    document["verificationMethod"][2]["controller"] = "did:web:b"
    with pytest.raises(Malformed, match="controller"):
        did.keys_of(jcs.encode(document))


def test_a_certificate_without_an_end_and_a_list_with_one() -> None:
    document = certificate(valid_until=None)
    assert "validUntil" not in document
    made = [status_document(LISTS[p], ISSUER, p, [], "2026-06-30T00:00:00Z", "2026-07-01T00:00:00Z") for p in LISTS]
    ended = [with_proof(one) for one in made]
    assert verify(with_proof(document), KEYS, NOW, ended).verdict == "VALID"
    assert verify(with_proof(document), KEYS, NOW + 1, ended).step(5).verdict == "indeterminate"
