"""Certificates of the city's last quarter, issued as a node does; its key lies in the home."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

from ledger_node.chain.open import open_chain
from ledger_node.db.engine import open_database, sqlite_url
from ledger_node.db.view import View
from ledger_node.queries import credentials
from scripts.city.serving import today
from scripts.mainjob.home import Home
from scripts.mainjob.issuer import issuer_in


def issue(home: Home, base_url: str) -> str:
    """Issue what the chain gives on the city's day; how many stand, in words. A second start issues nothing again."""
    with closing(open_chain("embedded:", home.chain, today)) as chain:
        issuer = issuer_in(home, base_url, chain.chain_id)
    with closing(View(sqlite_url(home.ledger), issuer=issuer)) as view:
        view.certify(today)
    engine = open_database(sqlite_url(home.ledger))
    try:
        with engine.connect() as connection:
            found = credentials.every(connection, "", limit=1_000_000)
    finally:
        engine.dispose()
    counted = Counter(f"{one.claim.kind} {one.standing(today())}" for one in found)
    return ", ".join(f"{number} {what}" for what, number in sorted(counted.items())) or "none"


def shown(home: Home) -> str | None:
    """The path of one certificate's page, to look at; None if there is none."""
    engine = open_database(sqlite_url(home.ledger))
    try:
        with engine.connect() as connection:
            first = credentials.every(connection, "", limit=1)
    finally:
        engine.dispose()
    return f"/check/{first[0].id}" if first else None
