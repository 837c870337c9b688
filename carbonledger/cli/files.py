"""Files at the edge of the command: bounded reading, exclusive writing, passphrases."""

from __future__ import annotations

import argparse
import getpass
import mmap
import os
import sys
from pathlib import Path

from carbonledger.errors import Malformed, Refused
from carbonledger.policy import MAX_BYTES as MAX_POLICY
from carbonledger.policy import Policy


def read(source: str, limit: int) -> bytes:
    """The bytes of a file, `-` for standard input; at most one byte more than `limit`, so that parsers can refuse it.

    Malformed if it cannot be read.
    """
    try:
        if source == "-":
            return sys.stdin.buffer.read(limit + 1)
        with Path(source).open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from error


def view(source: str) -> memoryview:
    """A file as a memory map, so that large packages are not read into memory."""
    try:
        with Path(source).open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from error


def write_private(path: Path, data: bytes) -> None:
    """A new file that its owner alone may read; Refused if there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused(f"{path} exists", expected="a new file", found="a file", remedy="Choose another name") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(f"file {str(path)[:200]!r}", expected="a place for a new file", found=reason) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def policy(path: str | None) -> Policy | None:
    """The policy of `--policy`, None where it was not given."""
    return None if path is None else Policy.parse(read(path, MAX_POLICY))


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """The options that say where the passphrase of a key comes from."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--passphrase-env", metavar="NAME", help="environment variable that holds the passphrase")
    group.add_argument("--passphrase-file", metavar="FILE", help="file whose first line is the passphrase")


def passphrase(args: argparse.Namespace, *, twice: bool = False) -> bytes:
    """The passphrase by the options of `add_passphrase`, else asked for at the terminal."""
    if args.passphrase_env is not None:
        if args.passphrase_env not in os.environ:
            raise Refused("no passphrase", expected=f"an environment variable {args.passphrase_env!r}", found="none")
        word = os.environ[args.passphrase_env].encode()
    elif args.passphrase_file is not None:
        word = read(args.passphrase_file, 1 << 16).split(b"\n", 1)[0].rstrip(b"\r")
    elif sys.stdin.isatty():
        word = getpass.getpass("Passphrase: ").encode()
        if twice and getpass.getpass("Again: ").encode() != word:
            raise Refused("the passphrases differ", expected="the same twice", found="two")
    else:
        raise Refused(
            "no passphrase",
            expected="--passphrase-env, --passphrase-file or a terminal",
            found="none",
        )
    if not word:
        raise Refused("an empty passphrase", expected="at least one character", found="none")
    return word


def _unreadable(source: str, error: Exception) -> Malformed:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Malformed(f"file {source[:200]!r}", expected="a readable file", found=reason)
