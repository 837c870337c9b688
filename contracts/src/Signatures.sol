// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @notice A signature as it travels: who, and r‖s‖v (or what the signer's contract takes, EIP-1271).
struct Signed {
    address signer;
    bytes signature;
}

/// @title EIP-712 under the domain of the product: name, version and chain, no verifying contract,
/// so that a new registry does not void what members signed.
library Signatures {
    bytes32 internal constant DOMAIN_TYPE = keccak256("EIP712Domain(string name,string version,uint256 chainId)");

    /// @dev Computed at run time: contracts have no immutables, so that their code hash is the artefact's.
    function domainSeparator() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("carbonledger"), keccak256("1"), block.chainid));
    }

    function digest(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", domainSeparator(), structHash));
    }

    /// @dev 65 bytes r‖s‖v with low s and v 27 or 28; or EIP-1271 when the signer has code.
    function isValid(Signed calldata signed, bytes32 digest_) internal view returns (bool) {
        // the common case first: looking for the signer's code costs 2,600 gas
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecover(digest_, signed.signature);
        if (problem == ECDSA.RecoverError.NoError && recovered == signed.signer) return true;
        return signed.signer.code.length != 0
            && SignatureChecker.isValidERC1271SignatureNow(signed.signer, digest_, signed.signature);
    }
}
