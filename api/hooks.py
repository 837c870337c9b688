"""What a node needs to send webhooks. A webhook's keys follow from the node's secret, so that none is kept anywhere."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from api.outside import Network
from carbonledger.errors import Malformed
from carbonledger.keys import PrivateKey
from carbonledger.webhook import SharedSecret, SigningKey
from ledger_node.commands.keyfile import read_secret_file
from ledger_node.queries.webhooks import Webhook

MASTER_BYTES: Final = 32


@dataclass(frozen=True)
class Hooks:
    """The node's secret, 32 bytes, and the private networks that it may post into."""

    master: bytes = field(repr=False)
    networks: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        if len(self.master) != MASTER_BYTES:
            raise Malformed("secret of the webhooks", expected=f"{MASTER_BYTES} bytes", found=len(self.master))

    def secret(self, identifier: str, generation: int) -> SharedSecret:
        """The key of `v1` of one webhook."""
        return SharedSecret(self._derived("v1", identifier, generation))

    def key(self, identifier: str, generation: int) -> PrivateKey:
        """The key of `v1a` of one webhook."""
        return PrivateKey("ed25519", self._derived("v1a", identifier, generation))

    def signing(self, one: Webhook, now: int) -> list[SigningKey]:
        """All keys that sign now: also those of the generation before, while they overlap."""
        generations = [one.generation, *([one.generation - 1] if now < one.previous_until else [])]
        return [key for g in generations for key in (self.secret(one.id, g), self.key(one.id, g))]

    def _derived(self, what: str, identifier: str, generation: int) -> bytes:
        content = f"carbonledger/webhook/v1\0{what}\0{identifier}\0{generation}"
        return hmac.digest(self.master, content.encode(), hashlib.sha256)

    @classmethod
    def of(cls, secret_file: Path, networks: Sequence[str]) -> Hooks:
        """From the configuration: a file of 64 hex digits, networks such as 10.0.0.0/8."""
        raw = read_secret_file(secret_file)
        try:
            master = bytes.fromhex(raw.decode("ascii").strip())
        except ValueError as error:
            raise _no_secret(secret_file) from error
        try:
            return cls(master, tuple(ipaddress.ip_network(one) for one in networks))
        except ValueError as error:
            raise Malformed("webhooks.networks", expected="networks such as 10.0.0.0/8", found=str(error)) from error


def _no_secret(file: Path) -> Malformed:
    return Malformed(
        "secret of the webhooks",
        expected=f"64 hex digits in {file.name}",
        found="something else",
        remedy="Make one: openssl rand -hex 32",
    )
