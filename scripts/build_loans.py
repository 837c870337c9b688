#!/usr/bin/env python3
"""Makes the published sets of carbonledger/loans from the tables in scripts/loans.

python scripts/build_loans.py           write the JSON files
python scripts/build_loans.py --check   exit 1 and name the files that differ from the tables
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from carbonledger import jcs  # noqa: E402
from carbonledger.loans.catalogue import Catalogue  # noqa: E402
from carbonledger.loans.tool import Tool  # noqa: E402
from carbonledger.loans.validity import Validity  # noqa: E402
from scripts.build_assessment import published  # noqa: E402

TABLES = ROOT / "scripts" / "loans"
TARGET = ROOT / "carbonledger" / "loans" / "data"


def build() -> dict[Path, bytes]:
    """Path -> content of every file that is made here."""
    made: dict[Path, bytes] = {}
    for kind, parse in (("tool", Tool.parse), ("catalogue", Catalogue.parse), ("validity", Validity.parse)):
        for source in sorted((TABLES / kind).glob("*.toml")):
            value = published(tomllib.loads(source.read_text(encoding="utf-8")))
            made[TARGET / kind / f"{source.stem}.json"] = parse(jcs.encode(value)).json()
    return made


def main() -> int:
    """Write, or compare, all files."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="only compare")
    check = arguments.parse_args().check
    stale = [path for path, content in build().items() if not path.exists() or path.read_bytes() != content]
    for path in stale:
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(build()[path])
        print(f"{'differs' if check else 'wrote'} {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
