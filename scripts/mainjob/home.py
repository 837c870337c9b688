"""What a home holds, and the job it was begun for."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbonledger.errors import Refused


@dataclass(frozen=True)
class Home:
    """Paths below one folder."""

    root: Path

    @property
    def chain(self) -> Path:
        return self.root / "chain"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox.db"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def oracle(self) -> Path:
        return self.root / "oracle"

    @property
    def witness(self) -> Path:
        return self.root / "witness.db"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.db"

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def clock(self) -> Path:
        return self.root / "clock"

    @property
    def job(self) -> Path:
        return self.root / "job.json"


def open_home(root: Path, fresh: bool) -> tuple[Home, int]:
    """The home, locked for this process: (home, descriptor that holds the lock). `fresh` empties it first.

    Refused if another process uses it, or if it is a folder of something else.
    """
    root = root.resolve()
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(f"--home {root}", expected="a folder that can be written", found=error.strerror) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Refused(f"{root} is in use", expected="one process for a home", found="another that runs") from error
    home = Home(root)
    others = [entry for entry in root.iterdir() if entry.name != ".lock"]
    if others and not home.job.exists() and not (root / ".carbonledger").exists():
        raise Refused(f"{root} is no home of the main job", expected="an empty folder, or one that it made",
                      found=", ".join(sorted(entry.name for entry in others))[:120])  # fmt: skip
    if fresh:
        for entry in others:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    (root / ".carbonledger").touch()
    return home, descriptor


def begin_job(home: Home, job: dict[str, Any]) -> dict[str, Any]:
    """The job this home was begun for; Refused if it is another than the one asked for now."""
    if home.job.exists():
        known: dict[str, Any] = json.loads(home.job.read_text(encoding="utf-8"))
        changed = sorted(name for name in job if known.get(name) != job[name])
        if changed:
            raise Refused(
                f"{home.root} holds another job",
                expected=", ".join(f"{name} = {known.get(name)}" for name in changed),
                found=", ".join(f"{name} = {job[name]}" for name in changed),
                remedy="Give another --home, or --fresh to begin again",
            )
        return known
    write_durably(home.job, json.dumps(job, indent=1, sort_keys=True).encode() + b"\n")
    return job


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file: whole and on the disk, or as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
