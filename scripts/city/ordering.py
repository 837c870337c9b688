"""Scores of the city's last quarter on the chain, kept as a node does: whom inspectors look at first."""

from __future__ import annotations

from carbonledger.errors import Refused
from ledger_node.db.engine import open_database, sqlite_url
from ledger_node.queries import scores
from ledger_node.scoring.quarter import Quarter
from ledger_node.scoring.scoring import Parameters
from scripts.city.serving import today
from scripts.mainjob.home import Home


def order(home: Home, quarter: int) -> str:
    """Score the quarter's last run, unless it was; in words. Without the optional packages it says how to get them."""
    engine = open_database(sqlite_url(home.ledger))
    try:
        scored = Quarter(engine, quarter, Parameters())
        with engine.connect() as connection:
            model = scores.latest_model(connection, quarter)
        if model is None or model.run != scored.run:
            scored.keep(today())
        with engine.connect() as connection:
            model = scores.latest_model(connection, quarter)
            assert model is not None
            there = scores.of_model(connection, model.number)
    except Refused as error:
        return str(error)
    finally:
        engine.dispose()
    return f"{len(there)} scores of {scored.run}, shown on /inspections"
