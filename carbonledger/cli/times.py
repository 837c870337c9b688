"""The moment as of which a command judges."""

from __future__ import annotations

import argparse
import time
from datetime import datetime

from carbonledger.errors import Malformed


def add_at(parser: argparse.ArgumentParser) -> None:
    """The option `--at`."""
    parser.add_argument("--at", metavar="TIME", help="judge as of this time (2026-06-30T00:00:00Z); default: now")


def at(text: str | None) -> int:
    """What `--at` says, in seconds of Unix time; now where it was not given. Malformed for a time without its zone."""
    if text is None:
        return int(time.time())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed("--at", expected="2026-06-30T00:00:00Z", found=text) from error
    if moment.tzinfo is None:
        raise Malformed("--at", expected="a time with its zone, such as …Z or …+08:00", found=text)
    return int(moment.timestamp())
