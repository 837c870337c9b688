"""Grant the auditor the year, and export the audit package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from carbonledger import sharing
from carbonledger.acts import Act
from carbonledger.identifiers import object_id
from oracle import package
from scripts.mainjob.consortium import reference
from scripts.mainjob.handover import HandedOver, disclosure_of
from scripts.mainjob.job import Parts

GRANT_S: Final = 365 * 86_400


def grant(p: Parts) -> None:
    """The enterprise grants the auditor its year; written on the chain like every other act."""
    owner, auditor = p.cast["enterprise"], p.cast["auditor"]
    scope = sharing.scope(owner.id, p.year.year)

    def granted() -> tuple[Act, Sequence[Any]]:
        act = Act(
            "Grant",
            owner=owner.id,
            grantee=auditor.id,
            scope=scope,
            purpose=object_id("audit"),
            validFrom=p.chain.head().timestamp,
            expires=p.chain.head().timestamp + GRANT_S,
            reference=reference("grant", auditor.id, scope),
            deadline=p.relay.deadline(),
        )
        return act, (p.relay.sign(act, owner),)

    p.relay.put(f"grant/auditor/{p.year.year}", granted)
    p.relay.settle()


def export(p: Parts, handed: HandedOver) -> Path:
    """The audit package, made once."""
    grant(p)
    path = p.home.out / f"audit-{p.year.year}.zip"
    if not path.exists():
        more = [handed.findings.read_bytes()]
        bundle = handed.report.read_bytes()
        package.export(p.node, disclosure_of(p), handed.reported, handed.evidence, bundle, path, more)
    return path
