"""Logs on the chain: they grow, they never fork, and a stranger anchors nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from carbonledger import merkle
from carbonledger.records import Record
from ledger_node.chain.bindings import checkpoint_registry, structs

LEAVES = [merkle.leaf_hash(i.to_bytes(4, "big")) for i in range(200)]
NO_ANCHOR = structs.Anchor(bytes(32), 0, bytes(32), 0, 0, 0)


def root(size: int) -> bytes:
    return merkle.root(LEAVES[:size])


def proof(old: int, new: int) -> list[bytes]:
    return merkle.consistency_proof(LEAVES[:new], old, new)


def refused(world: Any, reverted: Any, error: str, act: Any, *arguments: Any) -> None:
    with pytest.raises(reverted) as caught:
        world.relay(act, *arguments)
    assert caught.value.name == error, str(caught.value)


def log_record(world: Any, log_id: bytes, status: int, size: int, anchors: int, at: int) -> Record:
    return Record.of(
        "log",
        logId=log_id,
        member=world["enterprise"].id,
        gateway=world.GATEWAY,
        witnessQuorum=1,
        size=size,
        root=root(size) if size else bytes(32),
        anchoredAt=at,
        anchors=anchors,
        status=status,
    )


def test_a_log_grows_by_consistent_heads_and_keeps_a_record_of_each(world: Any) -> None:
    log_id = world.register_log()
    assert world.stored(log_record(world, log_id, 1, 0, 0, 0))
    previous = 0
    for count, size in enumerate((1, 2, 3, 7, 8, 100, 199), 1):
        world.chain.time += 60
        done = world.anchor(size, root(size), proof(previous, size) if previous else ())
        (event,) = world.events(done, "CheckpointRegistry")
        anchor = Record.of(
            "anchor",
            logId=log_id,
            size=size,
            root=root(size),
            previousSize=previous,
            time=world.chain.time,
            block=world.chain.number,
        )
        assert (event.size, event.root, event.witnesses) == (size, root(size), 1)
        assert world.stored(anchor)
        assert world.stored(log_record(world, log_id, 1, size, count, world.chain.time))
        previous = size


def test_a_head_that_is_anchored_returns_quietly_and_another_of_its_size_is_refused(world: Any, reverted: Any) -> None:
    log_id = world.register_log()
    world.anchor(10, root(10))
    world.anchor(20, root(20), proof(10, 20))
    assert world.anchor(20, root(20)).logs == ()
    assert world.anchor(10, root(10)).logs == ()
    for size, head, error in (
        (20, root(21), "CheckpointRegistryRootDiffers"),
        (15, root(15), "CheckpointRegistryNotGrowing"),
    ):
        with pytest.raises(reverted) as caught:
            world.anchor(size, head, proof(10, 20))
        assert caught.value.name == error
    assert world.ask("CheckpointRegistry", "is_anchored", log_id, 10, root(10))
    assert not world.ask("CheckpointRegistry", "is_anchored", log_id, 10, root(11))


def test_an_inconsistent_head_is_refused(world: Any, reverted: Any) -> None:
    world.register_log()
    with pytest.raises(reverted) as caught:
        world.anchor(10, root(10), [root(3)])
    assert caught.value.name == "CheckpointRegistryNotConsistent"
    world.anchor(10, root(10))
    good = proof(10, 33)
    for bad in (good[:-1], [*good, root(1)], good[::-1], []):
        with pytest.raises(reverted) as caught:
            world.anchor(33, root(33), bad)
        assert caught.value.name == "CheckpointRegistryNotConsistent"
    with pytest.raises(reverted) as caught:
        world.anchor(0, merkle.EMPTY_ROOT)
    assert caught.value.name == "CheckpointRegistryNotGrowing"


def test_only_the_gateway_and_enough_distinct_witnesses_anchor(world: Any, reverted: Any, stranger: Any) -> None:
    world.register_log(quorum=2)
    act = world.checkpoint(5, root(5))
    gateway, witness = world.sign(act, world.gateway), world.sign(act, world.witness)
    refused(world, reverted, "CheckpointRegistryWitnessesTooFew", act, [], gateway, [witness])
    refused(world, reverted, "CheckpointRegistryWitnessesNotAscending", act, [], gateway, [witness, witness])
    refused(world, reverted, "CheckpointRegistryNotAWitness", act, [], gateway, [witness, gateway])
    world.enrol(world["enterprise"], stranger, 4, bytes(32))
    own = world.sign(act, stranger)
    refused(world, reverted, "CheckpointRegistryNotAWitness", act, [], gateway, [own, witness])
    second = type(stranger)("second witness")
    world.enrol(world["bank"], second, 4, bytes(32))
    pair = [(world["auditor"].id, witness), (world["bank"].id, world.sign(act, second))]
    witnesses = [signed for _, signed in sorted(pair)]
    refused(world, reverted, "CheckpointRegistryNotTheGateway", act, [], witness, witnesses)
    act_key = world.sign(act, world["enterprise"])
    refused(world, reverted, "CheckpointRegistryNotTheGateway", act, [], act_key, witnesses)
    forged = type(gateway)(gateway.signer, witness.signature)
    refused(world, reverted, "RegistrySignatureInvalid", act, [], forged, witnesses)
    refused(world, reverted, "CheckpointRegistryWitnessesNotAscending", act, [], gateway, witnesses[::-1])
    world.relay(act, [], gateway, witnesses)


def test_two_signed_heads_of_one_size_freeze_the_log_until_the_quorum_thaws_it(
    world: Any, reverted: Any, nobody: Any
) -> None:
    log_id = world.register_log()
    world.anchor(10, root(10))
    anchored_at = world.chain.time
    one, two = world.checkpoint(30, root(30)), world.checkpoint(30, root(31))
    data = checkpoint_registry.encode_report_fork(
        one, world.sign(one, world.gateway), two, world.sign(two, world.gateway), NO_ANCHOR
    )
    done = world.chain.send(world.address("CheckpointRegistry"), data)
    world.gas["CheckpointRegistry.reportFork"] = done.gas
    names = [type(event).__name__ for event in world.events(done, "CheckpointRegistry")]
    assert names == ["LogStatusChanged", "ForkReported"]
    assert world.stored(log_record(world, log_id, 2, 10, 1, anchored_at))
    with pytest.raises(reverted) as caught:
        world.anchor(20, root(20), proof(10, 20))
    assert caught.value.name == "CheckpointRegistryLogNotActive"
    thaw = world.act("LogStatus", logId=log_id, status=1, reasonDigest=bytes(32))
    refused(world, reverted, "CheckpointRegistryStatusUnchangeable", thaw, world.sign(thaw, world["enterprise"]), [])
    world.relay(thaw, nobody, world.quorum(thaw))
    world.anchor(20, root(20), proof(10, 20))
    close = world.act("LogStatus", logId=log_id, status=3, reasonDigest=bytes(32))
    refused(world, reverted, "CheckpointRegistryStatusUnchangeable", close, nobody, world.quorum(close))
    world.relay(close, world.sign(close, world["enterprise"]), [])
    with pytest.raises(reverted) as caught:
        world.anchor(30, root(30), proof(20, 30))
    assert caught.value.name == "CheckpointRegistryLogNotActive"


def test_a_head_against_an_anchored_one_counts_under_a_key_valid_at_that_size(
    world: Any, reverted: Any, nobody: Any, stranger: Any
) -> None:
    log_id = world.register_log()
    world.anchor(10, root(10))
    first_anchor = structs.Anchor(log_id, 10, root(10), 0, world.chain.time, world.chain.number)
    world.chain.time += 100
    world.enrol(world["enterprise"], stranger, 2, world.GATEWAY)
    fork, anchored = world.checkpoint(10, root(11)), world.checkpoint(10, root(10))

    def report(key: Any, second: Any, anchor: structs.Anchor) -> bytes:
        return checkpoint_registry.encode_report_fork(fork, world.sign(fork, key), second, nobody, anchor)

    for data, error in (
        (report(stranger, anchored, first_anchor), "CheckpointRegistryNotTheGateway"),
        (report(world.gateway, anchored, NO_ANCHOR), "CheckpointRegistryAnchorUnknown"),
        (report(world.gateway, world.checkpoint(10, root(12)), first_anchor), "CheckpointRegistryAnchorUnknown"),
        (report(world.gateway, fork, first_anchor), "CheckpointRegistryNoFork"),
    ):
        with pytest.raises(reverted) as caught:
            world.chain.send(world.address("CheckpointRegistry"), data)
        assert caught.value.name == error
    world.chain.send(world.address("CheckpointRegistry"), report(world.gateway, anchored, first_anchor))
    assert world.ask("CheckpointRegistry", "log_of", log_id).status == 2


def test_a_log_is_registered_once_with_an_origin_and_a_gateway(world: Any, reverted: Any) -> None:
    world.register_log()
    enterprise = world["enterprise"]
    values = {"origin": "other.example/log", "member": enterprise.id, "gateway": world.GATEWAY, "witnessQuorum": 1}
    for changes, error in (
        ({"origin": world.ORIGIN}, "CheckpointRegistryLogKnown"),
        ({"origin": world.ORIGIN, "member": world["rival"].id}, "CheckpointRegistryLogKnown"),
        ({"origin": ""}, "CheckpointRegistryOriginEmpty"),
        ({"gateway": bytes(32)}, "CheckpointRegistryGatewayEmpty"),
    ):
        act = world.act("LogRegistration", **values | changes)
        owner = enterprise if act["member"] == enterprise.id else world["rival"]
        refused(world, reverted, error, act, world.sign(act, owner))


def test_a_log_that_nobody_registered_is_unknown_to_every_act(world: Any, reverted: Any, nobody: Any) -> None:
    head, other = world.checkpoint(5, root(5)), world.checkpoint(5, root(6))
    gateway, witnesses = world.sign(head, world.gateway), [world.sign(head, world.witness)]
    refused(world, reverted, "CheckpointRegistryLogUnknown", head, [], gateway, witnesses)
    status = world.act("LogStatus", logId=root(1), status=3, reasonDigest=bytes(32))
    refused(world, reverted, "CheckpointRegistryLogUnknown", status, world.sign(status, world["enterprise"]), [])
    fork = checkpoint_registry.encode_report_fork(head, gateway, other, world.sign(other, world.gateway), NO_ANCHOR)
    with pytest.raises(reverted) as caught:
        world.chain.send(world.address("CheckpointRegistry"), fork)
    assert caught.value.name == "CheckpointRegistryLogUnknown"


def test_a_leaf_is_proven_on_the_chain(world: Any) -> None:
    log_id = world.register_log()
    world.anchor(100, root(100))
    for index in (0, 1, 63, 64, 99):
        path = merkle.inclusion_proof(LEAVES[:100], index, 100)
        ask = lambda *a: world.ask("CheckpointRegistry", "is_included", log_id, *a)  # noqa: E731
        assert ask(LEAVES[index], index, path)
        assert not ask(LEAVES[index], index + 1, path)
        assert not ask(LEAVES[index], index, path[:-1])
        assert not ask(LEAVES[index], index, [*path, root(1)])
        assert not ask(LEAVES[index - 1], index, path)


def test_the_ring_forgets_after_64_heads_and_still_refuses_to_shrink(world: Any, reverted: Any) -> None:
    log_id = world.register_log()
    world.anchor(1, root(1))
    for size in range(2, 68):
        world.anchor(size, root(size), proof(size - 1, size))
    world.gas["CheckpointRegistry.anchor, ring full"] = world.gas["CheckpointRegistry.anchor"]
    assert world.ask("CheckpointRegistry", "is_anchored", log_id, 4, root(4))
    assert not world.ask("CheckpointRegistry", "is_anchored", log_id, 3, root(3))
    with pytest.raises(reverted) as caught:
        world.anchor(3, root(3))
    assert caught.value.name == "CheckpointRegistryNotGrowing"


def _vectors(name: str) -> list[dict[str, Any]]:
    folder = Path(os.environ.get("CARBONLEDGER_VECTORS", Path(__file__).parents[3] / "shared" / "vectors"))
    path = folder / "merkle" / name
    if not path.exists():
        pytest.skip(f"published vectors are not there: {path}")
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
