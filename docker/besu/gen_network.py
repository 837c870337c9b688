"""Generate a Hyperledger Besu QBFT network of four validators and one RPC node (Besu 26.7.1 or newer).

    python docker/besu/gen_network.py --signer 0xADDRESS [--signer ...] [--out FOLDER] [--evm london|cancun|osaka]
    python docker/besu/gen_network.py --signer 0xADDRESS --local 30300     processes on 127.0.0.1, no docker

Writes genesis.json and for each node a folder with key, key.pub, permissions_config.toml, static-nodes.json and
config.toml, beside which ../compose.besu.yml runs. The keys are fresh; an existing network is never overwritten.
Every value of Besu's ENTERPRISE profile is written out: `profile=` inside a configuration file is shown in the banner
and not applied, so a node would silently run on BONSAI, without old states and their proofs.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_keys.datatypes import PrivateKey
from rlp.codec import encode

SUBNET = "172.30.91"
VALIDATORS = ["validator1", "validator2", "validator3", "validator4"]
NODES = [*VALIDATORS, "rpcnode"]
QBFT_MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"  # marks an Istanbul-family block
SIGNER_BALANCE_WEI = 10**24

COMMON = """\
# Besu configuration of {name}. Precedence: command line, environment, this file, defaults.
sync-mode="FULL"
data-storage-format="FOREST"    # old states and their eth_getProof
remote-connections-limit-enabled=false
tx-pool-no-local-priority=true
genesis-file="{genesis}"
data-path="{data}"
node-private-key-file="{conf}/key"
logging="INFO"

nat-method="NONE"               # AUTO starts the docker NAT manager inside a container
p2p-host="{ip}"
{p2p_interface}p2p-port={p2p}
discovery-enabled=false         # closed consortium: only the nodes listed
static-nodes-file="{conf}/static-nodes.json"

min-gas-price=0                 # must be 0 on every node, or it silently drops free transactions
# every node, a proposer too, must be able to hold the pipelined nonces of one signer
tx-pool="SEQUENCED"
tx-pool-max-size=8192
tx-pool-limit-by-account-percentage=0.9
tx-pool-retention-hours=13

permissions-nodes-config-file-enabled=true
permissions-nodes-config-file="{conf}/permissions_config.toml"
permissions-accounts-config-file-enabled=true
permissions-accounts-config-file="{conf}/permissions_config.toml"

rpc-http-enabled=true
rpc-http-host="{bind}"
rpc-http-port={rpc}
rpc-http-api={apis}
strict-tx-replay-protection-enabled=true    # else transactions without a chain id are accepted
host-allowlist={hosts}
metrics-enabled=true
metrics-host="{bind}"
metrics-port={metrics}
"""
RPC_NODE = """
rpc-ws-enabled=true
rpc-ws-host="{bind}"
rpc-ws-port={ws}
rpc-ws-api=["ETH","NET","WEB3"]
rpc-max-logs-range=5000         # blocks of one eth_getLogs
rpc-http-max-batch-size=1024
rpc-http-max-active-connections=300
revert-reason-enabled=true
# in production: a TLS proxy in front, or rpc-http-tls-* and rpc-http-authentication-enabled=true
"""


@dataclass(frozen=True)
class Node:
    """One node: its name, key, and where the others reach it."""

    name: str
    key: PrivateKey
    ip: str
    p2p_port: int

    @property
    def address(self) -> bytes:
        return bytes(self.key.public_key.to_canonical_address())

    @property
    def enode(self) -> str:
        return f"enode://{self.key.public_key.to_bytes().hex()}@{self.ip}:{self.p2p_port}"


def extra_data(validators: list[bytes]) -> str:
    """QBFT extra data of a genesis block: RLP([vanity, [validators, sorted], no vote, round 0, [no seals]])."""
    encoded: bytes = encode([b"\0" * 32, sorted(validators), [], b"", []])  # type: ignore[no-untyped-call]
    return "0x" + encoded.hex()


def genesis(validators: list[bytes], signers: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """The genesis file. Signers get a balance: a transaction that offers a price by mistake then is mined, and pays;
    from an empty account it would never be mined, could not be replaced, and would block all behind it."""
    forks = "homestead eip150 eip158 byzantium constantinople petersburg istanbul muirGlacier berlin london"
    config: dict[str, Any] = {"chainId": options.chain_id, **{f"{fork}Block": 0 for fork in forks.split()}}
    config["zeroBaseFee"] = True
    if options.evm != "london":  # cancun stops before osaka's cap of 2^24 gas per transaction (EIP-7825)
        config |= {"shanghaiTime": 0, "cancunTime": 0}
    if options.evm == "osaka":
        config |= {"pragueTime": 0, "osakaTime": 0}
    config["qbft"] = {
        "blockperiodseconds": options.period,
        "epochlength": 30000,
        "requesttimeoutseconds": options.request_timeout or 2 * options.period,
    }
    if options.empty_period:
        config["qbft"]["emptyblockperiodseconds"] = options.empty_period
    return {
        "config": config,
        "nonce": "0x0",
        "timestamp": "0x0",
        "extraData": extra_data(validators),
        "gasLimit": hex(options.gas_limit),
        "difficulty": "0x1",
        "baseFeePerGas": "0x0",
        "mixHash": QBFT_MIX_HASH,
        "coinbase": "0x" + "00" * 20,
        "alloc": {signer: {"balance": hex(SIGNER_BALANCE_WEI)} for signer in signers},
        "number": "0x0",
        "gasUsed": "0x0",
        "parentHash": "0x" + "00" * 32,
    }


def permissions(nodes: list[Node], signers: list[str]) -> str:
    """The allow-lists. They are a door for each operator, not checked at block import: contracts must authorise too."""
    enodes = ",\n ".join(f'"{node.enode}"' for node in nodes)
    accounts = ",".join(f'"{signer}"' for signer in signers)
    return f"nodes-allowlist=[{enodes}]\naccounts-allowlist=[{accounts}]\n"


def node_config(node: Node, index: int, out: Path, local: int | None) -> str:
    """config.toml of a node, for its container or, with `local`, for a process on 127.0.0.1."""
    serves_rpc = node.name not in VALIDATORS
    folder = out / "nodes" / node.name
    where: dict[str, object]
    if local:
        where = {"genesis": out / "genesis.json", "data": folder / "data", "conf": folder, "bind": "127.0.0.1"}
        where |= {"rpc": local + 100 + index, "metrics": local + 200 + index, "ws": local + 300 + index}
        where |= {"p2p_interface": 'p2p-interface="127.0.0.1"\n'}
    else:
        where = {"genesis": "/network/genesis.json", "data": "/var/lib/besu", "conf": "/config", "bind": "0.0.0.0"}
        where |= {"rpc": 8545, "metrics": 9545, "ws": 8546, "p2p_interface": ""}
    apis = (
        ["ETH", "NET", "WEB3", "TXPOOL", "DEBUG", "TRACE", "QBFT"]
        if serves_rpc
        else ["ETH", "NET", "QBFT", "PERM", "ADMIN"]
    )
    return (COMMON + RPC_NODE * serves_rpc).format(
        name=node.name,
        ip=node.ip,
        p2p=node.p2p_port,
        apis=json.dumps(apis),
        hosts=json.dumps([node.name, "localhost", "127.0.0.1"]),
        **where,
    )


def write_network(options: argparse.Namespace) -> list[Node]:
    """Write all files of the network below `options.out`; the nodes, in the order of NODES."""
    out = options.out.resolve()
    if (out / "genesis.json").exists():
        sys.exit(f"expected a folder without a network, found one in {out}; its keys would be lost: remove it yourself")
    signers = sorted({signer.lower() for signer in options.signer})
    nodes = [
        Node(
            name,
            PrivateKey(secrets.token_bytes(32)),
            "127.0.0.1" if options.local else f"{SUBNET}.{11 + index}",
            options.local + index if options.local else 30303,
        )
        for index, name in enumerate(NODES)
    ]
    for index, node in enumerate(nodes):
        folder = out / "nodes" / node.name
        folder.mkdir(parents=True)
        key = folder / "key"
        key.touch(mode=0o600)
        key.write_text(node.key.to_hex())
        (folder / "key.pub").write_text(node.key.public_key.to_hex())
        # Besu rewrites it on perm_* calls: it must be writable for the node's user (uid 1000 in the image)
        (folder / "permissions_config.toml").write_text(permissions(nodes, signers))
        (folder / "static-nodes.json").write_text(
            json.dumps([n.enode for n in nodes if n is not node], indent=1) + "\n"
        )
        (folder / "config.toml").write_text(node_config(node, index, out, options.local))
    validators = [node.address for node in nodes if node.name in VALIDATORS]
    (out / "genesis.json").write_text(json.dumps(genesis(validators, signers, options), indent=2) + "\n")
    return nodes


def address(text: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise argparse.ArgumentTypeError(f"expected an address, 0x and 40 hex digits; found {text!r}")
    return text


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description="Generate a Besu QBFT network of four validators and one RPC node.")
    p.add_argument("--out", type=Path, default=Path(__file__).parent / "network")
    p.add_argument("--signer", type=address, action="append", required=True, help="account that may send transactions")
    p.add_argument("--evm", choices=["london", "cancun", "osaka"], default="cancun")
    p.add_argument("--chain-id", type=int, default=2026)
    p.add_argument("--period", type=int, default=2, metavar="SECONDS", help="block period")
    p.add_argument("--empty-period", type=int, default=0, metavar="SECONDS", help="period of empty blocks (0: not set)")
    p.add_argument(
        "--request-timeout", type=int, default=0, metavar="SECONDS", help="round timeout (0: twice the period)"
    )
    p.add_argument("--gas-limit", type=int, default=100_000_000)
    p.add_argument(
        "--local", type=int, metavar="PORT", help="no docker: p2p at PORT+i, RPC +100, metrics +200, ws +300"
    )
    return p


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    for node in write_network(options):
        url = f"http://127.0.0.1:{node.p2p_port + 100}" if options.local else node.enode
        print(node.name, "0x" + node.address.hex(), url)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
