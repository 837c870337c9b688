"""Alerts as jobs: one of the day opens one for each member; that one tells what holds, and opens the letters.

A worker killed at any instant loses nothing and doubles no row; a letter may go twice, with the same Message-ID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from email.message import EmailMessage
from typing import Final

from sqlalchemy import Connection

from carbonledger.accounting.inputs import Node
from carbonledger.alerts import snapshot as snapshots
from carbonledger.alerts.evaluate import evaluate
from carbonledger.alerts.rules import AlertRules, alert_rules
from ledger_node.alerts import known
from ledger_node.alerts.known import BEIJING
from ledger_node.alerts.mail import Send, letter
from ledger_node.jobs.queue import Handler, Job, forget, open_job
from ledger_node.queries import alerts

DAY: Final = "alerts-day"
MEMBER: Final = "alerts-member"
LETTER: Final = "alerts-letter"
DAY_S: Final = 86_400
KEPT_S: Final = 7 * DAY_S
"""How long the jobs of a day are kept once done: the next day evaluates all anew."""


@dataclass(frozen=True)
class Post:
    """Where letters go: by member id (hex), and those of escalated alerts. `send` None: no letters here."""

    sender: str = ""
    contacts: Mapping[str, str] = field(default_factory=dict)
    escalation: str = ""
    send: Send | None = None


def find(connection: Connection, now: int) -> bool:
    """Open the job of today (UTC+08:00); whether it is new. `now` in seconds."""
    today = datetime.fromtimestamp(now, BEIJING).date().isoformat()
    return open_job(connection, f"{DAY}/{today}", DAY, {"day": today}, now)


def handlers(post: Post, rules: AlertRules | None = None) -> dict[str, Handler]:
    """The handlers for a queue."""
    used = rules or alert_rules()

    def day(connection: Connection, job: Job, now: int) -> None:
        for member in known.members(connection):
            open_job(
                connection, f"{MEMBER}/{job.content['day']}/{member}", MEMBER, {**job.content, "member": member}, now
            )
        forget(connection, (DAY, MEMBER), now - KEPT_S)
        limit = now - int(used.escalate_days.value) * DAY_S
        for kept in alerts.escalate(connection, limit, now):
            _post(connection, post, post.escalation, kept, "escalated", now)

    def member(connection: Connection, job: Job, now: int) -> None:
        who = str(job.content["member"])
        told = known.snapshot(connection, who, date.fromisoformat(job.content["day"]))
        found = evaluate(snapshots.parse(Node(told)), used)
        for kept in alerts.tell(connection, who, [alert.to_json() for alert in found], now):
            _post(connection, post, post.contacts.get(who, ""), kept, "open", now)

    def send(connection: Connection, job: Job, now: int) -> None:
        if post.send is not None:
            post.send(_letter(job, post.sender))

    return {DAY: day, MEMBER: member, LETTER: send}


def _post(connection: Connection, post: Post, to: str, kept: alerts.Kept, state: str, now: int) -> None:
    """Open the job of a letter, where there is somebody to write to."""
    if not to or post.send is None:
        return
    name = hashlib.sha256(f"{kept.key}\0{state}\0{kept.opened_at}\0{to}".encode()).hexdigest()[:32]
    content = {"alert": dict(kept.content), "to": to, "state": state, "at": now}
    open_job(connection, f"{LETTER}/{name}", LETTER, content, now)


def _letter(job: Job, sender: str) -> EmailMessage:
    content = job.content
    return letter(dict(content["alert"]), sender, str(content["to"]), str(content["state"]), int(content["at"]))
