"""The commands that a page of the docs tells its reader to give, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def steps(page: Path) -> list[tuple[str, int]]:
    """Each command of the page's console blocks with the exit code that it states."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    found = []
    for line in "".join(blocks).splitlines():
        assert line.startswith("$ "), line
        text, _, code = line[2:].partition("   # exit ")
        found.append((text, int(code or 0)))
    return found


def walk(page: Path, home: Path, folder: Path) -> None:
    """Give every command in `folder`, where `home` is the home and `carbonledger` the command."""
    (folder / "home").symlink_to(home)
    launcher = folder / "bin" / "carbonledger"
    launcher.parent.mkdir()
    launcher.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m carbonledger "$@"\n', encoding="ascii"
    )
    launcher.chmod(0o755)
    environment = {**os.environ, "PATH": f"{launcher.parent}:{os.environ['PATH']}"}
    for text, code in steps(page):
        done = subprocess.run(
            text, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
