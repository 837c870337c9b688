// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryEntry, DIRECTORY_ENTRY_TYPE} from "../src/Acts.sol";
import {IAllowanceLedger} from "../src/interfaces/IAllowanceLedger.sol";
import {IReductionRegistry} from "../src/interfaces/IReductionRegistry.sol";
import {Reduction, REDUCTION_TYPE} from "../src/ReductionActs.sol";
import {ReductionRegistry} from "../src/ReductionRegistry.sol";
import {Signed} from "../src/Signatures.sol";
import {World} from "./World.sol";

/// @notice What another version of the ledger could be that the Directory comes to list: it lets a verifier hold.
contract LaxLedger {
    function projectOf(bytes32 project) external view returns (IAllowanceLedger.ProjectRecord memory) {
        return IAllowanceLedger.ProjectRecord(project, project, "method", false, 0, uint64(block.timestamp));
    }
}

/// @dev Today's ledger has no project of a verifier (tests/contracts/test_reductions.py), so a lax one stands in.
contract ReductionRegistryTest is World {
    uint256 private constant VERIFIER_KEY = 0xf1;
    bytes32 private constant VERIFIER_ID = keccak256("verifier");

    ReductionRegistry private _reductions;

    function setUp() public override {
        super.setUp();
        admit(VERIFIER_ID, 8, vm.addr(VERIFIER_KEY), VERIFIER_KEY);
        _reductions = new ReductionRegistry(address(directory));
        address where = address(new LaxLedger());
        uint64 since = uint64(block.timestamp);
        DirectoryEntry memory act =
            DirectoryEntry("AllowanceLedger", 1, where, where.codehash, since, nextReference(), type(uint64).max);
        directory.set(act, quorum(keccak256(abi.encode(DIRECTORY_ENTRY_TYPE, act))));
    }

    /// @dev The lax ledger names each project by its owner.
    function reduction(bytes32 owner)
        private
        returns (Reduction memory act, Signed memory verifier, Signed[] memory regulators)
    {
        uint64 end = uint64(block.timestamp);
        act = Reduction(owner, end - 100, end, 500, 0, VERIFIER_ID, nextReference(), type(uint64).max);
        bytes32 structHash = keccak256(abi.encode(REDUCTION_TYPE, act));
        return (act, signed(VERIFIER_KEY, structHash), quorum(structHash));
    }

    function test_nobody_verifies_the_reductions_of_its_own_project_whatever_the_ledger_lets_it_hold() public {
        (Reduction memory act, Signed memory verifier, Signed[] memory regulators) = reduction(VERIFIER_ID);
        vm.expectRevert(
            abi.encodeWithSelector(
                IReductionRegistry.ReductionRegistryVerifierRefused.selector, VERIFIER_ID, VERIFIER_ID
            )
        );
        _reductions.approve(act, verifier, regulators);
        (act, verifier, regulators) = reduction(ENTERPRISE_ID);
        _reductions.approve(act, verifier, regulators);
        equal(_reductions.creditedTo(ENTERPRISE_ID), block.timestamp);
        equal(_reductions.creditedTo(VERIFIER_ID), 0);
    }
}
