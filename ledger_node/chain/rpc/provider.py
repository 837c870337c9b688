"""web3.py over our nodes: a provider that goes through the same checks and falls over to the same other nodes.

Imported only where it is asked for: it takes a second, and see `ledger_node.chain.recursion`.
"""

from __future__ import annotations

from typing import Any

from web3 import Web3
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger_node.chain.errors import RpcError
from ledger_node.chain.rpc.reads import Transport


class _Provider(JSONBaseProvider):
    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        try:
            return {"jsonrpc": "2.0", "id": 1, "result": self._transport.call(method, params)}
        except RpcError as error:
            detail: Any = {"code": error.code, "message": error.node_message, "data": error.data}
            return {"jsonrpc": "2.0", "id": 1, "error": detail}

    def is_connected(self, show_traceback: bool = False) -> bool:
        return True


def web3_over(transport: Transport) -> Web3:
    """Web3 whose blocks may have more than 32 bytes of extraData (Clique 97, QBFT more)."""
    web3 = Web3(_Provider(transport))
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    return web3
