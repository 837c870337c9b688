"""Settings of the service, and the file `api.toml` from which `python -m api` reads them."""

from __future__ import annotations

import hashlib
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from api.hooks import Hooks
from carbonledger.errors import Malformed
from carbonledger.identifiers import member_id, object_id
from carbonledger.policy import Policy

FILE_NAME: Final = "api.toml"
MAX_CONFIG_BYTES: Final = 1 << 20


def wall_clock() -> int:
    """Seconds of Unix time."""
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Name:
    """What a member is called. The chain holds digests only: a name is shown with whether it is the one admitted."""

    credit_code: str
    zh: str
    en: str

    @property
    def id(self) -> str:
        """Id of the member (hex)."""
        return member_id(self.credit_code).hex()

    def is_of(self, name_digest: str) -> bool:
        """Whether the digest that the chain holds is that of the Chinese name."""
        return hashlib.sha256(self.zh.encode()).hexdigest() == name_digest


@dataclass(frozen=True)
class Settings:
    """What the application is told.

    `policy`: the TOML that this node suggests to its readers. `public_url`: scheme and host under which it is
    reached, for addresses on paper; where it is empty a paper has the address that its reader asked. `mirrors`:
    origin of a log → folder with its tiles and `checkpoint`. `names`: member id (hex) → name. `rate`, `keyed_rate`:
    requests that a reader without and with a key may make, in the notation of `limits`. `pact_https`: `/3` answers
    nothing over plain HTTP, as PACT asks (the proxy that ends TLS says so in X-Forwarded-Proto). `takes_orders`: an
    exchange runs on this database. `hooks`: what webhooks need, None where none are sent. `clock` is the ledger's,
    which may be replayed; `wall` is for what goes to others and comes
    back. Sizes in bytes, times in seconds.
    """

    policy: bytes | None = None
    public_url: str = ""
    mirrors: Mapping[str, Path] = field(default_factory=dict)
    names: Mapping[str, Name] = field(default_factory=dict)
    rate: str = "600/minute"
    keyed_rate: str = "3000/minute"
    max_body_bytes: int = 16 << 20
    poll_interval_s: float = 1.0
    stream_s: float = 3600.0
    head_age_alarm_s: int = 3600
    pact_https: bool = False
    version: str = "0.1.0"
    takes_orders: bool = False
    hooks: Hooks | None = None
    clock: Callable[[], int] = wall_clock
    wall: Callable[[], int] = wall_clock

    def __post_init__(self) -> None:
        if self.policy is not None:
            Policy.parse(self.policy)
        for identifier, name in self.names.items():
            if name.id != identifier:
                raise Malformed("name of a member", expected=f"the credit code of {identifier}", found=name.credit_code)

    def mirror_of(self, log_id: str) -> tuple[str, Path] | None:
        """Origin and folder of the log with this id (hex); None where it is not mirrored here."""
        return next(((o, folder) for o, folder in self.mirrors.items() if object_id(o).hex() == log_id), None)


_Text = Annotated[str, Meta(min_length=1, max_length=4096)]


class ChainTable(Struct, forbid_unknown_fields=True, frozen=True):
    """The chain that acts are relayed to: `url` http(s), `home` for the outbox, `key_file` the relayer's secret hex."""

    url: _Text
    home: _Text = "api-chain"
    key_file: str = ""


class MemberTable(Struct, forbid_unknown_fields=True, frozen=True):
    """A member's name."""

    credit_code: _Text
    zh: _Text
    en: _Text


class MirrorTable(Struct, forbid_unknown_fields=True, frozen=True):
    """A log whose files lie in a folder."""

    origin: _Text
    folder: _Text


class RecipientTable(Struct, forbid_unknown_fields=True, frozen=True):
    """The other side's PACT node: `url` before `/3/events`; `token_url` where it is not `url`/3/auth/token.

    `secret_file` holds the client's secret; loopback addresses may be plain HTTP.
    """

    member: _Text
    url: _Text
    client_id: _Text
    secret_file: _Text
    token_url: str = ""


class WebhooksTable(Struct, forbid_unknown_fields=True, frozen=True):
    """Webhooks: a file of 64 hex digits from which all their secrets follow, and private networks posted into."""

    secret_file: _Text
    networks: tuple[_Text, ...] = ()


class Config(Struct, forbid_unknown_fields=True, frozen=True):
    """The file. Paths are relative to its folder."""

    database: _Text = "sqlite:///ledger.db"
    host: _Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    policy: str = ""
    public_url: Annotated[str, Meta(pattern=r"^(https?://[A-Za-z0-9.\[\]:-]+)?\Z", max_length=300)] = ""
    rate: _Text = "600/minute"
    keyed_rate: _Text = "3000/minute"
    max_body_bytes: Annotated[int, Meta(ge=1024, le=1 << 30)] = 16 << 20
    head_age_alarm_s: Annotated[int, Meta(ge=1)] = 3600
    takes_orders: bool = False
    chain: ChainTable | None = None
    log: tuple[MirrorTable, ...] = ()
    member: tuple[MemberTable, ...] = ()
    pact_https: bool = False
    pact_recipient: tuple[RecipientTable, ...] = ()
    webhooks: WebhooksTable | None = None

    def settings(self, folder: Path) -> Settings:
        """The application's settings; Malformed for a policy, a credit code or a secret that is none."""
        hooks = self.webhooks
        names = [Name(row.credit_code, row.zh, row.en) for row in self.member]
        return Settings(
            policy=_policy(folder / self.policy) if self.policy else None,
            public_url=self.public_url,
            mirrors={row.origin: folder / row.folder for row in self.log},
            names={name.id: name for name in names},
            rate=self.rate,
            keyed_rate=self.keyed_rate,
            max_body_bytes=self.max_body_bytes,
            head_age_alarm_s=self.head_age_alarm_s,
            pact_https=self.pact_https,
            takes_orders=self.takes_orders,
            hooks=None if hooks is None else Hooks.of(folder / hooks.secret_file, hooks.networks),
        )

    def database_in(self, folder: Path) -> str:
        """The database's URL, a relative SQLite path taken from the folder of the file."""
        prefix = "sqlite:///"
        if not self.database.startswith(prefix) or self.database.startswith(prefix + "/"):
            return self.database
        return f"{prefix}{(folder / self.database.removeprefix(prefix)).resolve()}"


def _policy(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Malformed("policy of the API", expected=f"a file {path}", found=error.strerror) from error


def load(path: Path) -> Config:
    """Read a file; Malformed names key, expected and found."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_CONFIG_BYTES:
            raise Malformed(f"{path} is too long", expected=f"at most {MAX_CONFIG_BYTES} bytes", found=len(raw))
        return msgspec.convert(tomllib.loads(raw.decode("utf-8")), Config)
    except OSError as error:
        raise Malformed("the API has no configuration", expected=f"a file {path}", found=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{path} is not TOML", expected="TOML 1.0 in UTF-8", found=str(error)[:200]) from error
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        if reason.startswith("Object contains unknown field"):
            reason = f"only known keys, got {reason.partition('`')[2].rstrip('`')}"
        expected, _, found = reason.removeprefix("Expected ").partition(", got ")
        raise Malformed(
            f"{path}, key {place.strip('`.') or '(top)'}", expected=expected, found=found or None
        ) from error
