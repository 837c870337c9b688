"""A letter over SMTP. The same letter sent again has the same Message-ID, so that mail programs show it once."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from carbonledger.errors import CarbonLedgerError

TIMEOUT_S: Final = 20
Send = Callable[[EmailMessage], None]
_Text = Annotated[str, Meta(min_length=1, max_length=320)]


class NotSent(CarbonLedgerError):
    """The server did not take the letter; it is tried again later."""


class ContactTable(Struct, forbid_unknown_fields=True, frozen=True):
    """Where the alerts of a member (credit code) go."""

    credit_code: _Text
    address: _Text


class MailTable(Struct, forbid_unknown_fields=True, frozen=True):
    """The server and the addresses. `escalation` is told of what nobody acknowledged."""

    host: _Text
    sender: _Text
    port: Annotated[int, Meta(ge=1, le=65535)] = 25
    starttls: bool = False
    user: str = ""
    password_file: str = ""
    escalation: str = ""
    contact: tuple[ContactTable, ...] = ()


def letter(content: dict[str, Any], sender: str, to: str, state: str, at: int) -> EmailMessage:
    """An alert as a letter in Chinese and English; `at` in seconds."""
    title, said = content["title"], content["text"]
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    mark = {"open": "", "escalated": "[升级 escalated] "}[state]
    message["Subject"] = f"{mark}碳账本预警 {content['rule']} {title['zh']} / {title['en']}"
    message["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    digest = hashlib.sha256(f"{content['key']}\0{to}\0{state}\0{at}".encode()).hexdigest()[:40]
    message["Message-ID"] = f"<{digest}@{sender.partition('@')[2] or 'localhost'}>"
    message.set_content(
        f"{said['zh']}\n\n{said['en']}\n\n{content['severity']} · {content['rule']} · {content['key']}\n", cte="base64"
    )
    return message


def over_smtp(table: MailTable, password: str = "") -> Send:
    """A function that hands a letter to the server; NotSent where it does not take it."""

    def send(message: EmailMessage) -> None:
        try:
            with smtplib.SMTP(table.host, table.port, timeout=TIMEOUT_S) as server:
                if table.starttls:
                    server.starttls(context=ssl.create_default_context())
                if table.user:
                    server.login(table.user, password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(
                "the mail server did not take the letter",
                expected=f"{table.host}:{table.port}",
                found=f"{type(error).__name__}: {str(error)[:200]}",
            ) from error

    return send
