"""The anvil process of one home: found, started on a free port, and ended with its owner, however that ends."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ledger_node.chain.errors import Unreachable

START_TIMEOUT_S = 20.0

_LISTENING = re.compile(rb"Listening on (?:127\.0\.0\.1|\[::1\]):(\d+)")
# the shell lives as long as its standard input, which the system closes when the owner dies by whatever signal;
# then it ends its whole process group, for the program may be a wrapper that starts another
_GUARD = '"$@" </dev/null & child=$!; exec >/dev/null 2>&1; read -r _; kill -9 $child; wait $child; kill -9 0'


def binary(environ: Mapping[str, str], project: Path) -> Path:
    """anvil by CARBONLEDGER_ANVIL, on PATH, or where `scripts/tools` puts it; Unreachable if it is nowhere."""
    named = environ.get("CARBONLEDGER_ANVIL")
    candidates = [named] if named else [shutil.which("anvil", path=environ.get("PATH"))]
    if not named:
        tools = Path(environ.get("CARBONLEDGER_TOOLS") or project / ".cache" / "tools")
        candidates.append(str(tools / "node_modules" / ".bin" / "anvil"))
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate)
    raise Unreachable(
        "anvil was not found",
        expected="anvil 1.7.1 by CARBONLEDGER_ANVIL, on PATH or in .cache/tools",
        found="none",
        remedy="Run scripts/tools, or use the embedded chain",
    )


def version(program: Path) -> str:
    """What `anvil --version` says in its first line, such as "anvil Version: 1.7.1"."""
    try:
        told = subprocess.run([program, "--version"], capture_output=True, timeout=START_TIMEOUT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unreachable("anvil does not run", expected=f"a program at {program}", found=str(error)) from error
    return told.decode("utf-8", "replace").strip().splitlines()[0][:100] if told.strip() else ""


class AnvilProcess:
    """A running anvil; `url` is where it answers."""

    def __init__(self, program: Path, arguments: Sequence[str]) -> None:
        command = ["/bin/sh", "-c", _GUARD, "anvil-guard", str(program), *arguments]
        command += ["--host", "127.0.0.1", "--port", "0"]
        self._shell = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._said: list[bytes] = []
        self._port: int | None = None
        self._known = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        deadline = time.monotonic() + START_TIMEOUT_S
        self._known.wait(max(0.0, deadline - time.monotonic()))
        if self._port is None:
            self.close()
            raise Unreachable(
                "anvil did not start",
                expected="a port that it listens on",
                found=b"".join(self._said).decode("utf-8", "replace").strip()[-500:] or "silence",
            )
        self.url: str = f"http://127.0.0.1:{self._port}"

    def _listen(self) -> None:
        assert self._shell.stdout is not None
        for line in self._shell.stdout:  # read to the end: a full pipe would stop anvil
            if self._port is None:
                self._said.append(line)
                found = _LISTENING.search(line)
                if found:
                    self._port = int(found[1])
                    self._known.set()
        self._known.set()

    def close(self) -> None:
        """Ends anvil; its state was never the truth."""
        if self._shell.stdin is not None and not self._shell.stdin.closed:
            self._shell.stdin.close()
        try:
            self._shell.wait(10)
        except subprocess.TimeoutExpired:
            self._shell.kill()
            self._shell.wait()
