"""What a reader trusts: a TOML file with chain, logs, witnesses and regulators (docs/formats/policy.md)."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from carbonledger import note
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.evm.evidence import ENGINES, OPERATED, ChainTrust, Engine
from carbonledger.note import VerifierKey

MAX_BYTES: Final = 1 << 20
MAX_KEYS: Final = 1000
_HEX: Final = re.compile(r"[0-9a-f]*")
_SEALED: Final = frozenset({"qbft", "clique"})


@dataclass(frozen=True, slots=True)
class ChainPolicy:
    """One chain: `genesis` 32 bytes, `directory` and `operator` 20, `validators` addresses (of Clique: its signers)."""

    id: int
    genesis: bytes
    directory: bytes
    engine: Engine
    operator: bytes | None = None
    validators: tuple[bytes, ...] = ()

    def trust(self) -> ChainTrust:
        """The same as the judge of seals takes it."""
        clique = self.engine == "clique"
        return ChainTrust(
            self.id,
            self.genesis,
            self.operator,
            () if clique else self.validators,
            self.validators if clique else (),
            self.engine,
        )


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """One log by its origin, and the two keys that sign its checkpoints."""

    origin: str
    ed25519: VerifierKey
    eip712: VerifierKey


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """Keys of witnesses (types 0x04 and 0xff), and how many names must have cosigned."""

    quorum: int
    keys: tuple[VerifierKey, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A table that is left out is None (logs: empty): what needs it stays undecided.

    `regulators` are member ids; the empty set means any regulator that the chain admitted.
    """

    chain: ChainPolicy | None = None
    logs: tuple[LogPolicy, ...] = field(default=())
    witnesses: WitnessPolicy | None = None
    regulators: frozenset[bytes] | None = None

    def log(self, origin: str) -> LogPolicy | None:
        """The log of this origin, None if the policy names none."""
        return next((log for log in self.logs if log.origin == origin), None)

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """From TOML; Malformed names the key, what was expected and what was found."""
        if len(data) > MAX_BYTES:
            raise Malformed("the policy is too long", expected=f"at most {MAX_BYTES} bytes", found=len(data))
        try:
            value = tomllib.loads(data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed("the policy is not TOML", expected="TOML 1.0 in UTF-8", found=str(error)[:200]) from error
        table = _Table("policy", value, {"version"}, {"chain", "log", "witnesses", "regulator"})
        table.integer("version", 1, 1)
        policy = cls(
            _chain(table.table("chain")) if "chain" in value else None,
            _logs(value["log"]) if "log" in value else (),
            _witnesses(table.table("witnesses")) if "witnesses" in value else None,
            _regulators(table.table("regulator")) if "regulator" in value else None,
        )
        names = {log.origin for log in policy.logs}
        if policy.witnesses and (both := names & {key.name for key in policy.witnesses.keys}):
            raise Malformed("policy: a log is its own witness", expected="names of others", found=sorted(both)[0])
        return policy

    def format(self) -> str:
        """TOML that `parse` reads back as the same policy."""
        parts = ["version = 1\n"]
        if self.chain is not None:
            chain = self.chain
            parts.append(
                f"\n[chain]\nid = {chain.id}\ngenesis = {_quoted(chain.genesis.hex())}\n"
                f"directory = {_quoted(chain.directory.hex())}\nengine = {_quoted(chain.engine)}\n"
                + (f"operator = {_quoted(chain.operator.hex())}\n" if chain.operator else "")
                + (f"validators = {_list(v.hex() for v in chain.validators)}\n" if chain.validators else "")
            )
        parts.extend(
            f"\n[[log]]\norigin = {_quoted(log.origin)}\ned25519 = {_quoted(log.ed25519.format())}\n"
            f"eip712 = {_quoted(log.eip712.format())}\n"
            for log in self.logs
        )
        if self.witnesses is not None:
            keys = _list(key.format() for key in self.witnesses.keys)
            parts.append(f"\n[witnesses]\nquorum = {self.witnesses.quorum}\nkeys = {keys}\n")
        if self.regulators is not None:
            parts.append(f"\n[regulator]\nmembers = {_list(sorted(m.hex() for m in self.regulators))}\n")
        return "".join(parts)


class _Table:
    """One table of the file: the keys it may have, and typed reading."""

    def __init__(self, name: str, value: object, required: set[str], optional: set[str] | None = None) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{name} of the policy", expected="a table", found=type(value).__name__)
        known = required | (optional or set())
        unknown, missing = sorted(set(value) - known), sorted(required - set(value))
        if unknown:
            raise Malformed(f"{name}: unknown key", expected=" ".join(sorted(known)), found=repr(unknown[0])[:80])
        if missing:
            raise Malformed(f"{name}: a key is missing", expected=missing[0], found="nothing")
        self.name = name
        self.value: Mapping[str, Any] = value

    def table(self, key: str) -> object:
        return self.value[key]

    def integer(self, key: str, least: int, most: int) -> int:
        value = self.value[key]
        if type(value) is not int or not least <= value <= most:
            raise self._malformed(key, f"a whole number {least} to {most}", value)
        return value

    def text(self, key: str) -> str:
        value = self.value[key]
        if not isinstance(value, str) or not value:
            raise self._malformed(key, "a string", value)
        return value

    def hexadecimal(self, key: str, size: int) -> bytes:
        return self._hexadecimal(key, self.value[key], size)

    def list(self, key: str) -> list[object]:
        value = self.value[key]
        if not isinstance(value, list) or len(value) > MAX_KEYS:
            raise self._malformed(key, f"a list of at most {MAX_KEYS}", value)
        return value

    def hexadecimals(self, key: str, size: int) -> tuple[bytes, ...]:
        found = tuple(self._hexadecimal(key, item, size) for item in self.list(key))
        if len(set(found)) != len(found):
            raise self._malformed(key, "each once", "one twice")
        return found

    def vkey(self, key: str, value: object, types: tuple[int, ...]) -> VerifierKey:
        if not isinstance(value, str):
            raise self._malformed(key, "a verifier key", value)
        try:
            found = VerifierKey.parse(value)
        except CarbonLedgerError as error:
            raise Malformed(f"{self.name}.{key} of the policy: {error}") from error
        if found.type not in types:
            raise self._malformed(key, " or ".join(f"{kind:#04x}" for kind in types), f"type {found.type:#04x}")
        return found

    def _hexadecimal(self, key: str, value: object, size: int) -> bytes:
        if not isinstance(value, str) or len(value) != 2 * size or not _HEX.fullmatch(value):
            raise self._malformed(key, f"{2 * size} lower-case hex digits", value)
        return bytes.fromhex(value)

    def _malformed(self, key: str, expected: str, found: object) -> Malformed:
        return Malformed(f"{self.name}.{key} of the policy", expected=expected, found=repr(found)[:80])


def _chain(value: object) -> ChainPolicy:
    table = _Table("chain", value, {"id", "genesis", "directory", "engine"}, {"operator", "validators"})
    engine = next((name for name in ENGINES if name == table.text("engine")), None)
    if engine is None:
        raise Malformed(
            "chain.engine of the policy", expected=", ".join(ENGINES), found=repr(table.text("engine"))[:80]
        )
    operator = table.hexadecimal("operator", 20) if table.value.get("operator", "") != "" else None
    validators = table.hexadecimals("validators", 20) if "validators" in table.value else ()
    if (operator is not None) != (engine in OPERATED):
        wanted = "an address" if engine in OPERATED else "none"
        raise Malformed(
            f"chain.operator for engine {engine}", expected=wanted, found=operator.hex() if operator else "none"
        )
    if bool(validators) != (engine in _SEALED):
        wanted = "at least one address" if engine in _SEALED else "none"
        raise Malformed(f"chain.validators for engine {engine}", expected=wanted, found=len(validators))
    return ChainPolicy(
        table.integer("id", 1, 2**53 - 1),
        table.hexadecimal("genesis", 32),
        table.hexadecimal("directory", 20),
        engine,
        operator,
        validators,
    )


def _logs(value: object) -> tuple[LogPolicy, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_KEYS:
        raise Malformed("log of the policy", expected="tables [[log]]", found=type(value).__name__)
    logs = tuple(_log(item) for item in value)
    if len({log.origin for log in logs}) != len(logs):
        raise Malformed("log of the policy", expected="each origin once", found="one twice")
    return logs


def _log(value: object) -> LogPolicy:
    table = _Table("log", value, {"origin", "ed25519", "eip712"})
    origin = table.text("origin")
    log = LogPolicy(
        origin,
        table.vkey("ed25519", table.value["ed25519"], (note.ED25519,)),
        table.vkey("eip712", table.value["eip712"], (note.EIP712,)),
    )
    for key in (log.ed25519, log.eip712):
        if key.name != origin:
            raise Malformed("name of a log's key in the policy", expected=origin, found=key.name)
    return log


def _witnesses(value: object) -> WitnessPolicy:
    table = _Table("witnesses", value, {"quorum", "keys"})
    keys = tuple(table.vkey("keys", item, (note.COSIGNATURE, note.EIP712)) for item in table.list("keys"))
    if len({(key.name, key.key_hash) for key in keys}) != len(keys):
        raise Malformed("witnesses.keys of the policy", expected="each key once", found="one twice")
    return WitnessPolicy(table.integer("quorum", 0, len({key.name for key in keys})), keys)


def _regulators(value: object) -> frozenset[bytes]:
    return frozenset(_Table("regulator", value, {"members"}).hexadecimals("members", 32))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(items: Any) -> str:
    return "[" + ", ".join(_quoted(item) for item in items) + "]"
