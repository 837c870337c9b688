"""Which Python the set-up chooses for .venv."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHOICE = """
set -euo pipefail
setup_say() { echo "$*" >&2; }
eval "$(sed -n '/^setup_python()/,/^}/p' scripts/setup.sh)"
setup_python
"""


def choose(folder: Path, **interpreters: str) -> subprocess.CompletedProcess[str]:
    """With these on PATH, in this order: the name, with `_` for `.`, and the body of a shell script."""
    places = []
    for number, (name, body) in enumerate(interpreters.items()):
        place = folder / str(number)
        place.mkdir()
        program = place / name.partition("__")[0].replace("_", ".")
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
        places.append(str(place))
    (folder / "bin").mkdir()
    (folder / "bin/sed").symlink_to("/bin/sed")
    path = os.pathsep.join([*places, str(folder / "bin")])
    return subprocess.run(
        ["/bin/bash", "-c", CHOICE], env={"PATH": path}, cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("interpreters", "chosen"),
    [
        ({"python3_11": "echo plain", "python3_12": "echo plain"}, "0/python3.11"),
        ({"python3_11": "echo plain", "python3": "echo optimised"}, "1/python3"),
        ({"python3_11": "echo plain", "python3_11__2": "echo optimised"}, "1/python3.11"),
        ({"python3": "echo optimised", "python3_12": "echo optimised"}, "1/python3.12"),
        ({"python3_11": "exit 1", "python3": "echo plain"}, "1/python3"),  # too old, or without its venv
        ({"python3_12": "exit 127", "python3_13": "echo plain"}, "1/python3.13"),
    ],
)
def test_an_optimised_python_goes_before_a_plain_one_and_3_11_before_newer_ones(
    interpreters: dict[str, str], chosen: str, tmp_path: Path
) -> None:
    found = choose(tmp_path, **interpreters)
    assert found.stdout.strip() == str(tmp_path / chosen), found.stderr


def test_without_a_python_the_set_up_says_what_to_install(tmp_path: Path) -> None:
    found = choose(tmp_path, python3="exit 1")
    assert found.returncode == 1
    assert "expected 3.11 or newer" in found.stderr
    assert "apt-get install python3 python3-venv" in found.stderr


def test_the_python_of_this_run_is_one_that_may_be_chosen() -> None:
    found = subprocess.run(["/bin/bash", "-c", CHOICE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert os.access(found.stdout.strip(), os.X_OK)
