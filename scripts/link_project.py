"""Make this tree importable in its virtual environment, with its metadata, entry points and command.

It does what `pip install --no-deps -e .` would do, from `pyproject.toml` alone: without a network and without a build
backend, which only the development lock has.
"""

from __future__ import annotations

import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def entry_points(project: dict[str, Any]) -> str:
    """The text of entry_points.txt: the scripts and the groups of the [project] table."""
    groups: dict[str, dict[str, str]] = {"console_scripts": project["scripts"], **project["entry-points"]}
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in names.items())
        for group, names in groups.items()
    )


def link(site: Path, scripts: Path) -> None:
    """Write the path file, the dist-info folder and the launchers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    for old in site.glob(f"{name}-*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    files = {
        site / f"{name}.pth": f"{ROOT}\n",
        info / "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        info / "entry_points.txt": entry_points(project),
        info / "INSTALLER": "scripts/link_project.py\n",
    }
    for path, text in files.items():
        path.write_text(text, "utf-8")
    for command, target in project["scripts"].items():
        module, function = target.split(":")
        launcher = scripts / command
        launcher.write_text(
            f"#!{sys.executable}\nimport sys\n\nfrom {module} import {function}\n\nsys.exit({function}())\n", "utf-8"
        )
        launcher.chmod(0o755)
        files[launcher] = ""
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in [*files, info / "RECORD"]), "utf-8")


if __name__ == "__main__":
    link(Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("scripts")))
