"""The trie nodes of a bundle as a test edits them: out of the one string, and back into it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from carbonledger.evm import rlp
from carbonledger.framing import encode_base64


def nodes_of(bundle: Any) -> list[bytes]:
    """The nodes of a bundle's JSON value, in their order."""
    return list(rlp.split_lists(base64.b64decode(bundle["chain"]["nodes"]), what="nodes"))


def put_nodes(bundle: Any, nodes: Iterable[bytes]) -> None:
    """Puts these nodes in their place, in the order given."""
    bundle["chain"]["nodes"] = encode_base64(b"".join(nodes))
