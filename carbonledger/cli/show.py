"""`carbonledger show`: any of our files, readably. It verifies nothing.

Exit codes: 0 shown, 2 not a file of ours.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from carbonledger import package as pack
from carbonledger.bundle.model import MAX_BYTES, Bundle
from carbonledger.checkpoint import Checkpoint
from carbonledger.cli import answers, files
from carbonledger.cli.keys import describe, open_key
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.note import Note
from carbonledger.package import Container, Description
from carbonledger.periods import rfc3339
from carbonledger.policy import Policy

SHOWN, REFUSED = 0, 2
_ZIP: Final = b"PK\3\4"


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "show",
        help="print a file readably, without verifying it",
        description="Prints a bundle, policy, checkpoint, audit package or key file readably. Nothing is verified.",
    )
    parser.add_argument("file", metavar="FILE", help="file; - reads standard input")
    files.add_passphrase(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""
    try:
        head = b"" if args.file == "-" else files.read(args.file, 3)[:4]
        if head == _ZIP:
            lines = list(_package(Container(files.view(args.file))))
        else:
            lines = list(_file(files.read(args.file, MAX_BYTES), args))
    except CarbonLedgerError as error:
        print(f"carbonledger show: {error}", file=sys.stderr)
        return REFUSED
    print("\n".join(answers.printable(line) for line in lines))
    return SHOWN


def _file(data: bytes, args: argparse.Namespace) -> Iterator[str]:
    if data.startswith(b"-----BEGIN") or b'"crypto"' in data[:4096]:
        yield from _key(data, args)
    elif data.startswith(b"{"):
        yield from _bundle(Bundle.parse(data))
    elif b"\n\n" in data and "\n\n— ".encode() in data:
        yield from _note(Note.parse(data))
    elif _is_text(data) and b"version" in data:
        yield from _policy(Policy.parse(data))
    else:
        raise Malformed(
            "kind of the file",
            expected="bundle, policy, checkpoint, audit package or key",
            found="another text" if _is_text(data) else "bytes that are no text",
        )


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _bundle(bundle: Bundle) -> Iterator[str]:
    yield f"bundle of a {bundle.kind} (not verified)"
    yield from _note(bundle.log.note)
    for key in bundle.log.keys:
        yield f"key {key.algorithm} {key.data.hex()}"
    for item in bundle.entries:
        body = item.body
        value = body.content if body.content is not None else f"register {body.register} interval {body.interval}"
        yield f"entry {item.index}: {body.kind} {body.sequence} of {body.signer} at {rfc3339(body.time_ms)}: {value}"
    if bundle.chain is not None:
        evidence = bundle.chain.evidence
        yield f"chain: engine {evidence.engine}, {len(evidence.nodes)} trie nodes"
        for name, address in bundle.chain.contracts.items():
            yield f"contract {name} at {address.hex()}"
        for record in bundle.chain.records:
            said = ", ".join(f"{name} {_shown(value)}" for name, value in record.fields().items())
            yield f"record {record.kind}: {said}"
    if bundle.report is not None:
        for device in bundle.report.devices:
            yield f"device {device.identifier} in unit {device.unit}"
        for line in bundle.report.lines:
            yield f"line {line.code} {line.item.hex()}: {line.quantity}"
        for month in bundle.report.months:
            yield f"month {month.raw.decode('utf-8')}"


def _note(note: Note) -> Iterator[str]:
    head = Checkpoint.parse(note.text)
    yield f"checkpoint of {head.origin}: size {head.size}, root {head.root.hex()}"
    for line in note.signatures:
        yield f"signature line of {line.name}, key hash {line.key_hash.hex()}, {len(line.payload)} bytes"


def _policy(policy: Policy) -> Iterator[str]:
    yield "policy"
    yield from policy.format().splitlines()


def _package(container: Container) -> Iterator[str]:
    description = Description.parse(container.read(pack.DESCRIPTION))
    yield f"audit package (not verified) of member {description.member.hex()}, year {description.year}"
    yield f"log {description.origin}, entries {description.first} to {description.size - 1}"
    yield f"{len(container.paths)} files"
    for name in pack.parse_device_salts(container.read(pack.DEVICE_SALTS)):
        yield f"signer {name}"
    yield from _bundle(Bundle.parse(container.read(pack.BUNDLE)))


def _key(data: bytes, args: argparse.Namespace) -> Iterator[str]:
    if args.passphrase_env is None and args.passphrase_file is None:
        yield "encrypted private key"
        if not data.startswith(b"-----"):
            try:
                yield f"address: {str(json.loads(data)['address'])[:80]}"
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise Malformed(
                    "key file", expected="a version 3 keystore with its address", found="another"
                ) from error
        yield "give --passphrase-file or --passphrase-env to see its public key"
        return
    for name, value in describe(open_key(data, files.passphrase(args)).public).items():
        yield f"{name}: {value}"


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
