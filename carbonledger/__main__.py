"""`python -m carbonledger`."""

from __future__ import annotations

import sys

from carbonledger.cli import main

if __name__ == "__main__":
    sys.exit(main())
