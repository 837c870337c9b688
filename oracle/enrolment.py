"""Who may sign the entries of a node's log: enrolment, the change of a key, removal.

The same enrolment again is quiet; another one under an identifier that is taken is Refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from carbonledger import entry
from carbonledger.errors import Malformed, Refused
from oracle.flags import Limits
from oracle.node import OracleNode
from oracle.signers import RegisterType, Role, Signer, SignerKey


def enrol_gateway(node: OracleNode, identifier: str) -> Signer:
    """Names the gateway whose key signs gap, manifest and key entries."""
    with node.lock:
        existing = node.directory.gateway
        if existing is not None:
            if existing.identifier != identifier:
                raise Refused("this node has a gateway", expected=existing.identifier, found=identifier)
            return existing
        return _enrol(node, identifier, "gateway", node.identity.gateway.public.data, "ed25519")


def enrol_device(
    node: OracleNode,
    identifier: str,
    public: bytes,
    *,
    algorithm: str = "ed25519",
    unit: str = "Wh",
    register_type: RegisterType = "register",
    profile: dict[str, Any] | None = None,
    salt: bytes | None = None,
) -> Signer:
    """Enrols a meter and its key.

    `profile` holds the limits of `oracle.flags.Limits`; `salt` (16 bytes) is drawn unless given.
    """
    if unit not in entry.UNITS:
        raise Malformed("unit of a device", expected=" or ".join(entry.UNITS), found=repr(unit))
    if register_type not in ("register", "interval"):
        raise Malformed("register type of a device", expected="register or interval", found=repr(register_type))
    Limits.of(profile or {})  # a bad one would be found at the end of the month, and could not be changed
    with node.lock:
        node.require_gateway(identifier)
        return _enrol(node, identifier, "device", public, algorithm, unit, register_type, profile, salt)


def enrol_person(node: OracleNode, identifier: str, public: bytes, algorithm: str = "ed25519") -> Signer:
    """Enrols a person (or system) that signs documents and manual values."""
    with node.lock:
        return _enrol(node, identifier, "person", public, algorithm)


def rotate_key(
    node: OracleNode, identifier: str, public: bytes, from_sequence: int, algorithm: str = "ed25519"
) -> Signer:
    """From this sequence on the signer signs with another key; Refused if a later entry is in the log already."""
    with node.lock:
        signer = node.signer(identifier)
        head = node.head(signer)
        if signer.role == "gateway" or from_sequence <= (head.sequence if head else -1):
            raise Refused(
                f"the key of {identifier} cannot change there",
                expected="a device or person, above the highest sequence in the log",
                found=f"{signer.role}, sequence {from_sequence}",
            )
        old = signer.current_key
        key = _new_key(node, public, algorithm, from_sequence)
        changed = replace(signer, keys=(*signer.keys, key))
        node.enrol(changed, key, old)
        return changed


def remove_device(node: OracleNode, identifier: str, removed_ms: int) -> Signer:
    """Readings with a later time are refused from now on."""
    with node.lock:
        changed = replace(node.signer(identifier), removed_ms=removed_ms)
        node.amend(changed)
        return changed


def _enrol(
    node: OracleNode,
    identifier: str,
    role: Role,
    public: bytes,
    algorithm: str,
    unit: str | None = None,
    register_type: RegisterType | None = None,
    profile: dict[str, Any] | None = None,
    salt: bytes | None = None,
) -> Signer:
    if not 1 <= len(identifier) <= 200 or not identifier.isascii() or not identifier.isprintable():
        raise Malformed("identifier", expected="1 to 200 printable ASCII characters", found=repr(identifier)[:80])
    existing = node.directory.by_identifier.get(identifier)
    if existing is not None:
        existing.require_same(role, public, algorithm, unit, register_type, salt)
        return existing
    if salt is None:
        salt = node.draw(16) if role == "device" else entry.derived_device_salt(node.identity.secret, identifier)
    if len(salt) != 16:
        raise Malformed("salt of a device", expected="16 bytes", found=len(salt))
    key = _new_key(node, public, algorithm, 0)
    number = 1 + max((signer.number for signer in node.directory.signers), default=0)
    signer = Signer(number, identifier, role, salt, (key,), unit, register_type, dict(profile or {}))
    node.enrol(signer, key, None)
    return signer


def _new_key(node: OracleNode, public: bytes, algorithm: str, from_sequence: int) -> SignerKey:
    key = SignerKey.of(algorithm, public, from_sequence)
    for other in node.directory.signers:
        if any(key.short_id == known.short_id for known in other.keys):
            raise Refused("this key is enrolled already", expected="one key for one signer", found=other.identifier)
    return key
