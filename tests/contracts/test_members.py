"""Members, keys and the quorum."""

from __future__ import annotations

from typing import Any

import pytest

from carbonledger.records import Record


def refused(world: Any, reverted: Any, error: str, act: Any, *arguments: Any) -> None:
    with pytest.raises(reverted) as caught:
        world.relay(act, *arguments)
    assert caught.value.name == error, str(caught.value)


def admission(world: Any, actor: Any, kinds: int) -> Any:
    return world.act(
        "Admission", member=actor.id, kinds=kinds, province=actor.province, key=actor.address, nameDigest=bytes(32)
    )


def test_a_member_is_admitted_by_the_quorum_and_its_own_key(world: Any, stranger: Any, reverted: Any) -> None:
    act = admission(world, stranger, 2)
    own = world.sign(act, stranger)
    refused(world, reverted, "MemberRegistryQuorumTooSmall", act, own, world.quorum(act, 1))
    refused(world, reverted, "MemberRegistryKeyDidNotSign", act, world.sign(act, world["bank"]), world.quorum(act))
    twice = [world.sign(act, world.regulators[0])] * 2
    refused(world, reverted, "MemberRegistryQuorumNotAscending", act, own, twice)
    outsiders = sorted((world["bank"], world["auditor"]), key=lambda a: a.id)
    refused(world, reverted, "MemberRegistryNotARegulator", act, own, [world.sign(act, a) for a in outsiders])
    done = world.relay(act, own, world.quorum(act))
    names = [type(event).__name__ for event in world.events(done, "MemberRegistry")]
    assert names == ["MemberAdmitted", "KeyEnrolled"]
    member = Record.of(
        "member",
        member=stranger.id,
        kinds=2,
        status=1,
        province=stranger.province,
        since=world.chain.time,
        nameDigest=bytes(32),
    )
    key = Record.of(
        "key",
        keyId=stranger.key_id,
        member=stranger.id,
        purpose=1,
        subject=stranger.id,
        algorithm=3,
        validFrom=world.chain.time,
        validTo=0,
        compromisedSince=0,
    )
    assert world.stored(member) and world.stored(key)


@pytest.mark.parametrize("kinds", [0, 256, 1 | 2, 1 | 8, 2 | 8, 2 | 32, 2 | 64, 2 | 128])
def test_conflicting_kinds_are_refused(world: Any, stranger: Any, reverted: Any, kinds: int) -> None:
    act = admission(world, stranger, kinds)
    refused(world, reverted, "MemberRegistryKindsForbidden", act, world.sign(act, stranger), world.quorum(act))


def test_an_act_done_again_changes_nothing_and_its_reference_cannot_be_used_for_another(
    world: Any, stranger: Any, reverted: Any
) -> None:
    act = admission(world, stranger, 2)
    world.relay(act, world.sign(act, stranger), world.quorum(act))
    assert world.relay(act, world.sign(act, stranger), world.quorum(act)).logs == ()
    assert world.relay(act.with_deadline(1), world.sign(act, stranger), []).logs == ()
    assert world.ask("MemberRegistry", "act_of", bytes(32), act["reference"]) == act.id
    other = world.act("MemberStatus", member=stranger.id, status=2, reasonDigest=bytes(32), reference=act["reference"])
    refused(world, reverted, "RegistryReferenceUsed", other, world.quorum(other))


def test_an_expired_act_is_refused_and_signed_again_under_the_same_id(world: Any, stranger: Any, reverted: Any) -> None:
    act = admission(world, stranger, 2)
    world.chain.time += 3601
    refused(world, reverted, "RegistryActExpired", act, world.sign(act, stranger), world.quorum(act))
    again = act.with_deadline(world.chain.time)
    assert again.id == act.id
    world.relay(again, world.sign(again, stranger), world.quorum(again))


def test_a_suspended_member_does_not_act_until_it_is_admitted_again(world: Any, reverted: Any) -> None:
    enterprise = world["enterprise"]
    assert world.ask("MemberRegistry", "act_key_member", enterprise.address) == enterprise.id
    for status, found in ((2, bytes(32)), (1, enterprise.id), (3, bytes(32))):
        act = world.act("MemberStatus", member=enterprise.id, status=status, reasonDigest=bytes(32))
        world.relay(act, world.quorum(act))
        assert world.ask("MemberRegistry", "act_key_member", enterprise.address) == found
    act = world.act("MemberStatus", member=enterprise.id, status=1, reasonDigest=bytes(32))
    refused(world, reverted, "MemberRegistryStatusUnchangeable", act, world.quorum(act))


def test_regulators_cannot_fall_below_the_threshold(world: Any, reverted: Any) -> None:
    first, second = world.regulators[2], world.regulators[1]
    act = world.act("MemberStatus", member=first.id, status=2, reasonDigest=bytes(32))
    world.relay(act, world.quorum(act))
    assert world.ask("MemberRegistry", "governance").regulators == 2
    act = world.act("MemberStatus", member=second.id, status=2, reasonDigest=bytes(32))
    refused(world, reverted, "MemberRegistryQuorumWouldBeLost", act, world.quorum(act))


def test_a_key_ends_and_a_compromise_reaches_back(world: Any, reverted: Any, nobody: Any) -> None:
    enterprise, gateway, start = world["enterprise"], world.gateway, world.chain.time
    world.chain.time += 100
    end = world.act("KeyEnd", keyId=gateway.key_id, validTo=start + 200, compromisedSince=0)
    world.relay(end, world.sign(end, enterprise), [])
    valid = lambda at: world.ask("MemberRegistry", "key_valid_at", gateway.key_id, at)  # noqa: E731
    assert [valid(start - 1), valid(start), valid(start + 199), valid(start + 200)] == [False, True, True, False]
    later = world.act("KeyEnd", keyId=gateway.key_id, validTo=start + 300, compromisedSince=0)
    refused(world, reverted, "MemberRegistryKeyEndOutOfRange", later, world.sign(later, enterprise), [])
    stolen = world.act("KeyEnd", keyId=gateway.key_id, validTo=start + 150, compromisedSince=start + 50)
    refused(world, reverted, "RegistryNotTheMember", stolen, world.sign(stolen, world["rival"]), [])
    refused(world, reverted, "MemberRegistryQuorumTooSmall", stolen, nobody, [])
    world.relay(stolen, nobody, world.quorum(stolen))
    assert [valid(start + 49), valid(start + 50)] == [True, False]
    key = Record.of(
        "key",
        keyId=gateway.key_id,
        member=enterprise.id,
        purpose=2,
        subject=world.GATEWAY,
        algorithm=3,
        validFrom=start,
        validTo=start + 150,
        compromisedSince=start + 50,
    )
    assert world.stored(key)


def test_a_rotation_ends_the_old_key_where_the_new_one_begins(world: Any, stranger: Any, reverted: Any) -> None:
    world.enrol(
        world["enterprise"],
        stranger,
        2,
        world.GATEWAY,
        supersedes=world.gateway.key_id,
        validFrom=world.chain.time + 50,
    )
    assert world.ask("MemberRegistry", "key_of", world.gateway.key_id).validTo == world.chain.time + 50
    with pytest.raises(reverted) as error:
        world.enrol(world["rival"], world["rival"], 2, world.GATEWAY, keyId=bytes(31) + b"\1")
    assert error.value.name == "MemberRegistryKeyDidNotSign"
    with pytest.raises(reverted) as error:
        world.enrol(world["rival"], stranger, 2, world.GATEWAY)
    assert error.value.name == "MemberRegistryKeyKnown"


def test_a_key_is_never_valid_before_the_block_that_enrols_it(world: Any, stranger: Any) -> None:
    world.enrol(world["enterprise"], stranger, 2, world.GATEWAY, validFrom=1)
    assert world.ask("MemberRegistry", "key_of", stranger.key_id).validFrom == world.chain.time


def test_a_key_of_another_form_than_its_purpose_is_refused(world: Any, stranger: Any, reverted: Any) -> None:
    for changes in ({"algorithm": 1}, {"keyId": b"\1" * 32}, {"purpose": 6}, {"purpose": 8}, {"keyId": bytes(32)}):
        with pytest.raises(reverted) as error:
            world.enrol(world["enterprise"], stranger, 2, world.GATEWAY, **changes)
        assert error.value.name == "MemberRegistryKeyFormWrong"


def test_a_malleable_or_foreign_signature_is_refused(world: Any, stranger: Any, reverted: Any) -> None:
    act = admission(world, stranger, 2)
    good = world.sign(act, stranger)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(good.signature[32:64], "big")
    high = good.signature[:32] + s.to_bytes(32, "big") + bytes([55 - good.signature[64]])
    for bad in (high, good.signature[:64], good.signature + b"\0", bytes(65), good.signature[:64] + b"\1"):
        refused(
            world,
            reverted,
            "RegistrySignatureInvalid",
            act,
            type(good)(good.signer, bad),
            world.quorum(act),
        )


def test_a_member_is_admitted_once_and_under_an_id(world: Any, stranger: Any, reverted: Any) -> None:
    for member, error in (
        (world["bank"].id, "MemberRegistryMemberKnown"),
        (world.regulators[0].id, "MemberRegistryMemberKnown"),
        (bytes(32), "MemberRegistryMemberUnknown"),
    ):
        with pytest.raises(reverted) as caught:
            world.admit(stranger, 2, member=member)
        assert caught.value.name == error


def test_what_was_never_admitted_or_enrolled_is_neither_suspended_nor_ended(
    world: Any, stranger: Any, reverted: Any, nobody: Any
) -> None:
    status = world.act("MemberStatus", member=stranger.id, status=2, reasonDigest=bytes(32))
    refused(world, reverted, "MemberRegistryMemberUnknown", status, world.quorum(status))
    end = world.act("KeyEnd", keyId=stranger.key_id, validTo=world.chain.time, compromisedSince=0)
    refused(world, reverted, "MemberRegistryKeyUnknown", end, world.sign(end, world["bank"]), [])
    refused(world, reverted, "MemberRegistryKeyUnknown", end, nobody, world.quorum(end))
