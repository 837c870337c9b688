"""Requests for private data and the opened months that answer them: digests, round trips, hostile bytes."""

from __future__ import annotations

import hashlib

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import secp256k1
from carbonledger.eip712 import Domain
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.month_statement import MonthLine, MonthStatement
from carbonledger.sharing import WHATS, OpenedMonth, OpenedMonths, Request, SignedRequest, scope

KEY = bytes(31) + b"\7"
ids = st.binary(min_size=32, max_size=32)
years = st.integers(1971, 9998)
requests = st.builds(Request, ids, ids, years, st.sampled_from(WHATS), st.integers(0, 10**12))


@given(requests, st.integers(1, 2**53 - 1))
def test_the_digest_is_the_one_that_wallets_sign(request: Request, chain_id: int) -> None:
    typed = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
            ],
            "DisclosureRequest": [
                {"name": "owner", "type": "bytes32"},
                {"name": "grantee", "type": "bytes32"},
                {"name": "scope", "type": "bytes32"},
                {"name": "what", "type": "string"},
                {"name": "issuedAt", "type": "uint64"},
            ],
        },
        "primaryType": "DisclosureRequest",
        "domain": {"name": "carbonledger", "version": "1", "chainId": chain_id},
        "message": {
            "owner": request.owner,
            "grantee": request.grantee,
            "scope": hashlib.sha256(f'{{"member":"{request.owner.hex()}","year":{request.year}}}'.encode()).digest(),
            "what": request.what,
            "issuedAt": request.issued_at,
        },
    }
    assert request.digest(Domain(chain_id)) == bytes(_hash_eip191_message(encode_typed_data(full_message=typed)))


@given(requests, st.none() | ids)
def test_a_request_comes_back_from_its_headers_with_its_signer(request: Request, grant: bytes | None) -> None:
    domain = Domain(9732)
    signed = SignedRequest.sign(request, domain, KEY, grant)
    assert SignedRequest.parse(request.owner, request.year, request.what, signed.headers()) == signed
    assert signed.signer(domain) == secp256k1.address(secp256k1.public_key(KEY))


@given(requests, st.data())
def test_a_header_that_is_not_exact_is_refused_by_its_name(request: Request, data: st.DataObject) -> None:
    headers = SignedRequest.sign(request, Domain(1), KEY, bytes(32)).headers()
    name = data.draw(st.sampled_from(sorted(headers)))
    spoilt = data.draw(
        st.sampled_from(["", " ", headers[name] + "z", headers[name][:-1] + "G", "0x" + headers[name], "-1", "١"])
    )
    with pytest.raises(Malformed, match=name):
        SignedRequest.parse(request.owner, request.year, request.what, {**headers, name: spoilt})


lines = st.lists(
    st.builds(MonthLine, st.sampled_from(["electricity-purchased", "heat-purchased"]), ids, st.integers(0, 2**80)),
    unique_by=lambda line: (line.code, line.item),
    max_size=3,
).map(lambda found: tuple(sorted(found, key=lambda line: (line.code.encode(), line.item))))


@st.composite
def opened(draw: st.DrawFn) -> OpenedMonths:
    member, year = draw(ids), draw(years)
    numbers = sorted(draw(st.sets(st.integers(1, 12))))
    months = tuple(
        OpenedMonth(
            MonthStatement(member, year, number, draw(lines), (1, 2), "plant.example/log", 10, draw(ids)),
            draw(st.binary(min_size=16, max_size=16)),
        )
        for number in numbers
    )
    return OpenedMonths(member, year, months)


@given(opened())
def test_opened_months_come_back_from_their_bytes(months: OpenedMonths) -> None:
    assert OpenedMonths.parse(months.json()) == months


@given(opened(), st.data())
def test_a_changed_byte_is_refused_or_changes_a_commitment(months: OpenedMonths, data: st.DataObject) -> None:
    raw = bytearray(months.json())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        found = OpenedMonths.parse(bytes(raw))
    except CarbonLedgerError:
        return
    before, after = ((m.member, m.year, [x.commitment for x in m.months]) for m in (months, found))
    assert before != after


@given(st.binary(max_size=200))
def test_hostile_bytes_are_refused_in_our_words(raw: bytes) -> None:
    with pytest.raises(CarbonLedgerError):
        OpenedMonths.parse(raw)


def test_statements_of_others_are_not_among_them() -> None:
    statement = MonthStatement(bytes(32), 2025, 1, (), (), "plant.example/log", 1, bytes(32))
    month = OpenedMonth(statement, bytes(16))
    for member, year, months in (
        (bytes(31) + b"\1", 2025, (month,)),
        (bytes(32), 2024, (month,)),
        (bytes(32), 2025, (month, month)),
    ):
        with pytest.raises(Malformed, match="opened months"):
            OpenedMonths(member, year, months)


def test_a_scope_is_of_one_member_and_one_year() -> None:
    assert len({scope(bytes(32), 2025), scope(bytes(32), 2024), scope(bytes(31) + b"\1", 2025)}) == 3
