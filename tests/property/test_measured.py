"""What the typed decoders take, the slow parser takes alike, and many at once are taken as each alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from carbonledger import jcs, measured
from carbonledger.entry import MEASURED_KINDS, Body
from carbonledger.errors import CarbonLedgerError
from carbonledger.measured import Measured, WithNonce, together
from oracle.ordinary import Reading

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**54), 2**54),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.text(alphabet="0123456789abcdefABCDEF \n", min_size=30, max_size=66),
    st.sampled_from(["Wh", "kJ", "reading", "commissioning", "gap", "0" * 32, "0" * 64, "0" * 30 + "  ", "METER-1"]),
)
GOOD: dict[str, Any] = dict(
    zip("dknqrstuv", ["METER-1", "reading", "0f" * 16, 1, 5, 0, 1_700_000_000_000, "Wh", 1], strict=True)
)


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


def slow(raw: bytes) -> Body | None:
    """What the slow parser says, None unless it is of a meter's value."""
    try:
        body = Body.parse(raw)
    except CarbonLedgerError:
        return None
    return body if body.kind in MEASURED_KINDS else None


def said(one: Measured) -> list[Any]:
    values = (one.d, one.k, one.q, one.s, one.t, one.u, one.n, one.f, one.r, one.x)
    return [None if value is UNSET else value for value in values]


def said_slowly(one: Body) -> list[Any]:
    values = (one.signer, one.kind, one.sequence, one.status, one.time_ms, one.unit)
    return [*values, one.nonce, one.frame, one.register, one.interval]


@given(bodies())
def test_what_the_fast_way_takes_the_slow_way_takes_alike(raw: bytes) -> None:
    fast, body = measured.alone(raw), slow(raw)
    assert (fast and said(fast)) == (body and said_slowly(body))


@pytest.mark.parametrize("of", [WithNonce, Reading])
@given(parts=st.lists(bodies(), min_size=1, max_size=4))
def test_many_at_once_are_what_each_is_by_the_slow_way(of: type[WithNonce], parts: list[bytes]) -> None:
    read = together(of)
    each = [read([raw]) for raw in parts]
    assert read(parts) == (None if None in each else [one for found in each for one in found or ()])
    for raw, found in zip(parts, each, strict=True):
        body = slow(raw)
        if found is None:
            wanted = body is not None and body.nonce is not None
            assert not wanted or (of is Reading and (body.kind, body.sequence == 0) != ("reading", False))
        elif body is None:  # left to the caller, who knows the meter
            one = found[0]
            assert not (1 <= len(one.d) <= 200 and one.d.isascii() and one.d.isprintable() and measured.valued(one))
        else:
            assert said(found[0]) == said_slowly(body)


@given(parts=st.lists(st.binary(max_size=3) | st.just(jcs.encode(GOOD)), max_size=4))
def test_a_line_break_in_a_body_is_no_body_more(parts: list[bytes]) -> None:
    good = jcs.encode(GOOD)
    assert together(WithNonce)([b"\n".join([*parts, good, good])]) is None
