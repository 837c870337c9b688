// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ABSENT,
    AllocationForm,
    Benchmark,
    EntityFacts,
    EntityResult,
    Generator,
    IAllocationCalculator,
    LoadSegment,
    UnitFacts,
    UnitResult
} from "../interfaces/IAllocationCalculator.sol";
import {Powers} from "../libraries/Powers.sol";
import {Uint512, Wide} from "../libraries/Uint512.sol";

contract AllocationCalculator is IAllocationCalculator {
    using Uint512 for Wide;

    // places in AllocationForm.numbers
    uint256 private constant AT_LARGE_FROM = 0;
    uint256 private constant AT_UNCONVENTIONAL = 1;
    uint256 private constant AT_OTHER_FUELS = 2;
    uint256 private constant AT_COOLING_WATER = 3;
    uint256 private constant AT_COOLING_AIR = 4;
    uint256 private constant AT_HEAT_RATIO_COAL = 5;
    uint256 private constant AT_HEAT_RATIO_GAS = 6;
    uint256 private constant AT_BIOMASS = 7;
    uint256 private constant AT_SECONDARY = 8;
    uint256 private constant AT_COMBINED = 9;
    uint256 private constant AT_GREEN_FUEL = 10;
    uint256 private constant AT_CARBIDE_SLAG = 11;
    uint256 private constant AT_SMALL_BELOW = 12;
    uint256 private constant AT_GAS_TOP_UP = 13;
    uint256 private constant AT_GAP_CAP = 14;
    uint256 private constant AT_PRE_ALLOCATION = 15;
    uint256 private constant AT_BAND_SLOPE = 16;
    uint256 private constant AT_BAND_BORDER = 17;
    uint256 private constant AT_BAND_CAP = 18;

    uint8 private constant SUPPLY = 1;
    uint8 private constant GENERATION = 2;
    uint8 private constant VERIFIED = 3;
    uint8 private constant BAND = 4;
    uint8 private constant NO_ALLOCATION = 1;
    uint8 private constant BY_OUTPUTS = 1;
    uint8 private constant BY_EMISSIONS = 2;
    uint8 private constant CONDENSING = 1;
    uint8 private constant GAS = 4;
    uint256 private constant ONE = 1e18;
    uint256 private constant GRAMS = 1e6;

    /// @inheritdoc IAllocationCalculator
    function loadFactor(LoadSegment[] calldata segments, uint16 load) external pure returns (uint256) {
        return _loadFactor(segments, load);
    }

    /// @inheritdoc IAllocationCalculator
    function unit(
        AllocationForm calldata form,
        uint16 year,
        UnitFacts calldata facts,
        EntityFacts calldata entityFacts,
        bool small
    ) external pure returns (UnitResult memory) {
        _check(form, year, entityFacts);
        return _unit(form, year, facts, entityFacts, small);
    }

    /// @inheritdoc IAllocationCalculator
    function entity(
        AllocationForm calldata form,
        uint16 year,
        UnitFacts[] calldata units,
        EntityFacts calldata entityFacts
    ) external pure returns (EntityResult memory result, UnitResult[] memory results) {
        _check(form, year, entityFacts);
        uint256 total = 0;
        for (uint256 i = 0; i < units.length; i++) {
            total += units[i].emissions;
        }
        uint256 below = form.numbers[AT_SMALL_BELOW];
        bool small = below != ABSENT && total * (ONE / GRAMS) < below;
        results = new UnitResult[](units.length);
        for (uint256 i = 0; i < units.length; i++) {
            results[i] = _unit(form, year, units[i], entityFacts, small);
            if (results[i].covered) result.emissions += units[i].emissions;
            result.initialAllocation += results[i].allocation + results[i].topUp;
            result.gasTopUps += results[i].topUp;
            result.preAllocation += results[i].preAllocation;
        }
        if (entityFacts.issuedGiven) result.preAllocation = entityFacts.issued;
        result.gapRate = _gapRate(result.emissions, result.initialAllocation);
        uint256 cap = form.numbers[AT_GAP_CAP];
        if (cap != ABSENT) {
            uint256 floor = (ONE - cap) * result.emissions;
            uint256 has = result.initialAllocation * GRAMS * ONE;
            if (floor > has) result.capTopUp = (floor - has) / (GRAMS * ONE);
        }
        result.verifiedAllocation = result.initialAllocation + result.capTopUp;
        result.gapRateFinal = _gapRate(result.emissions, result.verifiedAllocation);
        _settle(result, entityFacts);
    }

    /// @inheritdoc IAllocationCalculator
    function bandTerm(uint256[19] calldata numbers, uint64 balance, uint64 intensity, uint64 emissions)
        external
        pure
        returns (int256)
    {
        return _rate(numbers, balance, intensity) * int256(uint256(emissions));
    }

    /* INSIDE */

    function _check(AllocationForm calldata form, uint16 year, EntityFacts calldata entityFacts) private pure {
        if (year < form.yearFrom || year > form.yearTo) {
            revert AllocationCalculatorYearOutside(year, form.yearFrom, form.yearTo);
        }
        uint256 most = form.preAllocation == 0 ? 0 : form.numbers[AT_PRE_ALLOCATION];
        if (entityFacts.share > most) revert AllocationCalculatorShareTooLarge(entityFacts.share, most);
    }

    function _unit(
        AllocationForm calldata form,
        uint16 year,
        UnitFacts calldata facts,
        EntityFacts calldata entityFacts,
        bool small
    ) private pure returns (UnitResult memory r) {
        bool benchmarked = form.method == SUPPLY || form.method == GENERATION;
        r.out = form.method != VERIFIED && (_isOut(form, facts) || small);
        r.covered = !(r.out && form.excluded == NO_ALLOCATION);
        if (benchmarked && facts.special == 0) r.unitClass = _class(form, year, facts.generators);
        r.cooling = ONE;
        r.heatRatio = ONE * ONE;
        r.load = 1e6;
        if (benchmarked && !r.out) {
            _factors(form, facts, r);
            Benchmark calldata marks = _benchmark(form, r.unitClass, year);
            r.electricity = _tonnes(facts.electricity, marks.electricity, r, ONE);
            r.heat = _heat(facts.heat, marks.heat, ONE);
            r.allocation = r.electricity + r.heat;
            uint256 share = form.numbers[AT_GAS_TOP_UP];
            if (r.unitClass == GAS && share != ABSENT) {
                uint256 due = share * facts.emissions;
                uint256 has = r.allocation * GRAMS * ONE;
                if (due > has) r.topUp = (due - has) / (GRAMS * ONE);
            }
            if (form.preAllocation == BY_OUTPUTS) {
                r.preAllocation = _tonnes(facts.previousElectricity, marks.electricity, r, entityFacts.share)
                    + _heat(facts.previousHeat, marks.heat, entityFacts.share);
            }
        } else if (r.covered) {
            if (form.method == BAND && !r.out) {
                if (facts.emissions != 0) r.allocation = _banded(form.numbers, entityFacts.balance, facts);
            } else {
                r.allocation = facts.emissions / GRAMS;
            }
        }
        if (form.preAllocation == BY_EMISSIONS && r.covered) {
            r.preAllocation = (entityFacts.share * facts.previousEmissions) / (ONE * GRAMS);
        }
    }

    function _isOut(AllocationForm calldata form, UnitFacts calldata facts) private pure returns (bool) {
        if (facts.special != 0) {
            if ((form.special >> facts.special) & 1 == 0) revert AllocationCalculatorSpecialUnknown(facts.special);
            return true;
        }
        return _over(form, AT_BIOMASS, facts.biomass) || _over(form, AT_SECONDARY, facts.secondaryEnergy)
            || _over(form, AT_COMBINED, uint256(facts.biomass) + facts.secondaryEnergy)
            || _over(form, AT_GREEN_FUEL, facts.greenFuel) || _over(form, AT_CARBIDE_SLAG, facts.carbideSlag);
    }

    /// @dev A number that the plan has not is above every share.
    function _over(AllocationForm calldata form, uint256 place, uint256 share) private pure returns (bool) {
        return share > form.numbers[place];
    }

    /// @dev Of several generators the least favourable: the class of the lowest benchmark.
    function _class(AllocationForm calldata form, uint16 year, Generator[] calldata generators)
        private
        pure
        returns (uint8 class)
    {
        if (generators.length == 0) revert AllocationCalculatorNoGenerators();
        uint256 lowest = ABSENT;
        for (uint256 i = 0; i < generators.length; i++) {
            uint8 found = _classOf(form, generators[i]);
            uint256 mark = _benchmark(form, found, year).electricity;
            if (mark < lowest) (lowest, class) = (mark, found);
        }
    }

    function _classOf(AllocationForm calldata form, Generator calldata generator) private pure returns (uint8) {
        if (generator.fuel == 2) {
            if (_over(form, AT_OTHER_FUELS, generator.otherFuels)) {
                revert AllocationCalculatorOtherFuels(generator.otherFuels, form.numbers[AT_OTHER_FUELS]);
            }
            return GAS;
        }
        if (generator.fuel != 1) revert AllocationCalculatorFuelUnknown(generator.fuel);
        if (generator.fluidisedBed || _over(form, AT_UNCONVENTIONAL, generator.unconventional)) return 3;
        return uint256(generator.ratedPower) * 1e12 >= form.numbers[AT_LARGE_FROM] ? 1 : 2;
    }

    function _benchmark(AllocationForm calldata form, uint8 class, uint16 year)
        private
        pure
        returns (Benchmark calldata)
    {
        for (uint256 i = 0; i < form.benchmarks.length; i++) {
            Benchmark calldata mark = form.benchmarks[i];
            if (mark.unitClass == class && mark.yearFrom <= year && year <= mark.yearTo) return mark;
        }
        revert AllocationCalculatorNoBenchmark(class, year);
    }

    function _factors(AllocationForm calldata form, UnitFacts calldata facts, UnitResult memory r) private pure {
        if (form.method == SUPPLY) {
            if (r.unitClass != GAS) {
                if (facts.cooling != 1 && facts.cooling != 2) revert AllocationCalculatorCoolingUnknown(facts.cooling);
                r.cooling = form.numbers[facts.cooling == 1 ? AT_COOLING_WATER : AT_COOLING_AIR];
            }
            uint256 weight = form.numbers[r.unitClass == GAS ? AT_HEAT_RATIO_GAS : AT_HEAT_RATIO_COAL];
            r.heatRatio = ONE * ONE - weight * facts.heatRatio;
        }
        bool scoped = form.loadScope != 0 && r.unitClass <= 2;
        if (form.loadScope == CONDENSING) scoped = scoped && facts.heat == 0 && facts.heatRatio == 0;
        if (scoped) r.load = _loadFactor(form.load, facts.load);
    }

    /// @dev floor(share · Wh/1e6 · benchmark · cooling · heat ratio · load): exact to the one division, done in two.
    function _tonnes(uint256 amount, uint256 mark, UnitResult memory r, uint256 share) private pure returns (uint256) {
        Wide memory product = Uint512.mul(amount, mark).mul(r.cooling).mul(r.heatRatio).mul(r.load).mul(share);
        // 1e6 · 1e18 · 1e18 · 1e36 · 1e6 · 1e18 = 1e102
        return product.div(1e72) / 1e30;
    }

    function _heat(uint256 amount, uint256 mark, uint256 share) private pure returns (uint256) {
        return Uint512.mul(amount * mark, share).div(1e42);
    }

    function _loadFactor(LoadSegment[] calldata segments, uint16 load) private pure returns (uint256) {
        for (uint256 i = 0; i < segments.length; i++) {
            LoadSegment calldata part = segments[i];
            if (load < part.start || load >= part.below) continue;
            uint256[5] calldata n = part.numbers;
            uint256 value; // 1e-36
            if (part.kind == 1) {
                value = n[0] * ONE;
            } else if (part.kind == 2) {
                value = n[0] * ONE + n[1] * (n[2] - uint256(load) * 1e16);
            } else if (part.kind == 3) {
                value = Powers.power(n[0], n[1] - (n[2] * load) / 1e4);
            } else {
                uint256 x = uint256(load) * 1e34;
                uint256 falls = (n[1] * (Powers.ONE - Powers.decay((x * ONE) / n[2]))) / ONE;
                falls += (n[3] * (Powers.ONE - Powers.decay((x * ONE) / n[4]))) / ONE;
                value = n[0] * ONE - falls;
            }
            return (value + 5e29) / 1e30;
        }
        revert AllocationCalculatorLoadUnknown(load);
    }

    function _banded(uint256[19] calldata numbers, uint64 balance, UnitFacts calldata facts)
        private
        pure
        returns (uint256)
    {
        if (balance == 0) revert AllocationCalculatorNoBalance();
        uint256 unitOf = uint256(balance) * ONE;
        int256 rate = _rate(numbers, balance, facts.intensity);
        return (uint256(int256(unitOf) + rate) * facts.emissions) / (unitOf * GRAMS);
    }

    /// @dev alpha · balance · 1e18
    function _rate(uint256[19] calldata numbers, uint64 balance, uint64 intensity) private pure returns (int256) {
        int256 deviation = int256(uint256(balance)) - int256(uint256(intensity));
        int256 border = int256(numbers[AT_BAND_BORDER] * balance);
        int256 cap = int256(numbers[AT_BAND_CAP] * balance);
        if (deviation * int256(ONE) >= border) return cap;
        if (deviation * int256(ONE) <= -border) return -cap;
        return deviation * int256(numbers[AT_BAND_SLOPE]);
    }

    /// @dev (E - A)/E in 0.01 %.
    function _gapRate(uint256 emissions, uint256 allocation) private pure returns (int256) {
        if (emissions == 0) return 0;
        uint256 has = allocation * GRAMS;
        uint256 apart = emissions > has ? emissions - has : has - emissions;
        uint256 size = (2 * apart * 1e4 + emissions) / (2 * emissions);
        return emissions >= has ? int256(size) : -int256(size);
    }

    function _settle(EntityResult memory r, EntityFacts calldata facts) private pure {
        uint256 first = _min(facts.arrears, r.preAllocation);
        r.issuedFirst = r.preAllocation - first;
        r.deducted = _min(facts.arrears, r.verifiedAllocation);
        r.arrearsLeft = facts.arrears - r.deducted;
        // returned = max(0, first - F) and further = max(0, d - first): with what was issued first they leave F - d
        uint256 issued = r.verifiedAllocation - r.deducted;
        r.issuedFinal = int256(issued) - int256(r.issuedFirst);
        if (facts.differentiated) {
            r.surrendered = _min(issued, facts.obligation);
            r.released = issued - r.surrendered;
        }
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
