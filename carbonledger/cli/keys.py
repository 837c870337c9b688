"""`carbonledger keygen` and `carbonledger sign`: key pairs at rest under a passphrase, and what they sign.

Exit codes: 0 done, 2 refused or misuse.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, Final

from carbonledger import checkpoint, cosignature, note
from carbonledger.cli import answers, files
from carbonledger.eip712 import Domain
from carbonledger.entry import MAX_BODY_BYTES, READING_PREFIX, Body, Evidence, EvidenceType
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.framing import encode_base64
from carbonledger.keys import PrivateKey, PublicKey
from carbonledger.note import Note, SignatureLine, VerifierKey

DONE, REFUSED = 0, 2
ALGORITHMS: Final = ("ed25519", "es256", "es256k")
SIGNERS: Final = {"device": EvidenceType.SINGLE, "gateway": EvidenceType.GATEWAY, "person": EvidenceType.PERSON}
MAX_KEY_FILE: Final = 1 << 16


def add_keygen_parser(subparsers: Any) -> None:
    """Add `keygen` to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "keygen",
        help="make a key pair",
        description="Makes a key pair and keeps the private key under a passphrase: PKCS#8 PEM for ed25519 and es256, "
        "a version 3 keystore for es256k. Prints the public key and its ids.",
    )
    parser.add_argument("--algorithm", choices=ALGORITHMS, default="ed25519", help="default ed25519")
    parser.add_argument("--out", metavar="FILE", required=True, help="new file for the private key")
    parser.add_argument("--name", help="name for the verifier keys of notes (a log's origin, a witness's name)")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    files.add_passphrase(parser)
    parser.set_defaults(run=keygen)


def add_sign_parser(subparsers: Any) -> None:
    """Add `sign` to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "sign",
        help="sign a body or a note",
        description="Signs the body R of an entry, and prints its evidence A; or signs a checkpoint's note.",
    )
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    body = kinds.add_parser("body", help="sign a body R; prints base64 of R and A as JSON")
    body.add_argument("file", metavar="FILE", help="canonical JSON of the body; - reads standard input")
    body.add_argument("--as", dest="signer", choices=tuple(SIGNERS), default="device", help="who signs; default device")
    signed = kinds.add_parser("note", help="sign a note; prints it with the new line")
    signed.add_argument("file", metavar="FILE", help="a note, or its text alone; - reads standard input")
    signed.add_argument("--name", required=True, help="name of the key in the line")
    signed.add_argument("--cosign", action="store_true", help="a witness's cosignature/v1 instead of a log's line")
    signed.add_argument("--time", type=int, metavar="SECONDS", help="time of the cosignature; default now")
    signed.add_argument("--chain-id", type=int, metavar="ID", help="chain of an es256k line")
    for one in (body, signed):
        one.add_argument("--key", metavar="FILE", required=True, help="private key as keygen makes it")
        files.add_passphrase(one)
    parser.set_defaults(run=sign)


def keygen(args: argparse.Namespace) -> int:
    """Make a key pair."""
    try:
        word = files.passphrase(args, twice=True)
        private = PrivateKey.generate(args.algorithm)
        lines = describe(private.public, args.name)
        data = private.to_keystore(word) if args.algorithm == "es256k" else private.to_pem(word)
        files.write_private(Path(args.out), data)
    except CarbonLedgerError as error:
        print(f"carbonledger keygen: {error}", file=sys.stderr)
        return REFUSED
    if args.json:
        answers.print_json({"file": args.out, **lines})
    else:
        print(f"private key in {args.out}")
        for name, value in lines.items():
            print(f"{name}: {value}")
    return DONE


def describe(public: PublicKey, name: str | None = None) -> dict[str, str]:
    """What is known of a public key: its ids, and its verifier keys under a name."""
    found = {"algorithm": public.algorithm, "public": public.data.hex(), "key_id": public.key_id.hex()}
    if public.algorithm == "es256k":
        found["address"] = public.address.hex()
    if name is not None and public.algorithm == "ed25519":
        found["vkey_log"] = VerifierKey(name, note.ED25519, public).format()
        found["vkey_witness"] = VerifierKey(name, note.COSIGNATURE, public).format()
    if name is not None and public.algorithm == "es256k":
        found["vkey_eip712"] = VerifierKey(name, note.EIP712, public).format()
    return found


def open_key(data: bytes, word: bytes) -> PrivateKey:
    """A private key from a file that `keygen` made."""
    return PrivateKey.from_pem(data, word) if data.startswith(b"-----") else PrivateKey.from_keystore(data, word)


def sign(args: argparse.Namespace) -> int:
    """Sign a body or a note."""
    try:
        private = open_key(files.read(args.key, MAX_KEY_FILE), files.passphrase(args))
        if args.what == "body":
            answers.print_json(_sign_body(files.read(args.file, MAX_BODY_BYTES), private, SIGNERS[args.signer]))
        else:
            sys.stdout.buffer.write(_sign_note(files.read(args.file, note.MAX_NOTE), private, args))
            sys.stdout.buffer.flush()
    except CarbonLedgerError as error:
        print(f"carbonledger sign: {error}", file=sys.stderr)
        return REFUSED
    return DONE


def _sign_body(raw: bytes, private: PrivateKey, kind: EvidenceType) -> dict[str, str]:
    body = Body.parse(raw)
    evidence = Evidence(kind, private.public.short_id, private.sign(READING_PREFIX + body.raw))
    return {"a": encode_base64(evidence.format()), "key_id": private.public.key_id.hex(), "r": encode_base64(body.raw)}


def _sign_note(raw: bytes, private: PrivateKey, args: argparse.Namespace) -> bytes:
    signed = Note.parse(raw) if b"\n\n" in raw else None
    try:
        text = signed.text if signed else raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("the note", expected="UTF-8", found=error.reason) from error
    line = _line(text, private, args)
    return (signed.with_lines([line]) if signed else Note(text, (line,))).format()


def _line(text: str, private: PrivateKey, args: argparse.Namespace) -> SignatureLine:
    if private.algorithm == "es256k":
        if args.chain_id is None or args.cosign:
            raise Malformed(
                "the arguments", expected="--chain-id, and no --cosign, for an es256k key", found="otherwise"
            )
        head = checkpoint.Checkpoint.parse(text)
        domain = Domain(args.chain_id)
        return checkpoint.sign_eip712_line(private.seed, private.public.data, args.name, domain, head)
    if private.algorithm != "ed25519":
        raise Malformed("key of a note", expected="ed25519 or es256k", found=private.algorithm)
    if args.cosign:
        checkpoint.Checkpoint.parse(text)
        return cosignature.sign(private, args.name, text, int(time.time()) if args.time is None else args.time)
    return note.sign(private, args.name, text)
