#!/usr/bin/env python3
"""Makes the published sets of carbonledger/loans from the tables in scripts/loans.

python scripts/build_loans.py           write the JSON files
python scripts/build_loans.py --check   exit 1 and name the files that differ from the tables
"""

from __future__ import annotations

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
from scripts import made_files  # noqa: E402
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


if __name__ == "__main__":
    raise SystemExit(made_files.main(__doc__, build()))
