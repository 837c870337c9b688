"""EIP-712 against the example of the proposal and against eth-account."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from carbonledger import eip712, secp256k1
from carbonledger.keccak import keccak256

Vectors = Callable[[str], Path]


def test_the_mail_example_composed_of_its_parts(vectors: Vectors) -> None:
    example = json.loads(vectors("eip712/mail_example.json").read_text())
    message = example["typed_data"]["message"]
    person = [eip712.struct_hash("Person(string name,address wallet)", message[who]) for who in ("from", "to")]
    type_hash = eip712.type_hash(example["encodeType"])
    encoded = type_hash + person[0] + person[1] + eip712.word("string", message["contents"])
    assert type_hash.hex() == example["typeHash"]
    assert encoded.hex() == example["encodeData_message"]
    assert keccak256(encoded).hex() == example["structHash_message"]
    domain = example["typed_data"]["domain"]
    separator = eip712.struct_hash(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)", domain
    )
    old_separator = eip712.struct_hash(
        "EIP712Domain(string name,string version,uint256 chainId,string httpOrigin,address verifyingContract)",
        {**domain, "httpOrigin": example["httpOrigin"]["httpOrigin"]},
    )
    private = keccak256(b"cow")
    signer = bytes.fromhex(example["signer"][2:])
    assert secp256k1.address(secp256k1.public_key(private)) == signer
    for expected, found in ((example["final"], separator), (example["httpOrigin"], old_separator)):
        assert found.hex() == expected["domainSeparator"]
        digest = eip712.digest_under(found, keccak256(encoded))
        assert digest.hex() == expected["signHash"]
        signature = bytes.fromhex(expected["r"] + expected["s"]) + bytes([expected["v"]])
        assert secp256k1.recover(digest, signature) == signer
        assert secp256k1.sign_digest(private, digest) == signature
