// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Calendar} from "../src/libraries/Calendar.sol";
import {DataStore} from "../src/libraries/DataStore.sol";
import {Exact, ExactSum, Sum} from "../src/libraries/ExactSum.sol";
import {MerkleSha256} from "../src/libraries/MerkleSha256.sol";
import {Uint512, Wide} from "../src/libraries/Uint512.sol";
import {Trees} from "./Trees.sol";
import {Test} from "./Vm.sol";

contract LibrariesTest is Test {
    address[] private _chunks;

    /* MERKLE */

    function testFuzz_every_leaf_of_a_tree_is_proven_and_no_other(uint256 seed, uint8 sizeSeed, uint8 indexSeed)
        public
        view
    {
        uint64 size = uint64(sizeSeed % 40) + 1;
        uint64 index = indexSeed % size;
        bytes32 root = Trees.root(seed, 0, size);
        bytes32[] memory proof = Trees.path(seed, index, 0, size);
        isTrue(MerkleSha256.isIncluded(Trees.leaf(seed, index), index, size, proof, root));
        isTrue(!MerkleSha256.isIncluded(Trees.leaf(seed, index + 1), index, size, proof, root));
        isTrue(!MerkleSha256.isIncluded(Trees.leaf(seed, index), size, size, proof, root));
        isTrue(!MerkleSha256.isIncluded(Trees.leaf(seed, index), index, size, proof, bytes32(seed)));
    }

    function testFuzz_a_grown_tree_is_consistent_and_a_changed_proof_is_not(
        uint256 seed,
        uint8 oldSeed,
        uint8 growth,
        uint8 changed
    ) public view {
        uint64 oldSize = uint64(oldSeed % 40) + 1;
        uint64 newSize = oldSize + growth % 40;
        bytes32[] memory proof = Trees.consistency(seed, oldSize, newSize);
        (bytes32 oldRoot, bytes32 newRoot) = (Trees.root(seed, 0, oldSize), Trees.root(seed, 0, newSize));
        isTrue(MerkleSha256.isConsistent(oldSize, oldRoot, newSize, newRoot, proof));
        isTrue(!MerkleSha256.isConsistent(oldSize, bytes32(seed), newSize, newRoot, proof));
        isTrue(!MerkleSha256.isConsistent(oldSize, oldRoot, newSize, bytes32(seed), proof));
        isTrue(!MerkleSha256.isConsistent(0, oldRoot, newSize, newRoot, proof));
        if (proof.length == 0) return;
        proof[changed % proof.length] ^= bytes32(uint256(1));
        isTrue(!MerkleSha256.isConsistent(oldSize, oldRoot, newSize, newRoot, proof));
    }

    /* 512 BITS */

    function testFuzz_a_product_divided_by_a_factor_is_the_other(uint256 a, uint256 b) public pure {
        vm.assume(b != 0);
        equal(Uint512.div(Uint512.mul(a, b), b), a);
    }

    function testFuzz_a_quotient_times_the_divisor_and_the_rest_make_the_dividend(uint256 a, uint256 b, uint256 d)
        public
        pure
    {
        Wide memory product = Uint512.mul(a, b);
        vm.assume(d > product.high);
        Wide memory rest = Uint512.sub(product, Uint512.mul(Uint512.div(product, d), d));
        isTrue(rest.high == 0 && rest.low < d);
    }

    function testFuzz_what_is_added_can_be_taken_away(uint256 a, uint256 b, uint256 c, uint256 e) public pure {
        Wide memory sum = Uint512.add(Wide(a >> 1, b), Wide(c >> 1, e));
        Wide memory back = Uint512.sub(sum, Wide(c >> 1, e));
        isTrue(back.high == a >> 1 && back.low == b);
    }

    function test_the_edges_of_512_bits_are_refused() public {
        uint256 max = type(uint256).max;
        vm.expectRevert(Uint512.Uint512Overflow.selector);
        this.add(Wide(max, max), Wide(0, 1));
        vm.expectRevert(Uint512.Uint512Overflow.selector);
        this.add(Wide(max, 0), Wide(1, 0));
        vm.expectRevert(Uint512.Uint512Overflow.selector);
        this.mul(Wide(max, max), 2);
        vm.expectRevert(Uint512.Uint512Negative.selector);
        this.sub(Wide(1, 0), Wide(1, 1));
        vm.expectRevert(Uint512.Uint512Overflow.selector);
        this.div(Wide(5, 0), 5);
        vm.expectRevert(Uint512.Uint512Overflow.selector);
        this.div(Wide(0, 1), 0);
        equal(this.div(Wide(4, max), 5), max);
    }

    /* EXACT SUMS */

    function test_a_row_that_no_rounding_table_has_is_refused() public {
        Exact memory gram = Exact(Wide(0, ExactSum.UNITS), 1);
        equal(this.rounded(gram, 1), 1);
        equal(this.rounded(gram, 16), 0); // to the nearest t
        uint8[3] memory rows = [uint8(0), 17, 255];
        for (uint256 i = 0; i < rows.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(ExactSum.ExactSumRowUnknown.selector, rows[i]));
            this.rounded(gram, rows[i]);
        }
    }

    function test_rests_without_a_common_denominator_below_the_limit_are_refused() public {
        // one unit below the gram and two rests that make it whole or do not: only the fractions tell
        uint256 below = ExactSum.UNITS - 1;
        uint256 large = (1 << 128) - 1;
        Exact[] memory amounts = new Exact[](2);
        amounts[0] = Exact(Uint512.add(Uint512.mul(below, large), Wide(0, large - 1)), large);
        amounts[1] = Exact(Wide(0, 1), large);
        equal(this.floored(amounts), 1);
        amounts[1] = Exact(Wide(0, 1), large - 1); // coprime: the common denominator is above 2^255
        vm.expectRevert(ExactSum.ExactSumTooFine.selector);
        this.floored(amounts);
    }

    /* CALENDAR */

    function test_months_begin_at_midnight_eight_hours_east() public pure {
        equal(Calendar.monthStart(2025, 1), 1735660800);
        equal(Calendar.monthStart(2025, 13), 1767196800);
        equal(Calendar.monthStart(2024, 3), 1709222400); // the day after 29 February
        equal(Calendar.monthStart(2000, 3) - Calendar.monthStart(2000, 2), 29 days);
        equal(Calendar.monthStart(2100, 3) - Calendar.monthStart(2100, 2), 28 days);
    }

    function testFuzz_a_month_has_28_to_31_days(uint16 year, uint8 month) public pure {
        vm.assume(year >= 1971 && year <= 9999 && month >= 1 && month <= 12);
        uint64 length = Calendar.monthStart(year, month + 1) - Calendar.monthStart(year, month);
        isTrue(length >= 28 days && length <= 31 days && length % 1 days == 0);
    }

    /* DATA */

    function testFuzz_what_is_stored_is_read_back(bytes calldata data) public {
        _chunks = DataStore.write(data);
        equal(keccak256(DataStore.read(_chunks)), keccak256(data));
    }

    function test_long_data_is_kept_in_chunks() public {
        bytes memory data = new bytes(50_001);
        for (uint256 i = 0; i < data.length; i += 997) {
            data[i] = bytes1(uint8(i));
        }
        _chunks = DataStore.write(data);
        equal(_chunks.length, 3);
        equal(keccak256(DataStore.read(_chunks)), keccak256(data));
    }

    function test_a_chunk_that_the_gas_cannot_pay_for_is_not_passed_over() public {
        bytes memory data = new bytes(DataStore.CHUNK_BYTES);
        equal(this.write{gas: 8_000_000}(data), 1);
        // 200 gas a byte of code: a chunk takes 4.8 million
        vm.expectRevert(abi.encodeWithSelector(DataStore.DataStoreFailed.selector, DataStore.CHUNK_BYTES));
        this.write{gas: 4_000_000}(data);
    }

    function write(bytes calldata data) external returns (uint256) {
        return DataStore.write(data).length;
    }

    function rounded(Exact calldata amount, uint8 row) external pure returns (uint256) {
        return ExactSum.rounded(amount, row);
    }

    function floored(Exact[] calldata amounts) external pure returns (uint256) {
        Sum memory sum = ExactSum.empty(amounts.length);
        for (uint256 i = 0; i < amounts.length; i++) {
            ExactSum.add(sum, amounts[i]);
        }
        return ExactSum.difference(sum, ExactSum.empty(0), 1);
    }

    function add(Wide calldata a, Wide calldata b) external pure returns (Wide memory) {
        return Uint512.add(a, b);
    }

    function sub(Wide calldata a, Wide calldata b) external pure returns (Wide memory) {
        return Uint512.sub(a, b);
    }

    function mul(Wide calldata a, uint256 b) external pure returns (Wide memory) {
        return Uint512.mul(a, b);
    }

    function div(Wide calldata a, uint256 d) external pure returns (uint256) {
        return Uint512.div(a, d);
    }
}
