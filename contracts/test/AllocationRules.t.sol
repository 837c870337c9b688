// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ALLOCATION_PUBLICATION_TYPE,
    AllocationPublication,
    DirectoryEntry,
    DIRECTORY_ENTRY_TYPE
} from "../src/Acts.sol";
import {AllocationRules} from "../src/AllocationRules.sol";
import {AllocationCalculator} from "../src/calculators/AllocationCalculator.sol";
import {
    ABSENT,
    AllocationForm,
    Benchmark,
    EntityFacts,
    EntityResult,
    Generator,
    LoadSegment,
    UnitFacts,
    UnitResult
} from "../src/interfaces/IAllocationCalculator.sol";
import {IAllocationRules} from "../src/interfaces/IAllocationRules.sol";
import {World} from "./World.sol";

contract AllocationRulesTest is World {
    AllocationRules private _rules;
    bytes private constant JSON = "{}";

    function setUp() public override {
        super.setUp();
        _rules = new AllocationRules(address(directory));
        list("AllocationCalculator", address(new AllocationCalculator()));
    }

    function list(bytes32 name, address where) private {
        DirectoryEntry memory act =
            DirectoryEntry(name, 1, where, where.codehash, uint64(block.timestamp), nextReference(), type(uint64).max);
        directory.set(act, quorum(keccak256(abi.encode(DIRECTORY_ENTRY_TYPE, act))));
    }

    /// @dev As the plan of 2023 and 2024: generation, gap cap of 20 %, 70 % of last year's emissions first.
    function sound() private pure returns (AllocationForm memory form) {
        form.key = "plan";
        form.calculator = "AllocationCalculator";
        (form.yearFrom, form.yearTo, form.status, form.sectors) = (2023, 2024, 1, 1);
        (form.method, form.excluded, form.preAllocation, form.loadScope, form.special) = (2, 1, 2, 2, 126);
        for (uint256 i = 0; i < 19; i++) {
            form.numbers[i] = ABSENT;
        }
        (form.numbers[0], form.numbers[1], form.numbers[2]) = (400e18, 0.5e18, 0.1e18);
        (form.numbers[13], form.numbers[14], form.numbers[15]) = (1e18, 0.2e18, 0.7e18);
        form.benchmarks = new Benchmark[](1);
        form.benchmarks[0] = Benchmark(1, 2023, 2024, 0.791e18, 0.1033e18);
        form.load = new LoadSegment[](2);
        form.load[0] = LoadSegment(0, 6500, 3, [uint256(1.015e18), 16e18, 20e18, 0, 0]);
        form.load[1] = LoadSegment(6500, 10_001, 1, [uint256(1e18), 0, 0, 0, 0]);
    }

    function digest(AllocationForm memory form) private pure returns (bytes32) {
        bytes memory words = abi.encode(
            form.benchmarks.length,
            form.load.length,
            form.key,
            form.calculator,
            form.yearFrom,
            form.yearTo,
            form.status,
            form.sectors,
            form.method
        );
        words = bytes.concat(
            words, abi.encode(form.excluded, form.preAllocation, form.loadScope, form.special, form.numbers)
        );
        for (uint256 i = 0; i < form.benchmarks.length; i++) {
            words = bytes.concat(words, abi.encode(form.benchmarks[i]));
        }
        for (uint256 i = 0; i < form.load.length; i++) {
            words = bytes.concat(words, abi.encode(form.load[i]));
        }
        return keccak256(words);
    }

    function publish(AllocationForm memory form) private {
        AllocationPublication memory act =
            AllocationPublication(sha256(JSON), digest(form), nextReference(), type(uint64).max);
        _rules.publish(act, JSON, form, quorum(keccak256(abi.encode(ALLOCATION_PUBLICATION_TYPE, act))));
    }

    function publishWrong(AllocationForm memory form, bytes32 field) private {
        AllocationPublication memory act =
            AllocationPublication(sha256(JSON), digest(form), nextReference(), type(uint64).max);
        bytes memory data = abi.encodeCall(
            _rules.publish, (act, JSON, form, quorum(keccak256(abi.encode(ALLOCATION_PUBLICATION_TYPE, act))))
        );
        (bool done, bytes memory reason) = address(_rules).call(data);
        isTrue(!done);
        bytes32 found;
        assembly ("memory-safe") {
            found := mload(add(reason, 36))
        }
        equal(bytes32(bytes4(reason)), bytes32(IAllocationRules.AllocationRulesFormWrong.selector));
        equal(found, field);
    }

    function test_a_sound_plan_is_published_and_given_back_word_by_word() public {
        publish(sound());
        equal(keccak256(abi.encode(_rules.formOf(sha256(JSON)))), keccak256(abi.encode(sound())));
        equal(keccak256(_rules.json(sha256(JSON))), keccak256(JSON));
        equal(_rules.count(), 1);
    }

    function test_a_plan_that_leaves_a_load_out_or_has_it_twice_is_refused() public {
        AllocationForm memory form = sound();
        form.load[1].start = 6501;
        publishWrong(form, "load");
        form.load[1].start = 6499;
        publishWrong(form, "load");
        form = sound();
        form.load[1].below = 10_000;
        publishWrong(form, "load");
        form = sound();
        form.load[0].kind = 5;
        publishWrong(form, "load");
        // a scale of nothing would be divided by
        form.load[0].kind = 4;
        publishWrong(form, "load");
        form = sound();
        form.loadScope = 0;
        publishWrong(form, "load");
    }

    function test_a_plan_whose_load_factor_cannot_be_computed_somewhere_is_refused() public {
        AllocationForm memory form = sound();
        form.load[0].numbers[0] = 0.9e18; // a power of less than one
        publishWrong(form, "load");
        form.load[0].numbers[0] = 2.1e18; // and of more than two
        publishWrong(form, "load");
        form = sound();
        form.load[0].numbers[1] = 12e18; // an exponent below nothing at 64.99 %
        publishWrong(form, "load");
        form.load[0].numbers[1] = 40e18; // one too large at 0 %
        publishWrong(form, "load");
        form = sound();
        form.load[0] = LoadSegment(0, 6500, 2, [uint256(1e18), 0.5e18, 0.6e18, 0, 0]); // a line that ends at 60 %
        publishWrong(form, "load");
        form.load[0] = LoadSegment(0, 6500, 4, [uint256(1e18), 2e18, 5e18, 0, 5e18]); // falls below nothing
        publishWrong(form, "load");
        form.load[0] = LoadSegment(0, 6500, 4, [uint256(1e18), 0.1e18, 1, 0, 5e18]); // a decay that no number holds
        publishWrong(form, "load");
        form = sound();
        form.load[1].numbers[0] = 0; // no allowances at full load
        publishWrong(form, "load");
        form.load[1].numbers[0] = type(uint256).max;
        publishWrong(form, "load");
        form.load[1].numbers[0] = 1e27 + 1e12; // more than a product holds
        publishWrong(form, "load");
        form.load[1].numbers[0] = 1e27;
        publish(form);
    }

    function test_a_plan_with_a_word_that_means_nothing_is_refused() public {
        AllocationForm memory form = sound();
        form.sectors = 16;
        publishWrong(form, "sectors");
        form = sound();
        form.method = 5;
        publishWrong(form, "method");
        form = sound();
        form.excluded = 3;
        publishWrong(form, "excluded");
        form = sound();
        form.preAllocation = 3;
        publishWrong(form, "preAllocation");
        form = sound();
        form.loadScope = 3;
        publishWrong(form, "loadScope");
        form = sound();
        form.special = 1;
        publishWrong(form, "special");
        form.special = 1 << 11;
        publishWrong(form, "special");
        form = sound();
        form.yearTo = 2022;
        publishWrong(form, "yearTo");
    }

    function test_a_number_that_the_method_needs_must_be_there_and_in_range() public {
        AllocationForm memory form = sound();
        form.numbers[0] = ABSENT;
        publishWrong(form, "numbers");
        form = sound();
        form.numbers[15] = ABSENT;
        publishWrong(form, "numbers");
        form.numbers[15] = 1e18 + 1;
        publishWrong(form, "numbers");
        form = sound();
        form.numbers[14] = 1e18 + 1;
        publishWrong(form, "numbers");
        form = sound();
        form.numbers[1] = ABSENT - 1;
        publishWrong(form, "numbers");
        form = sound();
        form.method = 1;
        publishWrong(form, "numbers");
    }

    function test_benchmarks_are_of_known_classes_and_of_the_plans_years() public {
        AllocationForm memory form = sound();
        form.benchmarks[0].unitClass = 5;
        publishWrong(form, "benchmarks");
        form = sound();
        form.benchmarks[0].yearTo = 2025;
        publishWrong(form, "benchmarks");
        form = sound();
        form.benchmarks = new Benchmark[](0);
        publishWrong(form, "benchmarks");
        form = sound();
        form.method = 3;
        publishWrong(form, "benchmarks");
    }

    /// @dev At least 80 % of what was emitted is allocated, whatever the figures.
    function testFuzz_the_gap_cap_holds_for_any_emission(uint40 generated, uint48 grams) public {
        publish(sound());
        (UnitFacts[] memory units, EntityFacts memory entity) = facts(generated, grams);
        (EntityResult memory found, UnitResult[] memory each) = _rules.entity(sha256(JSON), 2024, 0, units, entity);
        uint256 floor = uint256(grams) * 8 / 1e7;
        isTrue(found.verifiedAllocation >= floor);
        isTrue(found.verifiedAllocation == found.initialAllocation || found.verifiedAllocation == floor);
        equal(each[0].allocation, found.initialAllocation);
    }

    function facts(uint64 generated, uint64 grams) private pure returns (UnitFacts[] memory, EntityFacts memory) {
        UnitFacts[] memory units = new UnitFacts[](1);
        EntityFacts memory entity;
        units[0].generators = new Generator[](1);
        units[0].generators[0] = Generator(1, false, 600e6, 0, 0);
        units[0].load = 7000;
        units[0].electricity = generated;
        units[0].emissions = grams;
        return (units, entity);
    }
}
