"""Which chain a command asks, and where its Directory is: `--chain`, `--directory`, `--policy`."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

from carbonledger.cli import files
from carbonledger.errors import Malformed
from carbonledger.policy import MAX_BYTES


def add_chain(parser: argparse.ArgumentParser, title: str, help: str) -> None:
    """Add the options, under a title that says what for."""
    chain = parser.add_argument_group(title)
    chain.add_argument("--chain", metavar="URL", help=help)
    where = chain.add_mutually_exclusive_group()
    where.add_argument("--directory", metavar="ADDRESS", help="address of the Directory, 40 hex digits")
    where.add_argument("--policy", type=Path, metavar="FILE", help="policy (TOML) that names the Directory")


def directory(args: argparse.Namespace) -> bytes | None:
    """The address that --directory or --policy names, None where neither is given."""
    if args.chain is None and (args.directory or args.policy):
        raise Malformed("the arguments", expected="--chain with --directory or --policy", found="no --chain")
    written = args.directory
    if args.policy is not None:
        try:
            policy = tomllib.loads(files.read(str(args.policy), MAX_BYTES).decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Malformed(f"policy {args.policy}", expected="TOML in UTF-8", found=str(error)) from error
        chain = policy.get("chain")
        written = chain.get("directory") if isinstance(chain, dict) else None
        if not isinstance(written, str):
            raise Malformed(f"policy {args.policy}", expected="chain.directory, 40 hex digits", found="none")
    if written is None:
        return None
    try:
        address = bytes.fromhex(written.removeprefix("0x"))
    except ValueError:
        address = b""
    if len(address) != 20:
        raise Malformed("address of the Directory", expected="40 hex digits", found=repr(written)[:80])
    return address
