"""The wheel is the heart alone: what an auditor installs."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_heart_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"carbonledger"}
    assert {"carbonledger/errors.py", "carbonledger/py.typed"} <= set(names)
    tree = {file.relative_to(ROOT).as_posix() for file in (ROOT / "carbonledger").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == tree


def test_the_installed_wheel_runs_without_the_services(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(target)  # a pure wheel is installed by unpacking it
    program = (
        "import runpy, sys\n"
        "sys.argv = ['carbonledger', '--help']\n"
        "try:\n    runpy.run_module('carbonledger', run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "import carbonledger\n"
        "print('FROM', carbonledger.__file__)\n"
        "print('SERVICES', sorted({m.split('.')[0] for m in sys.modules} & {'ledger_node', 'oracle', 'api', 'web3'}))\n"
    )
    libraries = str(Path(importlib.metadata.distribution("msgspec").locate_file("")))
    # -S -E: no path file of this environment, so that the tree itself is not in reach
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", f"import sys; sys.path[:0] = {[str(target), libraries]!r}\n{program}"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "verify" in done.stdout
    assert f"FROM {target}" in done.stdout and "SERVICES []" in done.stdout


def test_the_tree_registers_the_network_sub_commands(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import importlib.metadata as m; print([e.value for e in m.entry_points(group='carbonledger.network')])",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "ledger_node.cli_extension" in done.stdout
