"""What the machine itself can do: the denominators. Nothing of the product is used here."""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_sign_open

from carbonledger.errors import Unknown

Check = tuple[bytes, bytes]
"""Signature and message in one string, and the public key: what libsodium is given."""


def verify_all(checks: Sequence[Check]) -> None:
    """The bare limit: libsodium's verification through PyNaCl's lowest call, and nothing else."""
    for signed, public in checks:
        crypto_sign_open(signed, public)


def openssl_sha256_per_s(seconds: int = 1) -> float:
    """SHA-256 of 64-byte blocks per CPU second, by `openssl speed`; Unknown if it cannot be run."""
    command = ["openssl", "speed", "-mr", "-seconds", str(seconds), "-bytes", "64", "-evp", "sha256"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=30 + seconds, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unknown(
            "openssl speed cannot be run", expected="the program openssl", found=str(error), remedy="Install openssl"
        ) from error
    found = re.search(r"^\+F:\d+:[^:]+:([0-9.]+)", told.stdout, re.MULTILINE)
    if found is None:
        raise Unknown("openssl speed says something else", expected="a line +F:…", found=told.stdout[-200:])
    return float(found[1]) / 64


def fsyncs_per_s(folder: Path, seconds: float = 0.5) -> float:
    """4 KiB appended and made durable, again and again, per second of wall time."""
    descriptor = os.open(folder / "fsync", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        count, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < seconds:
            os.write(descriptor, bytes(4096))
            os.fdatasync(descriptor)
            count += 1
        return count / passed
    finally:
        os.close(descriptor)


class BareProcesses:
    """Processes that do nothing but verify: the limit of the machine's cores. Spawned once, asked several times."""

    def __init__(self, checks: Sequence[Check], count: int = 2) -> None:
        context = multiprocessing.get_context("spawn")
        self._members: list[tuple[Any, Connection[Any, Any]]] = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_verify_on_demand, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            ours.send(list(checks))
            self._members.append((process, ours))
        for _, connection in self._members:
            connection.recv()

    def rate(self, count: int) -> float:
        """Verifications per second of wall time, `count` by each process, all at once."""
        started = time.perf_counter()
        for _, connection in self._members:
            connection.send(count)
        for _, connection in self._members:
            connection.recv()
        return count * len(self._members) / (time.perf_counter() - started)

    def close(self) -> None:
        """Ends the processes."""
        for process, connection in self._members:
            connection.close()
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()


def _verify_on_demand(connection: Connection[Any, Any]) -> None:
    checks: list[Check] = connection.recv()
    connection.send(len(checks))
    while True:
        try:
            count: int = connection.recv()
        except EOFError:
            return
        for at in range(0, count, len(checks)):
            verify_all(checks[: min(len(checks), count - at)])
        connection.send(count)
