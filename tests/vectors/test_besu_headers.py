"""Headers recorded on our own network of four Besu QBFT validators: each case is accepted or refused as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from carbonledger.errors import CarbonLedgerError, Invalid
from carbonledger.evm import qbft
from carbonledger.evm.evidence import ChainEvidence, ChainTrust, seal_verdict
from carbonledger.evm.header import Header

FOLDER = Path(__file__).parent / "besu_headers"
FILES = sorted(path.name for path in FOLDER.glob("*.json"))
CASES = [(name, case) for name in FILES for case in json.loads((FOLDER / name).read_text())["cases"]]


def bytes_of(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def check(case: dict[str, Any]) -> frozenset[bytes]:
    header = Header.from_rpc(case["header"])
    qbft.check_hash(header, bytes_of(case["header"]["hash"]))
    return qbft.check_seals(header, map(bytes_of, case["validators"]))


def real(name: str) -> tuple[Header, tuple[bytes, ...]]:
    case = next(case for file, case in CASES if file == name and case["name"] == "real")
    return Header.from_rpc(case["header"]), tuple(map(bytes_of, case["validators"]))


def test_all_recorded_files_are_here() -> None:
    assert FILES == ["cancun-round0-with-txs.json", "london-round1.json", "osaka-vote.json"]
    assert len(CASES) == 45


@pytest.mark.parametrize(("name", "case"), CASES, ids=lambda value: value if isinstance(value, str) else value["name"])
def test_a_recorded_header_is_judged_as_it_says(name: str, case: dict[str, Any]) -> None:
    if case["expect"] == "ok":
        assert check(case) == set(map(bytes_of, case["signers"]))
    else:
        with pytest.raises(CarbonLedgerError, match=case["expect"] or None):
            check(case)


@pytest.mark.parametrize(("name", "case"), CASES, ids=lambda value: value if isinstance(value, str) else value["name"])
def test_the_verdict_on_evidence_agrees_where_seals_decide(name: str, case: dict[str, Any]) -> None:
    if case["expect"] == "missing":
        return
    header = Header.from_rpc(case["header"])
    evidence = ChainEvidence("qbft", header.encode(), None, ())
    verdict = seal_verdict(evidence, ChainTrust(1, validators=tuple(map(bytes_of, case["validators"]))))
    # only the hash that came along was altered: the header itself is the sealed one
    sealed = case["expect"] == "ok" or case["name"] == "hash field changed"
    assert verdict.verdict == ("valid" if sealed else "invalid"), verdict.reason


@pytest.mark.parametrize("name", FILES)
def test_one_block_has_one_hash_whatever_seals_a_node_stores(name: str) -> None:
    first, second = (Header.from_rpc(c["header"]) for f, c in CASES if f == name and c["expect"] == "ok")
    assert first.encode() != second.encode()
    assert qbft.block_hash(first) == qbft.block_hash(second) != first.block_hash


@pytest.mark.parametrize(("name", "round_number"), [("cancun-round0-with-txs.json", 0), ("london-round1.json", 1)])
def test_seals_keep_the_round(name: str, round_number: int) -> None:
    header, _ = real(name)
    assert qbft.ExtraData.parse(header.extra_data).round == round_number
    assert (qbft.seal_digest(header) == qbft.block_hash(header)) == (round_number == 0)


def test_one_vote_of_four_changes_nothing() -> None:
    header, validators = real("osaka-vote.json")
    vote = qbft.ExtraData.parse(header.extra_data).vote
    assert vote == qbft.Vote(bytes_of("0x44733d8777b5b6313cdc0a93e63177f0b4ecdeb9"), True)
    assert qbft.follow(validators, [header]) == validators


def test_a_block_that_another_set_seals_is_not_followed() -> None:
    header, validators = real("osaka-vote.json")
    with pytest.raises(Invalid, match="not the trusted set"):
        qbft.follow(validators[:3], [header])


@pytest.mark.parametrize("name", FILES)
def test_no_byte_of_a_sealed_header_can_be_altered(name: str) -> None:
    header, validators = real(name)
    raw = header.encode()
    trust = ChainTrust(1, validators=validators)
    for at in range(0, len(raw), 7):
        altered = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert seal_verdict(ChainEvidence("qbft", altered, None, ()), trust).verdict == "invalid", at
