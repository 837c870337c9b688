"""docs/verify-it-yourself.md is run as it stands, each command with the exit code it states."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Job

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/verify-it-yourself.md"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("main-job")]


def steps() -> list[tuple[str, int]]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = []
    for line in "".join(blocks).splitlines():
        assert line.startswith("$ "), line
        text, _, code = line[2:].partition("   # exit ")
        found.append((text, int(code or 0)))
    return found


def test_every_command_of_the_walk_does_what_the_page_says(job: Job, tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to(job.home)
    launcher = tmp_path / "bin" / "carbonledger"
    launcher.parent.mkdir()
    launcher.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m carbonledger "$@"\n', encoding="ascii"
    )
    launcher.chmod(0o755)
    environment = {**os.environ, "PATH": f"{launcher.parent}:{os.environ['PATH']}"}
    assert len(steps()) > 8
    for text, code in steps():
        done = subprocess.run(
            text, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
