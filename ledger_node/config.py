"""The configuration file of a ledger node, `ledger_node.toml`: strict, and errors name key, expected and found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from carbonledger import toml
from carbonledger.credential.did import did_of
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.identifiers import check_credit_code
from carbonledger.note import COSIGNATURE, ED25519, EIP712, VerifierKey
from ledger_node.alerts.mail import MailTable
from ledger_node.credentials.claims import VALIDITY_DAYS
from ledger_node.credentials.issuer import LIST_DAYS

FILE_NAME: Final = "ledger_node.toml"
MAX_BYTES: Final = 1 << 20

_Positive = Annotated[float, Meta(gt=0, le=86_400)]
_Address = Annotated[str, Meta(pattern="^[0-9a-f]{40}$")]
_Text = Annotated[str, Meta(min_length=1, max_length=4096)]


class ChainSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """The chain that is followed: its URL, where an engine of our own keeps its files, the Directory's address."""

    url: _Text
    directory: _Address
    home: _Text = "chain"

    @property
    def address(self) -> bytes:
        """The Directory's address, 20 bytes."""
        return bytes.fromhex(self.directory)


class HttpSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """Where health and metrics, and the witness if there is one, listen; port 0 takes a free one."""

    host: _Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8082


class LogSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """A log that may ask for cosignatures: its origin and its verifier keys."""

    origin: _Text
    keys: Annotated[tuple[str, ...], Meta(min_length=1, max_length=100)]

    def verifier_keys(self) -> tuple[VerifierKey, ...]:
        """The keys, parsed."""
        return tuple(VerifierKey.parse(text) for text in self.keys)


class WitnessSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """The witness of this node: its name, the files of its keys, the logs it knows.

    `note_key` is an Ed25519 key (PKCS#8 PEM), `chain_key` a secp256k1 key (keystore v3) for lines that contracts
    check; both are encrypted under the one line of `passphrase_file`.
    """

    name: _Text
    note_key: _Text
    passphrase_file: _Text
    chain_key: str = ""
    store: _Text = "witness.db"
    log: tuple[LogSettings, ...] = ()


class ExchangeSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """The exchange that this node runs: its member, by credit code or id; its act key, and the account that carries
    its batches.

    Keys are keystores v3 under the one line of `passphrase_file`, or 64 hex digits; `outbox` is a file.
    """

    member: Annotated[str, Meta(pattern="^([0-9A-Z]{18}|[0-9a-f]{64})$")]
    key: _Text
    sender_key: _Text
    passphrase_file: str = ""
    outbox: _Text = "exchange.db"


class AssessorSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """The assessor that this node is: a regulator's act key, and the account that carries its acts.

    Keys are keystores v3 under the one line of `passphrase_file`, or 64 hex digits; `outbox` is a file.
    """

    key: _Text
    sender_key: _Text
    passphrase_file: str = ""
    outbox: _Text = "assessor.db"


class CredentialSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """Who issues certificates here: the origin of the API that serves them, and an Ed25519 key (PKCS#8 PEM).

    `former`: origins under which was issued before; they keep answering until what was issued there has lapsed.

    The key is encrypted under the one line of `passphrase_file`. `validity_days`: after the end of the quarter that
    follows the certified one. `list_days`: how long a signed status list may be used.
    """

    base_url: _Text
    key: _Text
    passphrase_file: _Text
    validity_days: Annotated[int, Meta(ge=0, le=3660)] = VALIDITY_DAYS
    list_days: Annotated[int, Meta(ge=2, le=366)] = LIST_DAYS
    former: Annotated[tuple[_Text, ...], Meta(max_length=100)] = ()


class Settings(Struct, forbid_unknown_fields=True, frozen=True):
    """Everything a ledger node is told. Paths are relative to the folder of the file; times in seconds."""

    chain: ChainSettings
    database: _Text = "sqlite:///ledger.db"
    poll_interval_s: _Positive = 1
    head_age_alarm_s: _Positive = 60
    http: HttpSettings = HttpSettings()
    witness: WitnessSettings | None = None
    exchange: ExchangeSettings | None = None
    assessor: AssessorSettings | None = None
    mail: MailTable | None = None
    credentials: CredentialSettings | None = None


def parse(text: str) -> Settings:
    """The settings of a TOML text; Malformed names the key, what was expected and what was found."""
    found = toml.parse(text, Settings, FILE_NAME)
    _check(found)
    return found


def load(path: Path) -> Settings:
    """The settings of a file, with paths made absolute; Malformed if there is none or it is not UTF-8."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise Malformed(f"{path} is too long", expected=f"at most {MAX_BYTES} bytes", found=len(raw))
        return located(parse(raw.decode("utf-8")), path.resolve().parent)
    except OSError as error:
        raise Malformed(
            "the ledger node has no configuration",
            expected=f"a file {path}",
            found=error.strerror,
            remedy="Name one with --config FILE",
        ) from error
    except UnicodeDecodeError as error:
        raise Malformed(f"{path} is not text", expected="UTF-8", found=error.reason) from error


def located(settings: Settings, folder: Path) -> Settings:
    """The same settings with relative paths taken from `folder`."""
    replace = msgspec.structs.replace
    chain = replace(settings.chain, home=str(folder / settings.chain.home))
    witness = settings.witness
    if witness is not None:
        witness = replace(
            witness,
            note_key=str(folder / witness.note_key),
            chain_key=str(folder / witness.chain_key) if witness.chain_key else "",
            passphrase_file=str(folder / witness.passphrase_file),
            store=str(folder / witness.store),
        )
    exchange = settings.exchange
    if exchange is not None:
        exchange = replace(
            exchange,
            key=str(folder / exchange.key),
            sender_key=str(folder / exchange.sender_key),
            passphrase_file=str(folder / exchange.passphrase_file) if exchange.passphrase_file else "",
            outbox=str(folder / exchange.outbox),
        )
    assessor = settings.assessor
    if assessor is not None:
        assessor = replace(
            assessor,
            key=str(folder / assessor.key),
            sender_key=str(folder / assessor.sender_key),
            passphrase_file=str(folder / assessor.passphrase_file) if assessor.passphrase_file else "",
            outbox=str(folder / assessor.outbox),
        )
    mail = settings.mail
    if mail is not None and mail.password_file:
        mail = replace(mail, password_file=str(folder / mail.password_file))
    issuing = settings.credentials
    if issuing is not None:
        issuing = replace(issuing, key=str(folder / issuing.key), passphrase_file=str(folder / issuing.passphrase_file))
    database = settings.database
    if database.startswith("sqlite:///"):  # an absolute path after it stays as it is
        database = "sqlite:///" + str(folder / database.removeprefix("sqlite:///"))
    return replace(
        settings,
        chain=chain,
        witness=witness,
        exchange=exchange,
        assessor=assessor,
        database=database,
        mail=mail,
        credentials=issuing,
    )


def _check(settings: Settings) -> None:
    scheme = settings.chain.url.partition(":")[0]
    if scheme not in ("embedded", "anvil", "http", "https") or ":" not in settings.chain.url:
        raise _malformed("chain.url", "embedded:, anvil: or http(s)://…", settings.chain.url)
    if not re.match(r"[a-z0-9+]+://", settings.database):
        raise _malformed("database", "a database URL such as sqlite:///ledger.db", settings.database)
    for number, contact in enumerate(settings.mail.contact if settings.mail else ()):
        try:
            check_credit_code(contact.credit_code)
        except Malformed as error:
            raise _malformed(f"mail.contact[{number}].credit_code", str(error.expected), error.found) from error
    if settings.credentials is not None:
        own = settings.credentials
        named = {"base_url": own.base_url} | {f"former[{at}]": url for at, url in enumerate(own.former)}
        for place, url in named.items():
            try:
                did_of(url)
            except Malformed as error:
                raise _malformed(f"credentials.{place}", str(error.expected), error.found) from error
        if len(set(named.values())) != len(named):
            raise _malformed("credentials.former", "each origin once, and not base_url", ", ".join(own.former))
    if settings.witness is None:
        return
    origins: set[str] = set()
    for number, log in enumerate(settings.witness.log):
        where = f"witness.log[{number}]"
        if log.origin in origins:
            raise _malformed(f"{where}.origin", "each origin once", log.origin)
        origins.add(log.origin)
        for text in log.keys:
            try:
                key = VerifierKey.parse(text)
            except CarbonLedgerError as error:
                raise Malformed(
                    f"{FILE_NAME}, key '{where}.keys': {error.message}", expected=error.expected, found=error.found
                ) from error
            if key.type == COSIGNATURE or key.type not in (ED25519, EIP712):
                raise _malformed(f"{where}.keys", "keys of a log (types 0x01 and 0xff)", f"type {key.type:#04x}")
            if key.name != log.origin:
                raise _malformed(f"{where}.keys", f"keys named {log.origin}", key.name)


def _malformed(key: str, expected: str, found: object) -> Malformed:
    return Malformed(f"{FILE_NAME}, key {key!r}", expected=expected, found=repr(found)[:120])
