"""Acts: the tables of docs/formats/acts.md, ids, digests and signatures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from carbonledger import acts
from carbonledger.acts import ACTS, Act
from carbonledger.eip712 import Domain, struct_hash
from carbonledger.errors import BadSignature, Malformed, Unknown

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "acts.md"
KEY = bytes(range(1, 33))
DOMAIN = Domain(7)


def end(deadline: int = 9) -> Act:
    return Act("GrantEnd", grantId=b"\1" * 32, reference=b"\2" * 32, deadline=deadline)


def test_the_tables_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| [a-z ]+ \| `(\w+\([^`]*\))` \| .* \| `(\w+)\.(\w+)` \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(act.type_string, act.contract, act.function) for act in ACTS.values()]


def test_the_struct_hash_is_that_of_eip_712() -> None:
    log = Act(
        "LogRegistration",
        origin="plant.example/日志",
        member=b"\1" * 32,
        gateway=b"\2" * 32,
        witnessQuorum=1,
        reference=bytes(32),
        deadline=5,
    )
    for act in (end(), log):
        assert act.struct_hash() == struct_hash(act.type.type_string, dict(act.values))


def test_another_implementation_signs_the_same_digest() -> None:
    act = Act("Checkpoint", origin="plant.example/log", size=7, root=b"\3" * 32)
    typed = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
            ],
            "Checkpoint": [{"name": name, "type": kind} for kind, name in act.type.fields],
        },
        "primaryType": "Checkpoint",
        "domain": {"name": "carbonledger", "version": "1", "chainId": 7},
        "message": dict(act.values),
    }
    theirs = Account.sign_message(encode_typed_data(full_message=typed), KEY)
    ours = acts.sign(act, DOMAIN, KEY)
    assert ours.signature == bytes(theirs.signature)
    assert ours.signer == bytes.fromhex(Account.from_key(KEY).address[2:])
    assert acts.recover(act, DOMAIN, ours) == ours.signer


def test_the_id_does_not_depend_on_the_deadline() -> None:
    assert end(9).id == end(10).id == end(9).with_deadline(11).id
    assert end(9).digest(DOMAIN) != end(10).digest(DOMAIN)
    checkpoint = Act("Checkpoint", origin="a", size=1, root=bytes(32))
    assert checkpoint.id == checkpoint.struct_hash()
    with pytest.raises(Malformed):
        checkpoint.with_deadline(1)


def test_a_signature_counts_on_one_chain_and_for_one_signer() -> None:
    signed = acts.sign(end(), DOMAIN, KEY)
    with pytest.raises(BadSignature):
        acts.recover(end(), Domain(8), signed)
    with pytest.raises(BadSignature):
        acts.recover(end(), DOMAIN, acts.Signed(bytes(20), signed.signature))


def test_fields_are_checked() -> None:
    with pytest.raises(Unknown):
        Act("Nothing")
    for changes in ({"grantId": b"\1"}, {"deadline": -1}, {"deadline": 2**64}, {"deadline": True}, {"reference": "x"}):
        with pytest.raises(Malformed):
            Act("GrantEnd", **({"grantId": bytes(32), "reference": bytes(32), "deadline": 1} | changes))
    with pytest.raises(Malformed):
        Act("GrantEnd", grantId=bytes(32))
