"""The typed decoder of the door takes nothing that the slow parser refuses, and reads the same from what both take."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from carbonledger import jcs
from carbonledger.entry import Body
from carbonledger.errors import CarbonLedgerError
from oracle import envelopes, intake
from oracle.envelopes import JSON, LINES

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**54), 2**54),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.text(alphabet="0123456789abcdefABCDEF\n", min_size=30, max_size=66),
    st.sampled_from(["Wh", "kJ", "reading", "commissioning", "gap", "0" * 32, "0" * 64, "METER-1"]),
)
GOOD: dict[str, Any] = {
    **{
        "d": "METER-1",
        "k": "reading",
        "n": "0f" * 16,
        "q": 1,
        "r": 5,
        "s": 0,
        "t": 1_700_000_000_000,
        "u": "Wh",
        "v": 1,
    }
}


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    value = dict(GOOD)
    for name in draw(st.lists(st.sampled_from([*"dfknqrstuvxbz"]), max_size=3)):
        if draw(st.booleans()):
            value.pop(name, None)
        else:
            value[name] = draw(ODD)
    if draw(st.booleans()):
        try:
            return jcs.encode(value)
        except CarbonLedgerError:
            pass
    return json.dumps(
        value, sort_keys=draw(st.booleans()), separators=draw(st.sampled_from([(",", ":"), (", ", ":")]))
    ).encode()


@given(bodies())
def test_what_the_fast_way_takes_the_slow_way_takes_alike(raw: bytes) -> None:
    fast = intake._fast(raw)
    try:
        slow = Body.parse(raw)
    except CarbonLedgerError:
        assert fast is None
        return
    if fast is None:
        assert slow.kind not in ("reading", "commissioning") or b'"v":true' in raw
        return
    assert (fast.d, fast.k, fast.q, fast.s, fast.t, fast.u) == (
        *(slow.signer, slow.kind, slow.sequence, slow.status, slow.time_ms, slow.unit),
    )
    assert [None if value is UNSET else value for value in (fast.n, fast.f, fast.r, fast.x)] == [
        *(slow.nonce, slow.frame, slow.register, slow.interval)
    ]


@given(st.binary(max_size=300), st.sampled_from([JSON, LINES]))
def test_hostile_bytes_never_break_the_door(body: bytes, content_type: str) -> None:
    try:
        items = envelopes.decode(body, content_type)
    except CarbonLedgerError:
        return
    assert all(isinstance(item, envelopes.Single | envelopes.Batch | envelopes.Unreadable) for item in items)
