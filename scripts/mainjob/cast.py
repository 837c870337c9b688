"""The members of the demonstration consortium, and their keys."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carbonledger import secp256k1
from carbonledger.identifiers import credit_code_check_character, member_id

# kinds as in docs/formats/acts.md
REGULATOR, ENTERPRISE, VERIFIER, BANK, AUDITOR = 1, 2, 8, 16, 32
PROVINCE: Final = hashlib.sha256(b"CN-HE").digest()


@dataclass(frozen=True)
class Member:
    """One organisation of the demonstration. `code` is a well-formed credit code that belongs to nobody."""

    role: str
    kinds: int
    code: str
    name_en: str
    name_zh: str
    key: bytes  # secp256k1 secret of its act key

    @property
    def id(self) -> bytes:
        return member_id(self.code)

    @property
    def address(self) -> bytes:
        return secp256k1.address(secp256k1.public_key(self.key))

    @property
    def name_digest(self) -> bytes:
        return hashlib.sha256(self.name_zh.encode()).digest()


_MEMBERS: Final = (
    ("regulator-1", REGULATOR, "11130000000000001", "Demonstration Ecology Department", "示范省生态环境厅"),
    ("regulator-2", REGULATOR, "11130100000000002", "Demonstration City Ecology Bureau", "示范市生态环境局"),
    ("regulator-3", REGULATOR, "11130200000000003", "Demonstration Port Ecology Bureau", "示范港生态环境局"),
    ("enterprise", ENTERPRISE, "91130100MA0000001", "Demonstration Steel Works", "示范钢铁有限公司"),
    ("verifier", VERIFIER, "91130100MA0000002", "Demonstration Verification Ltd", "示范核查有限公司"),
    ("bank", BANK, "91130100MA0000003", "Demonstration Green Bank", "示范绿色银行股份有限公司"),
    ("auditor", AUDITOR, "91130100MA0000004", "Demonstration Auditors", "示范会计师事务所"),
)


def load_cast(folder: Path) -> dict[str, Member]:
    """The members by role; their keys are made on first use and kept in `folder` (mode 600)."""
    folder.mkdir(parents=True, exist_ok=True)
    cast = {}
    for role, kinds, body, name_en, name_zh in _MEMBERS:
        key = secret(folder / f"{role}.key")
        cast[role] = Member(role, kinds, body + credit_code_check_character(body), name_en, name_zh, key)
    return cast


def secret(path: Path) -> bytes:
    """32 secret bytes kept in a file; made durable before they are used, so that a kill never changes a key."""
    if path.exists():
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    made = os.urandom(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(made.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return made
