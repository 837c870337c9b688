"""Files that a script makes from tables: written, or with --check compared with what lies there."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent


def main(description: str | None, made: Mapping[Path, bytes]) -> int:
    """The command of such a script: names the files that differ; 1 if --check finds one."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    stale = [path for path, content in made.items() if not path.exists() or path.read_bytes() != content]
    for path in stale:
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made[path])
        print(f"{'differs' if check else 'wrote'} {path.relative_to(ROOT)}")
    return 1 if check and stale else 0
