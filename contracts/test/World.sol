// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Admission,
    ADMISSION_TYPE,
    Checkpoint,
    CHECKPOINT_TYPE,
    KeyEnrolment,
    KEY_ENROLMENT_TYPE,
    LogRegistration,
    LOG_REGISTRATION_TYPE
} from "../src/Acts.sol";
import {CheckpointRegistry} from "../src/CheckpointRegistry.sol";
import {Directory} from "../src/Directory.sol";
import {IDirectory} from "../src/interfaces/IDirectory.sol";
import {IMemberRegistry} from "../src/interfaces/IMemberRegistry.sol";
import {MemberRegistry} from "../src/MemberRegistry.sol";
import {Signatures, Signed} from "../src/Signatures.sol";
import {Test} from "./Vm.sol";

/// @notice Two regulators (both must sign), an enterprise with a gateway and a log, and a witness of a bank.
abstract contract World is Test {
    uint256 internal constant REGULATOR_A = 0xa1;
    uint256 internal constant REGULATOR_B = 0xa2;
    uint256 internal constant ENTERPRISE_KEY = 0xe1;
    uint256 internal constant BANK_KEY = 0xb1;
    uint256 internal constant GATEWAY_KEY = 0x61;
    uint256 internal constant WITNESS_KEY = 0x71;

    bytes32 internal constant ENTERPRISE_ID = keccak256("enterprise");
    bytes32 internal constant BANK_ID = keccak256("bank");
    bytes32 internal constant GATEWAY_ID = keccak256("gateway");
    string internal constant ORIGIN = "plant.example/log";

    Directory internal directory;
    MemberRegistry internal members;
    CheckpointRegistry internal checkpoints;
    uint256 private _references;

    function setUp() public virtual {
        vm.warp(1735000000);
        uint64 nonce = vm.getNonce(address(this));
        IDirectory.Listing[] memory table = new IDirectory.Listing[](2);
        table[0] = IDirectory.Listing("MemberRegistry", 1, vm.computeCreateAddress(address(this), nonce + 1), 0, 0);
        table[1] = IDirectory.Listing("CheckpointRegistry", 1, vm.computeCreateAddress(address(this), nonce + 2), 0, 0);
        directory = new Directory(table);
        IMemberRegistry.Founder[] memory founders = new IMemberRegistry.Founder[](2);
        founders[0] = IMemberRegistry.Founder(bytes32(uint256(1)), "CN-31", vm.addr(REGULATOR_A));
        founders[1] = IMemberRegistry.Founder(bytes32(uint256(2)), "CN-31", vm.addr(REGULATOR_B));
        members = new MemberRegistry(address(directory), founders, 2);
        checkpoints = new CheckpointRegistry(address(directory));
        admit(ENTERPRISE_ID, 2, vm.addr(ENTERPRISE_KEY), ENTERPRISE_KEY);
        admit(BANK_ID, 16, vm.addr(BANK_KEY), BANK_KEY);
        enrol(ENTERPRISE_ID, ENTERPRISE_KEY, GATEWAY_KEY, 2, GATEWAY_ID);
        enrol(BANK_ID, BANK_KEY, WITNESS_KEY, 4, BANK_ID);
        registerLog();
    }

    function signed(uint256 key, bytes32 structHash) internal view returns (Signed memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, Signatures.digest(structHash));
        return Signed(vm.addr(key), abi.encodePacked(r, s, v));
    }

    function quorum(bytes32 structHash) internal view returns (Signed[] memory all) {
        all = new Signed[](2);
        all[0] = signed(REGULATOR_A, structHash);
        all[1] = signed(REGULATOR_B, structHash);
    }

    function nextReference() internal returns (bytes32) {
        return bytes32(++_references);
    }

    function admit(bytes32 member, uint16 kinds, address key, uint256 privateKey) internal {
        Admission memory act = Admission(member, kinds, "CN-31", key, 0, nextReference(), type(uint64).max);
        bytes32 structHash = keccak256(abi.encode(ADMISSION_TYPE, act));
        members.admit(act, signed(privateKey, structHash), quorum(structHash));
    }

    function enrol(bytes32 member, uint256 memberKey, uint256 newKey, uint8 purpose, bytes32 subject) internal {
        KeyEnrolment memory act = KeyEnrolment(
            bytes32(uint256(uint160(vm.addr(newKey)))),
            member,
            purpose,
            subject,
            3,
            uint64(block.timestamp),
            0,
            nextReference(),
            type(uint64).max
        );
        bytes32 structHash = keccak256(abi.encode(KEY_ENROLMENT_TYPE, act));
        members.enrolKey(act, signed(memberKey, structHash), signed(newKey, structHash));
    }

    function registerLog() internal {
        LogRegistration memory act =
            LogRegistration(ORIGIN, ENTERPRISE_ID, GATEWAY_ID, 1, nextReference(), type(uint64).max);
        bytes32 structHash = keccak256(
            abi.encode(
                LOG_REGISTRATION_TYPE,
                keccak256(bytes(act.origin)),
                act.member,
                act.gateway,
                act.witnessQuorum,
                act.ref,
                act.deadline
            )
        );
        checkpoints.registerLog(act, signed(ENTERPRISE_KEY, structHash));
    }

    function checkpointHash(uint64 size, bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(CHECKPOINT_TYPE, keccak256(bytes(ORIGIN)), uint256(size), root));
    }

    function anchor(uint64 size, bytes32 root, bytes32[] memory proof) internal {
        bytes32 structHash = checkpointHash(size, root);
        Signed[] memory witnesses = new Signed[](1);
        witnesses[0] = signed(WITNESS_KEY, structHash);
        checkpoints.anchor(Checkpoint(ORIGIN, size, root), proof, signed(GATEWAY_KEY, structHash), witnesses);
    }
}
