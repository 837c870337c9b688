"""Bindings: events of any contract as JSON, errors as sentences, hostile bytes refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Malformed
from ledger_node.chain.bindings import checkpoint_registry, errors, member_registry
from ledger_node.chain.bindings.describe import describe_event


def test_an_event_is_told_by_name_and_json(world: Any, stranger: Any) -> None:
    done = world.admit(stranger, 2)
    told = [describe_event("MemberRegistry", log) for log in done.logs]
    names = [name for name, _ in filter(None, told)]
    assert names == ["RecordWritten", "MemberAdmitted", "RecordWritten", "KeyEnrolled"]
    assert told[1] is not None and told[1][1]["member"] == stranger.id.hex()
    json.dumps(told)
    assert describe_event("GrantRegistry", done.logs[1]) is None
    assert describe_event("Nobody", done.logs[1]) is None


def test_an_error_is_a_sentence(world: Any, reverted: Any) -> None:
    act = world.act("MemberStatus", member=bytes(32), status=2, reasonDigest=bytes(32))
    with pytest.raises(reverted) as caught:
        world.relay(act, world.quorum(act, 1))
    sentence = errors.explain(caught.value.data)
    assert "MemberRegistryQuorumTooSmall: expected 2, found 1" in sentence


@given(st.binary(max_size=200))
def test_any_revert_data_is_explained(data: bytes) -> None:
    assert errors.explain(data)
    for selector in list(errors.ERRORS)[:3]:
        assert errors.explain(selector + data)


@given(st.binary(max_size=400))
def test_hostile_answers_are_malformed(data: bytes) -> None:
    for decode in (checkpoint_registry.decode_log_of, member_registry.decode_key_of, member_registry.decode_record_of):
        try:
            decode(data)
        except Malformed:
            continue
