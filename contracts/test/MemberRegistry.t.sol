// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Admission, ADMISSION_TYPE, KeyEnrolment, KEY_ENROLMENT_TYPE} from "../src/Acts.sol";
import {IMemberRegistry} from "../src/interfaces/IMemberRegistry.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {MemberRegistry} from "../src/MemberRegistry.sol";
import {Signatures, Signed} from "../src/Signatures.sol";
import {World} from "./World.sol";

/// @notice An organisation that signs through a contract (EIP-1271).
contract Wallet {
    mapping(bytes32 digest => bool) private _accepted;

    function accept(bytes32 digest) external {
        _accepted[digest] = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return _accepted[digest] ? this.isValidSignature.selector : bytes4(0);
    }
}

contract MemberRegistryTest is World {
    function test_an_organisation_may_sign_through_a_contract() public {
        Wallet wallet = new Wallet();
        Admission memory act = Admission("guild", 32, "CN-31", address(wallet), 0, nextReference(), type(uint64).max);
        bytes32 structHash = keccak256(abi.encode(ADMISSION_TYPE, act));
        Signed memory applicant = Signed(address(wallet), "");
        Signed[] memory all = quorum(structHash);
        vm.expectPartialRevert(IRegistry.RegistrySignatureInvalid.selector);
        members.admit(act, applicant, all);
        wallet.accept(Signatures.digest(structHash));
        members.admit(act, applicant, all);
        equal(members.actKeyMember(address(wallet)), "guild");
    }

    function test_the_threshold_must_be_within_the_founders() public {
        IMemberRegistry.Founder[] memory founders = new IMemberRegistry.Founder[](1);
        founders[0] = IMemberRegistry.Founder("one", "CN-31", address(1));
        vm.expectRevert(abi.encodeWithSelector(IMemberRegistry.MemberRegistryThresholdOutOfRange.selector, 0, 1));
        new MemberRegistry(address(directory), founders, 0);
        vm.expectRevert(abi.encodeWithSelector(IMemberRegistry.MemberRegistryThresholdOutOfRange.selector, 2, 1));
        new MemberRegistry(address(directory), founders, 2);
    }

    function testFuzz_a_key_counts_from_its_start_to_its_end(uint32 wait, uint32 later) public {
        uint64 start = uint64(block.timestamp) + wait;
        uint256 key = 0x1234;
        KeyEnrolment memory act = KeyEnrolment(
            bytes32(uint256(uint160(vm.addr(key)))), BANK_ID, 1, BANK_ID, 3, start, 0, nextReference(), type(uint64).max
        );
        bytes32 structHash = keccak256(abi.encode(KEY_ENROLMENT_TYPE, act));
        members.enrolKey(act, signed(BANK_KEY, structHash), signed(key, structHash));
        uint64 time = uint64(block.timestamp) + later;
        isTrue(members.keyValidAt(act.keyId, time) == (time >= start));
        vm.warp(time);
        equal(members.actKeyMember(vm.addr(key)), time >= start ? BANK_ID : bytes32(0));
    }
}
