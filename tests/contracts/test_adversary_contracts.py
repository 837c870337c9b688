"""Attacks on the contracts: by a relayer without keys, by a member with its own keys; each is refused or undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from carbonledger import acts, eip712, merkle
from ledger_node.chain.bindings import checkpoint_registry, structs

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
LEAVES = [merkle.leaf_hash(i.to_bytes(4, "big")) for i in range(200)]
NO_ANCHOR = structs.Anchor(bytes(32), 0, bytes(32), 0, 0, 0)
DAY = 86_400


def root(size: int) -> bytes:
    return merkle.root(LEAVES[:size])


def proof(old: int, new: int) -> list[bytes]:
    return merkle.consistency_proof(LEAVES[:new], old, new)


def refused(reverted: Any, error: str, call: Any, *arguments: Any) -> None:
    with pytest.raises(reverted) as caught:
        call(*arguments)
    assert caught.value.name == error, str(caught.value)


def enrolment(world: Any, owner: Any, key: Any, purpose: int, subject: bytes, **changes: Any) -> Any:
    values = {"keyId": key.key_id, "member": owner.id, "purpose": purpose, "subject": subject, "algorithm": 3}
    rest = {"validFrom": world.chain.time, "supersedes": bytes(32)}
    return world.act("KeyEnrolment", **(values | rest | changes))


# --- forks and old keys


def test_a_new_key_does_not_hide_two_heads_that_the_old_one_signed(world: Any, stranger: Any) -> None:
    log_id = world.register_log()
    world.anchor(10, root(10))
    one, two = world.checkpoint(30, root(30)), world.checkpoint(30, root(31))
    signed = (one, world.sign(one, world.gateway), two, world.sign(two, world.gateway))
    world.chain.time += 60
    world.enrol(world["enterprise"], stranger, 2, world.GATEWAY, supersedes=world.gateway.key_id)
    address = world.address("CheckpointRegistry")
    mark = world.chain.snapshot()
    world.chain.send(address, checkpoint_registry.encode_report_fork(*signed, NO_ANCHOR))
    assert world.ask("CheckpointRegistry", "log_of", log_id).status == 2
    world.chain.revert(mark)
    # nor after the new key has anchored beyond the size of the two
    world.chain.time += 60
    act = world.checkpoint(40, root(40))
    world.relay(act, proof(10, 40), world.sign(act, stranger), [world.sign(act, world.witness)])
    covering = structs.Anchor(log_id, 40, root(40), 10, world.chain.time, world.chain.number)
    world.chain.send(address, checkpoint_registry.encode_report_fork(*signed, covering))
    assert world.ask("CheckpointRegistry", "log_of", log_id).status == 2


def test_two_heads_by_a_key_that_was_compromised_by_then_freeze_nothing(
    world: Any, reverted: Any, nobody: Any, stranger: Any
) -> None:
    log_id = world.register_log()
    world.anchor(10, root(10))
    world.enrol(world["enterprise"], stranger, 2, world.GATEWAY)
    act = world.act(
        "KeyEnd", keyId=world.gateway.key_id, validTo=world.chain.time, compromisedSince=world.chain.time - 5
    )
    world.relay(act, world.sign(act, world["enterprise"]), [])
    one, two = world.checkpoint(30, root(30)), world.checkpoint(30, root(31))
    data = checkpoint_registry.encode_report_fork(
        one, world.sign(one, world.gateway), two, world.sign(two, world.gateway), NO_ANCHOR
    )
    refused(reverted, "CheckpointRegistryNotTheGateway", world.chain.send, world.address("CheckpointRegistry"), data)
    assert world.ask("CheckpointRegistry", "log_of", log_id).status == 1


def test_a_fork_is_shown_by_signatures_of_the_gateway_alone(world: Any, reverted: Any, nobody: Any) -> None:
    world.register_log()
    world.anchor(10, root(10))
    one, two = world.checkpoint(30, root(30)), world.checkpoint(30, root(31))
    address = world.address("CheckpointRegistry")
    for first, second in (
        (world.sign(one, world.witness), world.sign(two, world.gateway)),
        (world.sign(one, world.gateway), world.sign(two, world.witness)),
    ):
        data = checkpoint_registry.encode_report_fork(one, first, two, second, NO_ANCHOR)
        refused(reverted, "CheckpointRegistryNotTheGateway", world.chain.send, address, data)
    borrowed = replace(world.sign(two, world.gateway), signature=world.sign(one, world.gateway).signature)
    data = checkpoint_registry.encode_report_fork(one, world.sign(one, world.gateway), two, borrowed, NO_ANCHOR)
    refused(reverted, "RegistrySignatureInvalid", world.chain.send, address, data)
    # an unsigned second head is no evidence where nothing of that size is anchored
    data = checkpoint_registry.encode_report_fork(one, world.sign(one, world.gateway), two, nobody, NO_ANCHOR)
    refused(reverted, "CheckpointRegistryAnchorUnknown", world.chain.send, address, data)


# --- heads


@pytest.mark.parametrize("size", [2**63, 2**64 - 1])
def test_a_head_of_absurd_size_needs_a_proof_like_any_other(world: Any, reverted: Any, size: int) -> None:
    world.register_log()
    world.anchor(10, root(10))
    for nodes in ([], [root(1)], [root(10)] * 64, [root(10)] * 300):
        refused(reverted, "CheckpointRegistryNotConsistent", world.anchor, size, root(11), nodes)


def test_a_head_of_size_zero_is_never_anchored(world: Any, reverted: Any) -> None:
    world.register_log()
    for nodes in ([], [root(1)]):
        refused(reverted, "CheckpointRegistryNotGrowing", world.anchor, 0, merkle.EMPTY_ROOT, nodes)
    world.anchor(1, root(1))
    refused(reverted, "CheckpointRegistryNotGrowing", world.anchor, 0, merkle.EMPTY_ROOT, [])


def test_a_head_signed_for_another_origin_or_chain_is_not_taken(world: Any, reverted: Any) -> None:
    world.register_log()
    good, other = world.checkpoint(5, root(5)), world.act("Checkpoint", origin="other", size=5, root=root(5))
    witness = world.sign(good, world.witness)
    refused(reverted, "RegistrySignatureInvalid", world.relay, good, [], world.sign(other, world.gateway), [witness])
    elsewhere = acts.sign(good, eip712.Domain(world.domain.chain_id + 1), world.gateway.private)
    refused(reverted, "RegistrySignatureInvalid", world.relay, good, [], elsewhere, [witness])


def test_witnesses_of_a_suspended_member_or_by_an_ended_key_do_not_count(world: Any, reverted: Any) -> None:
    world.register_log()
    act = world.checkpoint(5, root(5))
    arguments = (act, [], world.sign(act, world.gateway), [world.sign(act, world.witness)])
    mark = world.chain.snapshot()
    suspension = world.act("MemberStatus", member=world["auditor"].id, status=2, reasonDigest=bytes(32))
    world.relay(suspension, world.quorum(suspension))
    refused(reverted, "CheckpointRegistryNotAWitness", world.relay, *arguments)
    world.chain.revert(mark)
    end = world.act("KeyEnd", keyId=world.witness.key_id, validTo=world.chain.time, compromisedSince=0)
    world.relay(end, world.sign(end, world["auditor"]), [])
    refused(reverted, "CheckpointRegistryNotAWitness", world.relay, *arguments)


# --- signatures


def test_the_twin_of_a_signature_and_other_spellings_are_refused(world: Any, reverted: Any) -> None:
    act = world.device("meter")
    good = world.sign(act, world["enterprise"])
    r, s, v = good.signature[:32], int.from_bytes(good.signature[32:64], "big"), good.signature[64]
    twin = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    compact = r + (s | (v - 27) << 255).to_bytes(32, "big")
    for other in (twin, compact, good.signature[:64] + bytes([v - 27]), good.signature + b"\0", b"", bytes(65)):
        refused(reverted, "RegistrySignatureInvalid", world.relay, act, replace(good, signature=other))
    world.relay(act, good)


def test_a_precompile_or_a_contract_does_not_sign_for_a_member(world: Any, reverted: Any, stranger: Any) -> None:
    act = world.device("meter")
    good = world.sign(act, world["enterprise"])
    for address in (bytes(20), (4).to_bytes(20, "big"), world.address("MemberRegistry")):
        refused(reverted, "RegistryNotTheMember", world.relay, act, replace(good, signer=address))
    # the address of an answering contract cannot be enrolled without its consent
    enrol = enrolment(world, world["enterprise"], stranger, 1, world["enterprise"].id, keyId=bytes(12) + b"\4" * 20)
    newcomer = replace(world.sign(enrol, stranger), signer=b"\4" * 20)
    refused(reverted, "RegistrySignatureInvalid", world.relay, enrol, world.sign(enrol, world["enterprise"]), newcomer)


def test_an_act_signed_for_another_chain_is_refused(world: Any, reverted: Any) -> None:
    act = world.device("meter")
    elsewhere = acts.sign(act, eip712.Domain(world.domain.chain_id + 1), world["enterprise"].private)
    refused(reverted, "RegistrySignatureInvalid", world.relay, act, elsewhere)


def test_a_relayer_changes_nothing_by_sending_an_act_again_with_another_deadline(world: Any, reverted: Any) -> None:
    act = world.device("meter")
    signed = world.sign(act, world["enterprise"])
    longer = world.act("DeviceEnrolment", **(act.values | {"deadline": act["deadline"] + 10**6}))
    refused(reverted, "RegistrySignatureInvalid", world.relay, longer, signed)
    world.relay(act, signed)
    assert world.relay(longer, signed).logs == ()


def test_a_stranger_does_not_use_up_the_reference_of_a_member(world: Any, reverted: Any, stranger: Any) -> None:
    act = world.device("meter")
    theirs = world.device("another", reference=act["reference"])
    refused(reverted, "RegistryNotTheMember", world.relay, theirs, world.sign(theirs, stranger))
    refused(reverted, "RegistryNotTheMember", world.relay, theirs, world.sign(theirs, world["rival"]))
    world.relay(act, world.sign(act, world["enterprise"]))


# --- quorums


def test_two_keys_of_one_regulator_are_one_voice(world: Any, reverted: Any, stranger: Any) -> None:
    regulator = world.regulators[0]
    world.enrol(regulator, stranger, 1, regulator.id)
    act = world.act("MemberStatus", member=world["rival"].id, status=2, reasonDigest=bytes(32))
    both = [world.sign(act, regulator), world.sign(act, stranger)]
    refused(reverted, "MemberRegistryQuorumNotAscending", world.relay, act, both)
    refused(reverted, "MemberRegistryQuorumNotAscending", world.relay, act, both[::-1])
    refused(reverted, "MemberRegistryQuorumNotAscending", world.relay, act, [both[0], both[0]])


def test_a_suspended_regulator_and_one_by_an_ended_key_are_no_part_of_a_quorum(world: Any, reverted: Any) -> None:
    first = world.regulators[0]
    act = world.act("MemberStatus", member=world["rival"].id, status=2, reasonDigest=bytes(32))
    voices = world.quorum(act)
    mark = world.chain.snapshot()
    suspension = world.act("MemberStatus", member=first.id, status=2, reasonDigest=bytes(32))
    world.relay(suspension, [world.sign(suspension, regulator) for regulator in world.regulators[1:]])
    refused(reverted, "MemberRegistryNotARegulator", world.relay, act, voices)
    world.chain.revert(mark)
    end = world.act("KeyEnd", keyId=first.key_id, validTo=world.chain.time, compromisedSince=0)
    world.relay(end, world.sign(end, first), [])
    refused(reverted, "MemberRegistryNotARegulator", world.relay, act, voices)


def test_members_that_are_no_regulators_are_no_quorum(world: Any, reverted: Any) -> None:
    act = world.act("MemberStatus", member=world["rival"].id, status=2, reasonDigest=bytes(32))
    others = sorted((world["bank"], world["auditor"]), key=lambda actor: actor.id)
    refused(reverted, "MemberRegistryNotARegulator", world.relay, act, [world.sign(act, who) for who in others])


# --- squatting


def test_a_rival_cannot_enrol_a_key_that_acts_without_that_key(world: Any, reverted: Any, stranger: Any) -> None:
    rival = world["rival"]
    for purpose in (1, 2, 4):
        act = enrolment(world, rival, stranger, purpose, rival.id)
        by_rival = world.sign(act, rival)
        for consent in (by_rival, replace(by_rival, signer=stranger.address)):
            with pytest.raises(reverted):
                world.relay(act, by_rival, consent)
    # nor as a key of a purpose that needs no consent: an address is no key id there
    for purpose in (3, 5, 6, 7):
        act = enrolment(world, rival, stranger, purpose, rival.id)
        refused(
            reverted, "MemberRegistryKeyFormWrong", world.relay, act, world.sign(act, rival), world.sign(act, rival)
        )


def test_consent_to_one_member_is_no_consent_to_another(world: Any, reverted: Any, stranger: Any) -> None:
    ours = enrolment(world, world["enterprise"], stranger, 2, world.GATEWAY)
    theirs = enrolment(world, world["rival"], stranger, 2, world.GATEWAY)
    consent = world.sign(ours, stranger)
    refused(reverted, "RegistrySignatureInvalid", world.relay, theirs, world.sign(theirs, world["rival"]), consent)
    world.relay(ours, world.sign(ours, world["enterprise"]), consent)


def test_a_member_does_not_supersede_or_end_a_key_of_another(world: Any, reverted: Any, stranger: Any) -> None:
    rival = world["rival"]
    act = enrolment(world, rival, stranger, 2, world.GATEWAY, supersedes=world.gateway.key_id)
    refused(
        reverted,
        "MemberRegistrySupersedesForeignKey",
        world.relay,
        act,
        world.sign(act, rival),
        world.sign(act, stranger),
    )
    end = world.act("KeyEnd", keyId=world.gateway.key_id, validTo=world.chain.time, compromisedSince=0)
    refused(reverted, "RegistryNotTheMember", world.relay, end, world.sign(end, rival), [])


# --- meters


def test_a_meter_is_not_taken_out_of_a_period_that_is_over(world: Any, reverted: Any) -> None:
    act = world.enrol_device("meter", installedFrom=world.chain.time - 10)
    installed = act["installedFrom"]
    world.chain.time += 365 * DAY
    enterprise, now = world["enterprise"], world.chain.time
    for at in (installed, now - 200 * DAY, now - 7 * DAY - 1):
        removal = world.act("DeviceRemoval", device=act["device"], removedAt=at, reasonDigest=bytes(32))
        signed = world.sign(removal, enterprise)
        refused(reverted, "DeviceRegistryRemovalOutOfRange", world.relay, removal, signed)
    removal = world.act("DeviceRemoval", device=act["device"], removedAt=now - 7 * DAY, reasonDigest=bytes(32))
    world.relay(removal, world.sign(removal, enterprise))
