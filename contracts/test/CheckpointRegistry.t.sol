// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoint} from "../src/Acts.sol";
import {ICheckpointRegistry} from "../src/interfaces/ICheckpointRegistry.sol";
import {Signed} from "../src/Signatures.sol";
import {Trees} from "./Trees.sol";
import {World} from "./World.sol";

/// @notice Offers heads of two trees that part ways, in any order, as a confused or lying gateway would.
contract Gateway is World {
    uint256 private constant HONEST = 1;
    uint256 private constant OTHER = 2;

    uint64 public largest;
    uint256 public anchored;

    function offer(uint8 sizeSeed, bool honest) external {
        ICheckpointRegistry.Log memory log = log_();
        uint64 size = uint64(sizeSeed % 64);
        uint256 tree = honest ? HONEST : OTHER;
        bytes32 root = size == 0 ? bytes32(0) : Trees.root(tree, 0, size);
        bytes32[] memory proof =
            log.size == 0 || size <= log.size ? new bytes32[](0) : Trees.consistency(tree, log.size, size);
        try this.anchorExternally(size, root, proof) {
            if (size > largest) {
                largest = size;
                anchored++;
            }
        } catch {}
    }

    function anchorExternally(uint64 size, bytes32 root, bytes32[] calldata proof) external {
        anchor(size, root, proof);
    }

    function log_() public view returns (ICheckpointRegistry.Log memory) {
        return checkpoints.logOf(sha256(bytes(ORIGIN)));
    }

    function rootOfOneTree() external view returns (bool) {
        ICheckpointRegistry.Log memory log = log_();
        if (log.size == 0) return log.root == 0;
        return log.root == Trees.root(HONEST, 0, log.size) || log.root == Trees.root(OTHER, 0, log.size);
    }
}

contract CheckpointRegistryInvariants {
    Gateway private _gateway;
    address[] private _targets;

    function setUp() public {
        _gateway = new Gateway();
        _gateway.setUp();
        _targets.push(address(_gateway));
    }

    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory all) {
        all = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = Gateway.offer.selector;
        all[0] = FuzzSelector(address(_gateway), selectors);
    }

    function invariant_a_log_never_shrinks_and_counts_its_anchors() public view {
        ICheckpointRegistry.Log memory log = _gateway.log_();
        require(log.size == _gateway.largest(), "the log is not at the largest head that was accepted");
        require(log.anchors == _gateway.anchored(), "an anchor was counted twice or not at all");
    }

    function invariant_a_log_stays_on_the_tree_that_it_began() public view {
        require(_gateway.rootOfOneTree(), "the root is of neither tree");
    }
}

contract CheckpointRegistryTest is World {
    function test_the_first_head_needs_no_proof() public {
        anchor(20000, keccak256("root"), new bytes32[](0));
    }

    function test_a_grown_head_is_anchored_with_its_proof() public {
        uint64 oldSize = 100;
        uint64 newSize = 127;
        anchor(oldSize, Trees.root(7, 0, oldSize), new bytes32[](0));
        anchor(newSize, Trees.root(7, 0, newSize), Trees.consistency(7, oldSize, newSize));
    }

    function testFuzz_a_stranger_anchors_nothing(uint256 key) public {
        key = (key % type(uint128).max) + 1000;
        bytes32 structHash = checkpointHash(1, bytes32(uint256(1)));
        Signed[] memory witnesses = new Signed[](1);
        witnesses[0] = signed(WITNESS_KEY, structHash);
        Signed memory stranger = signed(key, structHash);
        vm.expectPartialRevert(ICheckpointRegistry.CheckpointRegistryNotTheGateway.selector);
        checkpoints.anchor(Checkpoint(ORIGIN, 1, bytes32(uint256(1))), new bytes32[](0), stranger, witnesses);
    }
}
