"""The docker files parse, fit each other, and describe the Besu network that was measured to work."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import rlp
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
SIGNER = "0x" + "aB" * 20
NODES = ["validator1", "validator2", "validator3", "validator4", "rpcnode"]


def compose(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / name).read_text("utf-8"))
    return loaded


def generate(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DOCKER / "besu/gen_network.py"), "--out", str(out), "--signer", SIGNER, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("besu") / "network"
    done = generate(out)
    assert done.returncode == 0, done.stderr
    return out


def genesis(network: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((network / "genesis.json").read_text("utf-8"))
    return loaded


def config(network: Path, node: str) -> dict[str, Any]:
    return tomllib.loads((network / "nodes" / node / "config.toml").read_text("utf-8"))


def test_the_genesis_names_four_sorted_validators_without_vote_or_seals(network: Path) -> None:
    vanity, validators, vote, round_, seals = rlp.decode(bytes.fromhex(genesis(network)["extraData"][2:]))
    assert (vanity, vote, round_, seals) == (bytes(32), [], b"", [])
    assert len(validators) == 4 and validators == sorted(validators) and {len(v) for v in validators} == {20}


def test_the_genesis_is_free_of_gas_price_and_gives_signers_a_balance(network: Path) -> None:
    made = genesis(network)
    assert made["config"]["zeroBaseFee"] is True and made["baseFeePerGas"] == "0x0"
    assert set(made["alloc"]) == {SIGNER.lower()} and int(made["alloc"][SIGNER.lower()]["balance"], 16) > 0
    assert made["config"]["qbft"]["requesttimeoutseconds"] == 2 * made["config"]["qbft"]["blockperiodseconds"]


def test_the_forks_follow_the_option(tmp_path: Path) -> None:
    for evm, times in (("london", set()), ("osaka", {"shanghaiTime", "cancunTime", "pragueTime", "osakaTime"})):
        assert generate(tmp_path / evm, "--evm", evm).returncode == 0
        assert {key for key in genesis(tmp_path / evm)["config"] if key.endswith("Time")} == times


def test_every_node_allows_every_node_and_the_signers_alone(network: Path) -> None:
    for node in NODES:
        allowed = tomllib.loads((network / "nodes" / node / "permissions_config.toml").read_text("utf-8"))
        assert allowed["accounts-allowlist"] == [SIGNER.lower()]
        assert len(allowed["nodes-allowlist"]) == 5
        others = json.loads((network / "nodes" / node / "static-nodes.json").read_text("utf-8"))
        assert len(others) == 4 and set(others) < set(allowed["nodes-allowlist"])


@pytest.mark.parametrize("node", NODES)
def test_every_node_keeps_old_states_takes_free_transactions_and_refuses_unprotected_ones(
    network: Path, node: str
) -> None:
    made = config(network, node)
    assert "profile" not in made  # named in a file it would not be applied
    assert made["data-storage-format"] == "FOREST" and made["sync-mode"] == "FULL"
    assert made["min-gas-price"] == 0 and made["strict-tx-replay-protection-enabled"] is True
    assert (made["tx-pool"], made["tx-pool-limit-by-account-percentage"]) == ("SEQUENCED", 0.9)
    assert made["permissions-nodes-config-file-enabled"] is made["permissions-accounts-config-file-enabled"] is True
    assert made["discovery-enabled"] is False and made["nat-method"] == "NONE"
    assert ("ADMIN" in made["rpc-http-api"]) is (node != "rpcnode")


def test_keys_are_fresh_private_and_never_overwritten(network: Path, tmp_path: Path) -> None:
    key = network / "nodes/validator1/key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_text("utf-8")
    again = generate(network)
    assert again.returncode != 0 and "expected a folder without a network" in again.stderr
    assert key.read_text("utf-8") == before
    assert generate(tmp_path / "other").returncode == 0
    assert (tmp_path / "other/nodes/validator1/key").read_text("utf-8") != before


def test_a_signer_that_is_no_address_is_refused(tmp_path: Path) -> None:
    done = generate(tmp_path / "network", "--signer", "0x12")
    assert done.returncode == 2 and "expected an address" in done.stderr and not (tmp_path / "network").exists()


def test_without_docker_all_ports_differ_and_listen_on_loopback(tmp_path: Path) -> None:
    assert generate(tmp_path / "network", "--local", "30300").returncode == 0
    made = [config(tmp_path / "network", node) for node in NODES]
    ports = [c[key] for c in made for key in ("p2p-port", "rpc-http-port", "metrics-port")]
    assert len(set(ports)) == 15
    assert {c[key] for c in made for key in ("p2p-host", "p2p-interface", "rpc-http-host", "metrics-host")} == {
        "127.0.0.1"
    }


def test_the_besu_compose_file_runs_the_nodes_that_the_generator_writes(network: Path) -> None:
    services = compose("compose.besu.yml")["services"]
    assert list(services) == NODES
    for name, service in services.items():
        made = config(network, name)
        mounts = dict(mount.split(":")[:2] for mount in service["volumes"])
        assert mounts["./besu/network/genesis.json"] == made["genesis-file"]
        assert mounts[f"./besu/network/nodes/{name}"] == str(Path(made["node-private-key-file"]).parent)
        assert mounts[name] == made["data-path"]
        assert service["networks"]["consortium"]["ipv4_address"] == made["p2p-host"]
        assert service["hostname"] in made["host-allowlist"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published and all(port.startswith("127.0.0.1:") for port in published)


def test_the_developers_chain_listens_on_loopback_and_takes_free_transactions() -> None:
    chain = compose("compose.dev.yml")["services"]["chain"]
    assert {"--server.host=127.0.0.1", "--chain.hardfork=berlin", "--miner.defaultGasPrice=0"} <= set(chain["command"])
    pinned = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]["ganache"]
    assert chain["image"].endswith(f":v{pinned}")


def test_the_image_copies_what_exists_and_does_not_run_as_root() -> None:
    text = (DOCKER / "Dockerfile").read_text("utf-8")
    copied = [name for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"carbonledger", "ledger_node", "oracle", "api"} <= set(copied)
    assert "--require-hashes" in text and re.search(r"^USER (?!root)\w+$", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["compose.dev.yml", "compose.besu.yml"])
def test_docker_itself_accepts_the_compose_file(name: str) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker client with compose here: install docker; other tests read the files without it")
    done = subprocess.run(
        [docker, "compose", "-f", str(DOCKER / name), "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
