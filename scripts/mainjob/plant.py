"""Enrol the enterprise's gateway, log and meter, and the bank's witness, on the chain and in the oracle node."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from carbonledger.acts import Act, Signed, address_key_id, sign_with
from carbonledger.identifiers import object_id
from carbonledger.keys import PrivateKey
from carbonledger.note import COSIGNATURE, EIP712, VerifierKey
from oracle import enrolment
from oracle.filing import MeterPoint
from oracle.meter import Meter, seeded_nonces
from oracle.node import OracleNode
from scripts.mainjob.cast import Member, secret
from scripts.mainjob.consortium import reference
from scripts.mainjob.relay import Relay

GATEWAY: Final = "gateway.demo-steel.example"
ORIGIN: Final = f"{GATEWAY}/readings"
METER: Final = "88.608.130100/METER-0001"
UNIT: Final = "88.608.130100/PLANT-1"
WITNESS: Final = "witness.demo-bank.example/w1"
LINE: Final = "electricity-purchased"
POINTS: Final = (MeterPoint(METER, UNIT, LINE),)
WITNESS_QUORUM: Final = 1
ACCURACY_CLASS: Final = 50  # class 0.5S
CALIBRATION_YEARS: Final = 4
PURPOSE_GATEWAY, PURPOSE_NOTE, PURPOSE_WITNESS, PURPOSE_WITNESS_NOTE, PURPOSE_DEVICE = 2, 3, 4, 5, 6
NOBODY: Final = Signed(bytes(20), b"")
NONE: Final = bytes(32)


@dataclass(frozen=True)
class WitnessKeys:
    """The two keys by which the bank's witness cosigns."""

    note: PrivateKey
    chain: PrivateKey

    @property
    def vkey(self) -> VerifierKey:
        return VerifierKey(WITNESS, COSIGNATURE, self.note.public)

    @property
    def eip712_vkey(self) -> VerifierKey:
        return VerifierKey(WITNESS, EIP712, self.chain.public)


def witness_keys(folder: Path) -> WitnessKeys:
    """The witness's keys, made on first use."""
    return WitnessKeys(
        PrivateKey.from_seed("ed25519", secret(folder / "witness-note.key")),
        PrivateKey.from_seed("es256k", secret(folder / "witness-chain.key")),
    )


def new_meter(folder: Path, register: int) -> Meter:
    """The simulated meter before its commissioning entry; the same key and nonces on every start."""
    seed = secret(folder / "meter.key")
    nonces = seeded_nonces(hashlib.sha256(b"nonces" + seed).digest())
    return Meter(METER, PrivateKey.from_seed("ed25519", seed), nonces, register)


def enrol_in_node(node: OracleNode, meter: Meter, rated_power_w: int, step_s: int, calibration_to: int) -> None:
    """Name gateway and meter in the oracle node, with the limits by which readings are flagged."""
    enrolment.enrol_gateway(node, GATEWAY)
    profile = {
        "rated_max": rated_power_w,
        "interval_ms": step_s * 1000,
        "calibration_to_ms": calibration_to * 1000,
    }
    enrolment.enrol_device(node, METER, meter.key.public.data, profile=profile)


def enrol_on_chain(
    relay: Relay, node: OracleNode, meter: Meter, keys: WitnessKeys, cast: Mapping[str, Member], rated_power_w: int,
    calibration_to: int,
) -> None:  # fmt: skip
    """Keys, log, device: each an act of its owner."""
    enterprise, bank = cast["enterprise"], cast["bank"]
    gateway = object_id(GATEWAY)
    log_keys = node.identity.log_keys(node.origin, relay.chain.chain_id)
    _key(relay, enterprise, PURPOSE_GATEWAY, gateway, log_keys.chain)
    _key(relay, enterprise, PURPOSE_NOTE, gateway, log_keys.note)
    _key(relay, enterprise, PURPOSE_DEVICE, object_id(METER), meter.key)
    _key(relay, bank, PURPOSE_WITNESS, object_id(WITNESS), keys.chain)
    _key(relay, bank, PURPOSE_WITNESS_NOTE, object_id(WITNESS), keys.note)
    relay.settle()

    def log() -> tuple[Act, Sequence[Any]]:
        act = Act(
            "LogRegistration",
            origin=node.origin,
            member=enterprise.id,
            gateway=gateway,
            witnessQuorum=WITNESS_QUORUM,
            reference=reference("log", object_id(node.origin)),
            deadline=relay.deadline(),
        )
        return act, (relay.sign(act, enterprise),)

    def device() -> tuple[Act, Sequence[Any]]:
        signer = next(signer for signer in node.devices() if signer.identifier == METER)
        act = Act(
            "DeviceEnrolment",
            device=object_id(METER),
            member=enterprise.id,
            unit=object_id(UNIT),
            kind=1,
            keyId=meter.key.public.key_id,
            saltDigest=hashlib.sha256(signer.salt).digest(),
            measure=1,
            registerType=1,
            ratedMax=rated_power_w,
            accuracyClass=ACCURACY_CLASS,
            modulus=0,
            calibration=hashlib.sha256(b"demonstration calibration certificate 2024-0001").digest(),
            calibrationTo=calibration_to,
            installedFrom=relay.clock.now(),
            replaces=NONE,
            reference=reference("device", object_id(METER)),
            deadline=relay.deadline(),
        )
        return act, (relay.sign(act, enterprise),)

    relay.put("log", log)
    relay.put("device", device)
    relay.settle()


def _key(relay: Relay, member: Member, purpose: int, subject: bytes, key: PrivateKey) -> None:
    public = key.public
    acting = public.algorithm == "es256k"
    key_id = address_key_id(public.address) if acting else public.key_id

    def enrolment() -> tuple[Act, Sequence[Any]]:
        act = Act(
            "KeyEnrolment",
            keyId=key_id,
            member=member.id,
            purpose=purpose,
            subject=subject,
            algorithm=public.number,
            validFrom=0,
            supersedes=NONE,
            reference=reference("key", key_id, bytes([purpose])),
            deadline=relay.deadline(),
        )
        own: Callable[[], Signed] = lambda: sign_with(act.digest(relay.domain), key.seed)  # noqa: E731
        return act, (relay.sign(act, member), own() if acting else NOBODY)

    relay.put(f"key/{key_id.hex()}", enrolment)
