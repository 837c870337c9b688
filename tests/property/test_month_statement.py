"""Month statements go there and back, and hostile bytes are refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Malformed
from carbonledger.month_statement import MonthLine, MonthStatement, commitment

ids = st.binary(min_size=32, max_size=32)
statements = st.builds(
    MonthStatement,
    ids,
    st.integers(2000, 2100),
    st.integers(1, 12),
    st.lists(
        st.builds(MonthLine, st.sampled_from(["a", "b"]), ids, st.integers(0, 2**60)),
        unique_by=lambda x: (x.code, x.item),
    ).map(lambda lines: tuple(sorted(lines, key=lambda x: (x.code, x.item)))),
    st.sets(st.integers(0, 2**40)).map(lambda s: tuple(sorted(s))),
    st.just("gateway.example/readings"),
    st.integers(0, 2**40),
    ids,
)


@given(statements)
def test_a_statement_is_parsed_to_itself(statement: MonthStatement) -> None:
    assert MonthStatement.parse(statement.json()) == statement


@given(statements, st.data())
def test_a_changed_byte_is_refused_or_changes_the_commitment(statement: MonthStatement, data: st.DataObject) -> None:
    raw = bytearray(statement.json())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    assert commitment(bytes(raw), bytes(16)) != statement.commitment(bytes(16))
    try:
        MonthStatement.parse(bytes(raw))
    except Malformed:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_a_statement_or_malformed(raw: bytes) -> None:
    try:
        MonthStatement.parse(raw)
    except Malformed:
        return
