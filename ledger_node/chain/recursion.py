"""Python's recursion limit, kept as it is while something is imported that raises it for the whole process.

py_ecc (below web3, eth_account and py-evm) sets 100,000, py-evm 12,288. Under such a limit a few kilobytes of nested
JSON overflow the C stack, in any part of the process that parses them: the limit is what turns that into an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def recursion_limit_kept() -> Iterator[None]:
    """Puts the limit back on leaving."""
    limit = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
