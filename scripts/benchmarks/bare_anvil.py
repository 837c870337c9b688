"""An anvil without our journal, started with the same arguments, and a chain over it for setting it up."""

from __future__ import annotations

import os
from pathlib import Path

from ledger_node.chain.anvil import process
from ledger_node.chain.anvil.chain import CHAIN_ID, GAS_LIMIT
from ledger_node.chain.rpc.chain import RpcChain
from ledger_node.chain.types import Block
from scripts.benchmarks.bare_client import BareClient

_PROJECT = Path(__file__).resolve().parents[2]


class BareAnvil:
    """The process, a bare client of it, and `chain`, which mines when it is told to."""

    def __init__(self) -> None:
        program = process.binary(os.environ, _PROJECT)
        arguments = [
            *("--no-mining", "--order", "fifo", "--prune-history", "64", "--hardfork", "paris"),
            *("--chain-id", str(CHAIN_ID), "--gas-limit", str(GAS_LIMIT), "--no-request-size-limit"),
            *("--block-base-fee-per-gas", "0", "--gas-price", "0", "--accounts", "1"),
        ]
        self._process = process.AnvilProcess(program, arguments)
        self.client = BareClient(str(self._process.url))
        self.chain = _MinedOnDemand(str(self._process.url), self.client)

    def mine(self) -> None:
        """One block."""
        self.client.call("evm_mine")

    def close(self) -> None:
        """Ends the process."""
        self.chain.close()
        self.client.close()
        self._process.close()


class _MinedOnDemand(RpcChain):
    def __init__(self, url: str, client: BareClient) -> None:
        super().__init__(url)
        self._client_of_mining = client

    def advance(self, timestamp: int | None = None) -> Block | None:
        self._client_of_mining.call("evm_mine")
        return self.head()

    def waiting(self) -> int:
        return 1  # nobody counts here: mine whenever asked
