"""Opening a chain by its URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from carbonledger.errors import Malformed
from ledger_node.chain.interface import Chain


def open_chain(url: str, home: Path, clock: Callable[[], int]) -> Chain:
    """The chain behind a URL; it keeps what it must keep under `home` and reads time (Unix seconds) from `clock`.

    `embedded:` or `embedded:CHAIN_ID`; `anvil:` or `anvil:CHAIN_ID`; `http(s)://…`, several with commas between
    them being nodes of one chain. Engines are imported when they are asked for.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "embedded":
        from ledger_node.chain.embedded.chain import CHAIN_ID, EmbeddedChain

        return EmbeddedChain(home, clock, _chain_id(url, rest, CHAIN_ID))
    if scheme == "anvil":
        from ledger_node.chain.anvil.chain import CHAIN_ID as ANVIL_CHAIN_ID
        from ledger_node.chain.anvil.chain import AnvilChain

        return AnvilChain(home, clock, _chain_id(url, rest, ANVIL_CHAIN_ID))
    if scheme in ("http", "https"):
        from ledger_node.chain.rpc.chain import RpcChain

        return RpcChain(url)
    raise Malformed("chain URL", expected="embedded:, anvil: or http(s)://…", found=url[:80])


def _chain_id(url: str, rest: str, default: int) -> int:
    if not rest:
        return default
    if rest.isascii() and rest.isdigit() and 0 < int(rest) < 1 << 53:
        return int(rest)
    raise Malformed("chain URL", expected="a chain id after the colon, or nothing", found=url[:80])
