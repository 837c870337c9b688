// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Bytes kept as the code of contracts: written once, cheap to read, never changed.
/// @dev The code begins with STOP, so it cannot be run; chunks stay below the code size limit of 24,576 bytes.
library DataStore {
    uint256 internal constant CHUNK_BYTES = 24_000;

    error DataStoreFailed(uint256 size);

    function write(bytes memory data) internal returns (address[] memory chunks) {
        uint256 count = (data.length + CHUNK_BYTES - 1) / CHUNK_BYTES;
        chunks = new address[](count);
        for (uint256 i = 0; i < count; i++) {
            uint256 start = i * CHUNK_BYTES;
            uint256 size = data.length - start < CHUNK_BYTES ? data.length - start : CHUNK_BYTES;
            bytes memory part = new bytes(size);
            assembly ("memory-safe") {
                // the identity precompile copies
                if iszero(staticcall(gas(), 4, add(add(data, 32), start), size, add(part, 32), size)) { revert(0, 0) }
            }
            // PUSH2 size+1, DUP1, PUSH1 12, PUSH1 0, CODECOPY, PUSH1 0, RETURN: returns what follows it
            bytes memory code = abi.encodePacked(hex"61", uint16(size + 1), hex"80600c6000396000f3", hex"00", part);
            address chunk;
            assembly ("memory-safe") {
                chunk := create(0, add(code, 32), mload(code))
            }
            if (chunk == address(0)) revert DataStoreFailed(size);
            chunks[i] = chunk;
        }
    }

    function read(address[] storage chunks) internal view returns (bytes memory data) {
        uint256 total = 0;
        for (uint256 i = 0; i < chunks.length; i++) {
            total += chunks[i].code.length - 1;
        }
        data = new bytes(total);
        uint256 offset = 0;
        for (uint256 i = 0; i < chunks.length; i++) {
            address chunk = chunks[i];
            uint256 size = chunk.code.length - 1;
            assembly ("memory-safe") {
                extcodecopy(chunk, add(add(data, 32), offset), 1, size)
            }
            offset += size;
        }
    }
}
