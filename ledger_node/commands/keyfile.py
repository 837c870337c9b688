"""Secret keys in files: readable by their owner alone, as keystore v3 or as hex digits."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Final

from carbonledger.errors import Malformed, Refused
from carbonledger.keys import PrivateKey

MAX_BYTES: Final = 1 << 16
_HEX_KEY: Final = re.compile(rb"[0-9a-fA-F]{64}")


def read_secret_file(path: Path) -> bytes:
    """The bytes of a file; Refused unless its owner alone can read it, Malformed if there is none."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise Refused(
                f"others can read the secret file {path}",
                expected="mode 600",
                found=f"mode {mode:03o}",
                remedy=f"chmod 600 {path}",
            )
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Malformed("a secret file cannot be read", expected=f"a file {path}", found=error.strerror) from error
    if len(data) > MAX_BYTES:
        raise Malformed(f"{path} is too long", expected=f"at most {MAX_BYTES} bytes", found="more")
    return data


def read_passphrase(path: Path) -> bytes:
    """The one line of a passphrase file."""
    word = read_secret_file(path).strip()
    if not word:
        raise Malformed(f"the passphrase file {path} is empty", expected="one line", found="nothing")
    return word


def read_keystore(path: Path, passphrase: bytes) -> PrivateKey:
    """The secp256k1 key of a keystore v3 file."""
    return PrivateKey.from_keystore(read_secret_file(path), passphrase)


def read_chain_key(path: Path, passphrase_file: Path | None) -> PrivateKey:
    """A secp256k1 key: a keystore v3 file with its passphrase's file, or 64 hex digits."""
    data = read_secret_file(path).strip()
    if data.startswith(b"{"):
        if passphrase_file is None:
            raise Malformed(
                f"the keystore {path} needs its passphrase", expected="--passphrase-file FILE", found="nothing"
            )
        return PrivateKey.from_keystore(data, read_passphrase(passphrase_file))
    digits = data.removeprefix(b"0x")
    if not _HEX_KEY.fullmatch(digits):
        raise Malformed(f"the key file {path}", expected="a keystore v3, or 64 hex digits", found=f"{len(data)} bytes")
    return PrivateKey.from_seed("es256k", bytes.fromhex(digits.decode()))
