// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The acts about pledged units as structs, and their EIP-712 type hashes (docs/formats/acts.md). Rules as in Acts.sol.

/// @notice Taken by PledgeRegistry.pledge. Signed by the member and by the bank, each under a deadline of its own.
struct Pledge {
    bytes32 member;
    bytes32 bank;
    bytes32 lot;
    uint64 amount;
    bytes32 loan;
    uint64 principal;
    uint64 termTo;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PLEDGE_TYPE = keccak256(
    "Pledge(bytes32 member,bytes32 bank,bytes32 lot,uint64 amount,bytes32 loan,uint64 principal,uint64 termTo,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by PledgeRegistry.substitute. Signed by the member and by the bank.
struct PledgeSubstitution {
    bytes32 pledge;
    bytes32 lot;
    uint64 amount;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PLEDGE_SUBSTITUTION_TYPE =
    keccak256("PledgeSubstitution(bytes32 pledge,bytes32 lot,uint64 amount,bytes32 reference,uint64 deadline)");

/// @notice Taken by PledgeRegistry.release.
struct PledgeRelease {
    bytes32 pledge;
    uint64 amount;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PLEDGE_RELEASE_TYPE =
    keccak256("PledgeRelease(bytes32 pledge,uint64 amount,bytes32 reference,uint64 deadline)");

/// @notice Taken by PledgeRegistry.enforce.
struct PledgeEnforcement {
    bytes32 regulator;
    bytes32 pledge;
    uint64 amount;
    bytes32 taker;
    bytes32 order;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PLEDGE_ENFORCEMENT_TYPE = keccak256(
    "PledgeEnforcement(bytes32 regulator,bytes32 pledge,uint64 amount,bytes32 taker,bytes32 order,"
    "bytes32 reference,uint64 deadline)"
);
