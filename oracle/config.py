"""The configuration file of an oracle node, `oracle.toml`: strict, and every error names key, expected and found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from carbonledger import toml
from carbonledger.errors import Malformed, Unknown
from carbonledger.note import VerifierKey
from oracle.admission import ClockLimits
from oracle.witness_client import Witness

FILE_NAME = "oracle.toml"
_ORIGIN = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)+")

_Positive = Annotated[float, Meta(gt=0)]


class HttpSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """The door: where it listens, and how much it takes at once."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8081
    max_body_bytes: Annotated[int, Meta(ge=1024, le=64 << 20)] = 4 << 20
    max_waiting_bytes: Annotated[int, Meta(ge=1024)] = 32 << 20


class ClockSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """How far a reading's time may be from the clock of the node."""

    ahead_s: _Positive = 300
    behind_days: _Positive = 400


class WitnessSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """One witness: submission prefix and verifier keys."""

    url: str
    vkey: str
    eip712_vkey: str = ""
    timeout_s: _Positive = 2


class ChainSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """Where checkpoints are anchored; without `url` nowhere.

    `directory` is the Directory's address (40 hex digits), `key_file` the relayer's secp256k1 secret (64 hex digits, a
    file that only its owner reads; any account may carry an anchor), both below the home unless absolute.
    """

    url: str = ""
    directory: str = ""
    key_file: str = "relayer.key"
    witness_quorum: Annotated[int, Meta(ge=0, le=64)] = 1
    confirmations: Annotated[int, Meta(ge=0, le=1000)] = 0
    poll_s: _Positive = 2


class Settings(Struct, forbid_unknown_fields=True, frozen=True):
    """Everything a node is told. `origin` names the log and is never changed; `chain_id` is of its EIP-712 lines."""

    origin: str
    chain_id: Annotated[int, Meta(ge=1, lt=2**53)]
    checkpoint_interval_s: _Positive = 1
    workers: Annotated[int, Meta(ge=0, le=64)] = 0
    passphrase_file: str = ""
    http: HttpSettings = HttpSettings()
    clock: ClockSettings = ClockSettings()
    chain: ChainSettings = ChainSettings()
    witness: tuple[WitnessSettings, ...] = ()

    @property
    def clock_limits(self) -> ClockLimits:
        """In ms, as the intake asks for them."""
        return ClockLimits(int(self.clock.ahead_s * 1000), int(self.clock.behind_days * 86_400_000))

    def witnesses(self) -> list[Witness]:
        """As the witness client asks for them."""
        return [
            Witness(
                item.url,
                VerifierKey.parse(item.vkey),
                VerifierKey.parse(item.eip712_vkey) if item.eip712_vkey else None,
                item.timeout_s,
            )
            for item in self.witness
        ]


def parse(text: str) -> Settings:
    """The settings of a TOML text; Malformed names the key, what was expected and what was found."""
    found = toml.parse(text, Settings, FILE_NAME)
    check(found)
    return found


def check(settings: Settings) -> None:
    """What the types do not say; Malformed as `parse`."""
    if not _ORIGIN.fullmatch(settings.origin):
        raise Malformed(
            f"{FILE_NAME}, key 'origin'", expected="<gateway domain>/<log name>", found=repr(settings.origin)[:80]
        )
    if not 1 <= settings.chain_id < 2**53:  # built in memory, no type has looked at it
        raise Malformed(f"{FILE_NAME}, key 'chain_id'", expected="`int` >= 1 and < 2**53", found=settings.chain_id)
    if settings.chain.url and not re.fullmatch("[0-9a-f]{40}", settings.chain.directory):
        raise Malformed(
            f"{FILE_NAME}, key 'chain.directory'",
            expected="40 lower-case hex digits",
            found=repr(settings.chain.directory)[:80],
        )
    names: set[str] = set()
    for number, item in enumerate(settings.witness):
        where = f"{FILE_NAME}, key 'witness[{number}]"
        if not item.url.startswith(("http://", "https://")):
            raise Malformed(f"{where}.url'", expected="http://… or https://…", found=repr(item.url)[:80])
        try:
            witness = Settings(settings.origin, settings.chain_id, witness=(item,)).witnesses()[0]
        except (Malformed, Unknown) as error:
            raise Malformed(f"{where}.vkey': {error.message}", expected=error.expected, found=error.found) from error
        if witness.name in names:
            raise Malformed(f"{where}.vkey'", expected="each witness once", found=witness.name)
        names.add(witness.name)


def load(home: Path) -> Settings:
    """The settings of a home; Malformed if there is no file."""
    path = home / FILE_NAME
    try:
        return parse(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise Malformed(
            "the home has no configuration",
            expected=str(path),
            found="no file",
            remedy="Make one with `python -m oracle enrol gateway`",
        ) from error
    except UnicodeDecodeError as error:
        raise Malformed(f"{path} is not text", expected="UTF-8", found=error.reason) from error


def format_toml(settings: Settings) -> str:
    """The TOML text of these settings; `parse` gives them back."""
    lines: list[str] = []
    tables: list[str] = []
    for name, value in msgspec.to_builtins(settings).items():
        if isinstance(value, dict):
            tables += ["", f"[{name}]", *(f"{key} = {_toml(item)}" for key, item in value.items())]
        elif isinstance(value, list | tuple):
            for item in value:
                tables += ["", f"[[{name}]]", *(f"{key} = {_toml(part)}" for key, part in item.items())]
        else:
            lines.append(f"{name} = {_toml(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()  # a JSON string is a TOML basic string
    return str(value)
