"""A command called in this process: what it wrote on both streams and its exit code, without the second of a start.

That the programs are these functions and end with their codes is shown by the tests that start them: `started` here,
the commands of the ledger node, the auditor's walk.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from carbonledger import cli

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from carbonledger.cli import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a finished command told."""

    returncode: int
    stdout: str
    stderr: str


@contextmanager
def _streams(given: bytes) -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    kept = sys.stdin, sys.stdout, sys.stderr
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"), out, err
    try:
        yield out, err
    finally:
        sys.stdin, sys.stdout, sys.stderr = kept


def ended(main: Callable[[Sequence[str]], int], *arguments: object, given: bytes = b"") -> Ended:
    """A command's main function, standard input given, called with these arguments."""
    with _streams(given) as (out, err):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse, on misuse
            assert isinstance(end.code, int)
            code = end.code
    told = (stream.buffer.getvalue().decode("utf-8") for stream in (out, err))  # type: ignore[attr-defined]
    return Ended(code, *told)


def run(*arguments: object, given: bytes = b"") -> Ended:
    """`carbonledger`, called."""
    return ended(cli.main, *arguments, given=given)


def started(*arguments: object, given: bytes = b"", extra: Path | None = None) -> Ended:
    """`carbonledger` as a program of its own; `extra`: a folder that Python looks into first."""
    folders = [str(folder) for folder in (extra, ROOT) if folder]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, env=environment, timeout=60, check=False)
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())
