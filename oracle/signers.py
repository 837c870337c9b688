"""Who may sign entries of the log: devices, the gateway and persons, with their keys and salts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from carbonledger import entry
from carbonledger.errors import Refused
from carbonledger.keys import PublicKey

Role = Literal["device", "gateway", "person"]
RegisterType = Literal["register", "interval"]

KINDS_OF_ROLE: dict[str, frozenset[str]] = {
    "device": frozenset(entry.MEASURED_KINDS),
    "gateway": frozenset({"gap", "manifest", "key", "document", "manual"}),
    "person": frozenset({"document", "manual"}),
}


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A public key of a signer, good for its sequences from `from_sequence` until the next key's."""

    key_id: bytes
    algorithm: str
    public: bytes
    from_sequence: int = 0
    short_id: bytes = b""

    @classmethod
    def of(cls, algorithm: str, public: bytes, from_sequence: int = 0) -> SignerKey:
        """The key with its ids; raises as `PublicKey` does if it may not be used."""
        key = PublicKey(algorithm, public)
        return cls(key.key_id, algorithm, public, from_sequence, key.short_id)


@dataclass(frozen=True, slots=True)
class Signer:
    """One signer. `unit` and `register_type` are of devices; `profile` holds the limits to judge by."""

    number: int
    identifier: str
    role: Role
    salt: bytes
    keys: tuple[SignerKey, ...] = ()
    unit: str | None = None
    register_type: RegisterType | None = None
    profile: dict[str, Any] = field(default_factory=dict)
    removed_ms: int | None = None

    @property
    def pseudonym(self) -> str:
        """The leaf's `d`."""
        return entry.pseudonym(self.salt, self.identifier)

    @property
    def current_key(self) -> SignerKey | None:
        """The key of the highest sequences; None before enrolment is complete."""
        return max(self.keys, key=lambda key: key.from_sequence, default=None)

    def key_for(self, sequence: int) -> SignerKey | None:
        """The key that signs entry `sequence` of this signer."""
        if len(self.keys) == 1:  # nearly always, and asked for every envelope
            key = self.keys[0]
            return key if key.from_sequence <= sequence else None
        good = [key for key in self.keys if key.from_sequence <= sequence]
        return max(good, key=lambda key: key.from_sequence, default=None)

    def require_same(
        self, role: Role, public: bytes, algorithm: str, unit: str | None, kind: RegisterType | None, salt: bytes | None
    ) -> None:
        """Refused, naming what differs, unless these are the particulars of this signer; a salt of None is any."""
        key = self.current_key
        held = (self.role, key and key.public.hex(), key and key.algorithm, self.unit, self.register_type, self.salt)
        given = (role, public.hex(), algorithm, unit, kind, self.salt if salt is None else salt)
        names = ("role", "public key", "algorithm", "unit", "register type", "salt")
        differ = [place for place, name in enumerate(names) if held[place] != given[place]]
        if differ:
            told = [names[place] for place in differ]
            raise Refused(
                f"{self.identifier} is enrolled with another {' and '.join(told)}",
                # a salt is a secret: that it differs is enough
                expected=", ".join(str(held[place]) for place in differ if names[place] != "salt") or "the salt it has",
                found=", ".join(str(given[place]) for place in differ if names[place] != "salt") or "another",
            )


class Directory:
    """All signers of one log, by identifier; what the checks at the door ask."""

    def __init__(self, signers: Iterable[Signer] = (), secret: bytes = b"") -> None:
        self.by_identifier = {signer.identifier: signer for signer in signers}
        self.secret = secret

    @property
    def signers(self) -> list[Signer]:
        """In order of enrolment."""
        return sorted(self.by_identifier.values(), key=lambda signer: signer.number)

    @property
    def gateway(self) -> Signer | None:
        """The gateway, once enrolled."""
        return next((signer for signer in self.by_identifier.values() if signer.role == "gateway"), None)

    def put(self, signer: Signer) -> None:
        """Adds or replaces a signer."""
        self.by_identifier[signer.identifier] = signer
