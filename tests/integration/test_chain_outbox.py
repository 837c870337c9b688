"""The outbox on every engine: durable, in order, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_node.chain import Chain, SendResult
from ledger_node.chain.errors import ReferenceTaken, WrongChain
from ledger_node.chain.outbox import Outbox, OutboxState
from ledger_node.chain.outbox_store import EntryState
from ledger_node.chain.revert import describe
from ledger_node.chain.transaction import parse, sign
from tests.integration.chain_kit import ENGINES, NOON, count_of, deploy, keep, mine, opened, wait_for

DEPLOYER = b"\x11" * 32
GATEWAY = b"\x22" * 32


@pytest.fixture(params=ENGINES)
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    with opened(request.param, tmp_path / "chain") as chain:
        yield chain


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Chain]:
    with opened("embedded", tmp_path / "chain") as chain:
        yield chain


def _outbox(chain: Chain, folder: Path, **options: int) -> Outbox:
    return Outbox(folder / "outbox.sqlite", chain, GATEWAY, clock=lambda: NOON, **options)


def _run(outbox: Outbox, chain: Chain) -> OutboxState:
    def settled() -> OutboxState | None:
        outbox.step()
        chain.advance()
        state = outbox.step()
        return state if state.unsettled == 0 else None

    return wait_for(settled, 60, "the end of the outbox's work")


@pytest.mark.slow
def test_what_is_put_is_mined_once_in_order_on_every_engine(chain: Chain, tmp_path: Path) -> None:
    keeper = deploy(chain, DEPLOYER)
    outbox = _outbox(chain, tmp_path, window=7)
    for number in range(25):
        outbox.put(f"anchor {number}", keeper, keep(number + 1, number), 200_000)
    outbox.put("bad", keeper, keep(0, 1), 200_000)
    outbox.put("after", keeper, keep(99, 1), 200_000)
    state = _run(outbox, chain)
    assert (state.final, state.mined_nonce, state.errors) == (27, 27, ())
    assert count_of(chain, keeper) == 26
    (failure,) = outbox.failed()
    assert (failure.reference, failure.reason) == ("bad", "slot zero")
    places = [outbox.result(f"anchor {number}") for number in range(25)]
    assert [place.logs[0].data for place in places if place] == [n.to_bytes(32, "big") for n in range(25)]
    numbers = [place.block_number for place in places if place]
    assert numbers == sorted(numbers)
    outbox.close()


def test_the_same_reference_and_content_is_one_row_and_other_content_is_refused(
    embedded: Chain, tmp_path: Path
) -> None:
    outbox = _outbox(embedded, tmp_path)
    row = outbox.put("anchor", b"\1" * 20, b"content")
    assert outbox.put("anchor", b"\1" * 20, b"content") == row
    assert outbox.put("anchor", b"\1" * 20, b"content", 50_000) == row
    for to, data in ((b"\2" * 20, b"content"), (b"\1" * 20, b"other"), (None, b"content")):
        with pytest.raises(ReferenceTaken, match="other content"):
            outbox.put("anchor", to, data)
    with pytest.raises(ReferenceTaken):
        outbox.put_all([("new", b"\1" * 20, b"", None), ("anchor", b"\1" * 20, b"x", None)])
    assert [entry.reference for entry in outbox.pending()] == ["anchor"]
    assert [entry.nonce for entry in outbox.pending()] == [0]
    outbox.close()


def test_never_more_than_the_window_is_sent(embedded: Chain, tmp_path: Path) -> None:
    outbox = _outbox(embedded, tmp_path, window=5)
    outbox.put_all([(f"anchor {n}", b"\1" * 20, b"", 30_000) for n in range(12)])
    assert [outbox.step().sent for _ in range(3)] == [5, 5, 5]
    assert embedded.waiting() == 5
    embedded.advance()
    state = outbox.step()
    assert (state.final, state.sent, embedded.waiting()) == (5, 5, 5)
    outbox.close()


def test_a_reopened_outbox_goes_on_and_sends_again_what_a_pool_forgot(tmp_path: Path) -> None:
    with opened("embedded", tmp_path / "chain") as chain:
        keeper = deploy(chain, DEPLOYER)
        outbox = _outbox(chain, tmp_path)
        outbox.put_all([(f"anchor {n}", keeper, keep(n + 1, n), 200_000) for n in range(5)])
        outbox.step()
        sent = [entry.raw for entry in outbox.pending()]
        outbox.close()
    with opened("embedded", tmp_path / "chain") as chain:  # its pool is empty now
        assert chain.waiting() == 0
        outbox = _outbox(chain, tmp_path)
        assert [entry.raw for entry in outbox.pending()] == sent
        assert _run(outbox, chain).final == 5
        assert count_of(chain, keeper) == 5
        outbox.close()


def test_an_outbox_of_another_chain_is_refused(embedded: Chain, tmp_path: Path) -> None:
    _outbox(embedded, tmp_path).close()
    from ledger_node.chain import open_chain

    other = open_chain("embedded:77", tmp_path / "other", lambda: NOON)
    with pytest.raises(WrongChain, match="Nothing was sent"):
        _outbox(other, tmp_path)
    other.close()


def test_a_nonce_that_stands_still_is_sent_again_byte_for_byte_elsewhere(embedded: Chain, tmp_path: Path) -> None:
    heard: list[tuple[bytes, ...]] = []

    class Deaf:
        """The embedded chain behind a node that says yes and forgets; the other node is honest."""

        def __getattr__(self, name: str) -> object:
            return getattr(embedded, name)

        def send_raw(self, raws: list[bytes]) -> list[SendResult]:
            return [SendResult(parse(raw, embedded.chain_id).hash, None) for raw in raws]

        def send_raw_elsewhere(self, raws: list[bytes]) -> list[SendResult]:
            heard.append(tuple(raws))
            return embedded.send_raw(raws)

    outbox = Outbox(tmp_path / "o.sqlite", Deaf(), GATEWAY, clock=lambda: NOON)  # type: ignore[arg-type]
    outbox.put_all([(f"anchor {n}", b"\1" * 20, b"", 30_000) for n in range(3)])
    raws = tuple(entry.raw for entry in outbox.pending())
    resent = []
    for _ in range(8):
        resent.append(outbox.step().resent)
        embedded.advance()
    assert heard == [raws]
    assert sum(resent) == 3
    assert outbox.step().final == 3
    outbox.close()


def test_a_nonce_that_another_used_is_renewed_only_when_that_is_deep(embedded: Chain, tmp_path: Path) -> None:
    keeper = deploy(embedded, DEPLOYER)
    outbox = _outbox(embedded, tmp_path)
    outbox.put("anchor", keeper, keep(1, 1), 200_000)
    mine(embedded, sign(GATEWAY, embedded.chain_id, 0, keeper, keep(2, 2), 200_000))
    renewed = 0
    for _ in range(20):
        renewed += outbox.step().renewed
        embedded.advance()
    assert renewed == 1
    assert outbox.step().final == 1
    assert count_of(embedded, keeper) == 2
    outbox.close()


def test_what_no_node_takes_is_told_with_the_nodes_words(embedded: Chain, tmp_path: Path) -> None:
    outbox = _outbox(embedded, tmp_path)
    outbox.put("too little gas", b"\1" * 20, b"x" * 100, 21_000)
    state = outbox.step()
    assert state.waiting == 1
    assert state.errors[0][0] == "too little gas"
    assert "intrinsic gas too low" in state.errors[0][1]
    (entry,) = outbox.pending()
    assert entry.state is EntryState.WAITING
    outbox.close()


def test_the_age_of_the_head_is_an_alarm(tmp_path: Path) -> None:
    now = NOON
    with opened("embedded", tmp_path / "chain", lambda: NOON) as chain:
        chain.advance(NOON)
        outbox = Outbox(tmp_path / "o.sqlite", chain, GATEWAY, clock=lambda: now, head_age_alarm_s=60)
        assert (outbox.step().head_age_s, outbox.step().head_is_old) == (0, False)
        now = NOON + 61
        state = outbox.step()
        assert (state.head_age_s, state.head_is_old) == (61, True)
        outbox.close()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_revert_data_can_be_told(data: bytes) -> None:
    assert isinstance(describe(data), str)


def test_revert_reasons_read_as_solidity_wrote_them() -> None:
    text = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (4).to_bytes(32, "big") + b"late".ljust(32, b"\0")
    assert describe(text) == "late"
    assert describe(bytes.fromhex("4e487b71") + (17).to_bytes(32, "big")) == "panic 0x11"
    assert describe(b"\xaa\xbb\xcc\xdd" + (5).to_bytes(32, "big")) == "0xaabbccdd " + (5).to_bytes(32, "big").hex()
