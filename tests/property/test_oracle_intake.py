"""Hostile bytes come to an answer of the door, never to an error of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import CarbonLedgerError
from oracle import envelopes
from oracle.envelopes import JSON, LINES


@given(st.binary(max_size=300), st.sampled_from([JSON, LINES]))
def test_hostile_bytes_never_break_the_door(body: bytes, content_type: str) -> None:
    try:
        items = envelopes.decode(body, content_type)
    except CarbonLedgerError:
        return
    assert all(isinstance(item, envelopes.Single | envelopes.Batch | envelopes.Unreadable) for item in items)
