"""The keys of a node at rest: PKCS#8 and keystore v3 under one passphrase, and the log's secret for salts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from carbonledger.eip712 import Domain
from carbonledger.errors import Malformed
from carbonledger.keys import PrivateKey
from oracle.files import Files
from oracle.log import LogKeys

Entropy = Callable[[int], bytes]

_SCRYPT_GENERATED = 1 << 14  # the passphrase is 32 random bytes: stretching adds nothing


@dataclass(frozen=True)
class Identity:
    """`gateway` signs entries and the note, `chain` the EIP-712 lines; `secret` (32 bytes) makes salts."""

    gateway: PrivateKey
    chain: PrivateKey
    secret: bytes

    def log_keys(self, origin: str, chain_id: int) -> LogKeys:
        """The keys under the log's name."""
        return LogKeys(origin, self.gateway, self.chain, Domain(chain_id))


def open_identity(
    folder: Path, files: Files, passphrase: bytes | None = None, entropy: Entropy = os.urandom
) -> tuple[Identity, bool]:
    """The keys in `folder`, made there if there are none (then the second value is true).

    Without a passphrase one is drawn and kept beside the keys, readable by the owner alone: the file system is then
    what protects them. Raises Refused for another passphrase, Malformed if some of the files are missing.
    """
    names = ("gateway.pem", "chain.json", "secret.pem")
    present = [name for name in names if (folder / name).exists()]
    if len(present) == len(names):
        word = passphrase if passphrase is not None else _read(folder / "passphrase")
        gateway = PrivateKey.from_pem(_read(folder / "gateway.pem"), word)
        chain = PrivateKey.from_keystore(_read(folder / "chain.json"), word)
        secret = PrivateKey.from_pem(_read(folder / "secret.pem"), word)
        return Identity(gateway, chain, secret.seed), False
    if "secret.pem" in present:  # it is written last
        raise Malformed("the keys of this node are incomplete", expected=", ".join(names), found=", ".join(present))
    identity = Identity(PrivateKey.generate("ed25519", entropy), PrivateKey.generate("es256k", entropy), entropy(32))
    if not folder.is_dir():
        files.make_directories(folder)
    folder.chmod(0o700)
    word = passphrase if passphrase is not None else entropy(32).hex().encode()
    n = _SCRYPT_GENERATED if passphrase is None else 1 << 17
    if passphrase is None:
        _put(folder, files, "passphrase", word)
    _put(folder, files, "gateway.pem", identity.gateway.to_pem(word))
    _put(folder, files, "chain.json", identity.chain.to_keystore(word, n))
    _put(folder, files, "secret.pem", PrivateKey("ed25519", identity.secret).to_pem(word))
    return identity, True


def _put(folder: Path, files: Files, name: str, data: bytes) -> None:
    temporary = folder / f"{name}.tmp"
    files.write(temporary, data)
    temporary.chmod(0o600)
    files.rename(temporary, folder / name)
    files.fsync_directory(folder)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Malformed("a file of the node's keys is missing", expected=str(path), found="no file") from error
