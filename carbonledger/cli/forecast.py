"""`carbonledger forecast`: year-end and next-year emissions from a series, offline, with a back-test beside them.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
from typing import Any

from carbonledger.cli import documents
from carbonledger.forecast import library, text
from carbonledger.forecast.forecast import forecast
from carbonledger.forecast.models import METHODS, TITLES
from carbonledger.forecast.schema import forecast_document


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    documents.add_parser(
        subparsers,
        "forecast",
        run,
        help="year-end and next-year emissions, the day a quota is used up, offline",
        description="Forecasts a monthly or quarterly series to the end of next year (docs/forecast.md), with "
        "intervals and a back-test of every method. Exit 0 computed, 2 refused.",
        document="forecast document",
        listed="methods and examples",
        example="an example document",
    )


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""
    if documents.shown(args, listed=lambda: _listed(args.lang), example=library.example, schema=forecast_document):
        return documents.COMPUTED
    answer = forecast(documents.read(args.input)).to_json()
    return documents.answer(args, answer, lambda: text.forecast(answer, args.lang))


def _listed(language: str) -> tuple[object, str]:
    rows = [{"id": method, "title": dict(zip(("en", "zh"), TITLES[method], strict=True))} for method in METHODS]
    lines = [f"{method}\n  {TITLES[method][language == 'zh']}" for method in METHODS]
    lines += [f"example: {name}" for name in library.examples()]
    return {"examples": library.examples(), "methods": rows}, "\n".join(lines)
