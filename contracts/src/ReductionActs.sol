// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The act about a project's reductions as a struct, and its EIP-712 type hash (docs/formats/acts.md). Rules as in Acts.sol.

/// @notice Taken by ReductionRegistry.approve. The period is (periodFrom, periodTo], in seconds.
struct Reduction {
    bytes32 project;
    uint64 periodFrom;
    uint64 periodTo;
    uint64 amount;
    bytes32 statementDigest;
    bytes32 verifier;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant REDUCTION_TYPE = keccak256(
    "Reduction(bytes32 project,uint64 periodFrom,uint64 periodTo,uint64 amount,bytes32 statementDigest,"
    "bytes32 verifier,bytes32 reference,uint64 deadline)"
);
