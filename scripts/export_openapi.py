#!/usr/bin/env python3
"""Write the OpenAPI document of the API to docs/openapi.json; `--check` compares instead."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import create_engine  # noqa: E402

from api.app import create_app, openapi_bytes  # noqa: E402
from api.settings import Settings  # noqa: E402

TARGET = ROOT / "docs/openapi.json"


def document() -> bytes:
    """The document of this tree."""
    return openapi_bytes(create_app(Settings(), create_engine("sqlite://")))


def main() -> int:
    """0 written, or the same; 1 another."""
    if "--check" not in sys.argv[1:]:
        TARGET.write_bytes(document())
        return 0
    if TARGET.read_bytes() == document():
        return 0
    print("docs/openapi.json is another than the API's: run scripts/export_openapi.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
