"""Devices: owned, calibrated, removed, replaced; a unit's list leaves none out."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from carbonledger.records import Record, chain_of


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def record_of(act: Any, **changes: Any) -> Record:
    values = {name: value for name, value in act.values.items() if name not in ("reference", "deadline")}
    return Record.of("device", **(values | {"removedAt": 0} | changes))


def test_units_and_their_devices_are_listed_in_chains(world: Any) -> None:
    member = world["enterprise"].id
    acts = [world.enrol_device(f"meter {i}", unit=sha(f"unit {i // 2}")) for i in range(4)]
    assert all(world.stored(record_of(act)) for act in acts)
    for number in range(2):
        devices = [sha(f"meter {i}") for i in range(4) if i // 2 == number]
        unit = Record.of("unit", unit=sha(f"unit {number}"), member=member, count=2, chain=chain_of(devices))
        assert world.stored(unit)
    units = Record.of("units", member=member, count=2, chain=chain_of([sha("unit 0"), sha("unit 1")]))
    assert world.stored(units)


def test_a_device_is_calibrated_again_removed_and_replaced(world: Any, reverted: Any) -> None:
    enterprise, old = world["enterprise"], world.enrol_device("old meter")
    now, later = world.chain.time, old["calibrationTo"] + 1000
    act = world.act("Calibration", device=old["device"], certificate=sha("second"), calibratedAt=now, validTo=later)
    world.relay(act, world.sign(act, enterprise))
    assert world.stored(record_of(old, calibration=sha("second"), calibrationTo=later))
    with pytest.raises(reverted) as caught:
        world.enrol_device("new meter", replaces=old["device"])
    assert caught.value.name == "DeviceRegistryReplacementRefused"
    removal = world.act("DeviceRemoval", device=old["device"], removedAt=now, reasonDigest=sha("worn"))
    world.relay(removal, world.sign(removal, enterprise))
    assert world.stored(record_of(old, calibration=sha("second"), calibrationTo=later, removedAt=now))
    world.enrol_device("new meter", replaces=old["device"], installedFrom=now)
    with pytest.raises(reverted) as caught:
        world.enrol_device("third meter", replaces=old["device"], installedFrom=now)
    assert caught.value.name == "DeviceRegistryReplacementRefused"
    for again, error in (
        (
            world.act("DeviceRemoval", device=old["device"], removedAt=now, reasonDigest=sha("again")),
            "DeviceRegistryDeviceRemoved",
        ),
        (
            world.act("Calibration", device=old["device"], certificate=sha("x"), calibratedAt=now, validTo=later + 1),
            "DeviceRegistryDeviceRemoved",
        ),
        (
            world.act("DeviceRemoval", device=sha("none"), removedAt=now, reasonDigest=sha("again")),
            "DeviceRegistryDeviceUnknown",
        ),
    ):
        with pytest.raises(reverted) as caught:
            world.relay(again, world.sign(again, enterprise))
        assert caught.value.name == error


def test_what_does_not_fit_is_refused_by_name(world: Any, reverted: Any) -> None:
    world.enrol_device("meter")
    now = world.chain.time
    key = sha("device key")
    act = world.act(
        "KeyEnrolment",
        keyId=key,
        member=world["enterprise"].id,
        purpose=6,
        subject=sha("other meter"),
        algorithm=1,
        validFrom=now,
        supersedes=bytes(32),
    )
    signed = world.sign(act, world["enterprise"])
    world.relay(act, signed, signed)
    for name, changes, error in (
        ("meter", {}, "DeviceRegistryDeviceKnown"),
        ("b", {"kind": 6}, "DeviceRegistryFieldOutOfRange"),
        ("b", {"kind": 0}, "DeviceRegistryFieldOutOfRange"),
        ("b", {"measure": 5}, "DeviceRegistryFieldOutOfRange"),
        ("b", {"registerType": 3}, "DeviceRegistryFieldOutOfRange"),
        ("b", {"ratedMax": 0}, "DeviceRegistryFieldOutOfRange"),
        ("b", {"unit": bytes(32)}, "DeviceRegistryFieldOutOfRange"),
        ("b", {"device": bytes(32)}, "DeviceRegistryFieldOutOfRange"),
        ("b", {"calibrationTo": now}, "DeviceRegistryCalibrationExpired"),
        ("b", {"keyId": key}, "DeviceRegistryKeyForeign"),
        ("b", {"keyId": sha("nothing")}, "DeviceRegistryKeyForeign"),
        ("b", {"replaces": sha("nothing")}, "DeviceRegistryReplacementRefused"),
    ):
        with pytest.raises(reverted) as caught:
            world.enrol_device(name, **changes)
        assert caught.value.name == error
    world.enrol_device("other meter", keyId=key)
    foreign = world.device("c", member=world["rival"].id)
    with pytest.raises(reverted) as caught:
        world.relay(foreign, world.sign(foreign, world["rival"]))
    assert caught.value.name == "DeviceRegistryUnitForeign"
    for at, to in ((now + 5, now + 10**9), (now, now), (now, now + 1)):
        act = world.act("Calibration", device=sha("meter"), certificate=sha("x"), calibratedAt=at, validTo=to)
        with pytest.raises(reverted) as caught:
            world.relay(act, world.sign(act, world["enterprise"]))
        assert caught.value.name == "DeviceRegistryCalibrationOutOfRange"
    for at in (0, now + 5, now - 11):
        act = world.act("DeviceRemoval", device=sha("meter"), removedAt=at, reasonDigest=sha("x"))
        with pytest.raises(reverted) as caught:
            world.relay(act, world.sign(act, world["enterprise"]))
        assert caught.value.name == "DeviceRegistryRemovalOutOfRange"
