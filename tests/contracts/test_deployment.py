"""The contracts are created where the Directory says, with the committed code, and the deployer keeps no right."""

from __future__ import annotations

from typing import Any

import pytest

from carbonledger.errors import Invalid
from carbonledger.identifiers import chain_name
from carbonledger.records import DIRECTORY_SLOT, Record, founders_digest
from ledger_node import deployment
from ledger_node.contract_names import NAMES
from ledger_node.deployment import Deployment, check_deployed


def test_every_contract_has_the_committed_code_and_stands_in_the_directory(world: Any) -> None:
    check_deployed(world.chain, world.deployment)


def test_another_contract_at_the_address_is_found(world: Any) -> None:
    moved = dict(world.deployment.addresses, GrantRegistry=world.address("FactorRegistry"))
    with pytest.raises(Invalid, match="code of GrantRegistry"):
        check_deployed(world.chain, Deployment(moved))


def test_the_directory_stands_in_slot_one_of_every_registry(world: Any) -> None:
    for name in NAMES:
        if name.endswith("Calculator") or name == "Batch":  # pure, or without state
            continue
        expected = bytes(32) if name == "Directory" else bytes(12) + world.deployment.directory
        assert world.chain.storage(world.address(name), DIRECTORY_SLOT) == expected


def test_the_records_of_genesis_are_those_that_python_computes(world: Any) -> None:
    founders = [(f.member, f.province, f.key) for f in world.founders]
    governance = Record.of("governance", threshold=2, regulators=3, founders=founders_digest(founders))
    assert world.stored(governance)
    listing = Record.of(
        "contract",
        name=chain_name("GrantRegistry"),
        version=1,
        location=world.address("GrantRegistry"),
        codeHash=bytes.fromhex(deployment.artifact("GrantRegistry")["codeHash"]),
        since=1_735_000_000,
    )
    assert world.chain.storage(world.deployment.directory, listing.slot()) == listing.digest()


def test_the_directory_changes_only_by_the_quorum(world: Any, reverted: Any) -> None:
    code_hash = bytes.fromhex(deployment.artifact("FactorRegistry")["codeHash"])
    values = {
        "name": chain_name("GrantRegistry"),
        "version": 2,
        "location": world.address("FactorRegistry"),
        "codeHash": code_hash,
        "since": world.chain.time,
    }
    act = world.act("DirectoryEntry", **values)
    with pytest.raises(reverted) as error:
        world.relay(act, world.quorum(act, 1))
    assert error.value.name == "MemberRegistryQuorumTooSmall"
    world.relay(act, world.quorum(act))
    assert world.ask("Directory", "location_of", chain_name("GrantRegistry")) == world.address("FactorRegistry")
    again = world.act("DirectoryEntry", **values)
    with pytest.raises(reverted) as error:
        world.relay(again, world.quorum(again))
    assert error.value.name == "DirectoryVersionNotNewer"
    wrong = world.act("DirectoryEntry", **values | {"version": 3, "codeHash": bytes(32)})
    with pytest.raises(reverted) as error:
        world.relay(wrong, world.quorum(wrong))
    assert error.value.name == "DirectoryCodeDiffers"


def test_the_directory_lists_only_what_has_a_name_and_a_beginning_in_order(world: Any, reverted: Any) -> None:
    listed, now = world.chain.time, world.chain.time + 100
    world.chain.time = now
    values = {
        "name": chain_name("GrantRegistry"),
        "version": 2,
        "location": world.address("FactorRegistry"),
        "codeHash": bytes.fromhex(deployment.artifact("FactorRegistry")["codeHash"]),
        "since": now,
    }
    for changes, error in (
        ({"since": listed - 1}, "DirectorySinceOutOfRange"),
        ({"since": now + 1}, "DirectorySinceOutOfRange"),
        ({"name": bytes(32)}, "DirectoryNameEmpty"),
    ):
        act = world.act("DirectoryEntry", **values | changes)
        with pytest.raises(reverted) as caught:
            world.relay(act, world.quorum(act))
        assert caught.value.name == error
    act = world.act("DirectoryEntry", **values | {"since": listed})
    world.relay(act, world.quorum(act))
