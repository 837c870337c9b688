// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The load factor for loads in [start, below), whole 0.01 %. Kind 1 constant, 2 linear, 3 power,
/// 4 exponentials; the numbers in 1e-18, in the order of docs/formats/allocation.md.
struct LoadSegment {
    uint16 start;
    uint16 below;
    uint8 kind;
    uint256[5] numbers;
}

/// @notice Benchmarks of class 1 to 4 in its reporting years, inclusive: 1e-18 tCO2 per MWh and per GJ.
struct Benchmark {
    uint8 unitClass;
    uint16 yearFrom;
    uint16 yearTo;
    uint256 electricity;
    uint256 heat;
}

/// @notice A plan's numbers in 1e-18 by the places `AT_…`; 2^256 - 1: the plan has no such number.
struct AllocationForm {
    bytes32 key;
    bytes32 calculator;
    uint16 yearFrom;
    uint16 yearTo;
    uint8 status;
    uint8 sectors;
    uint8 method;
    uint8 excluded;
    uint8 preAllocation;
    uint8 loadScope;
    uint256 special;
    uint256[19] numbers;
    Benchmark[] benchmarks;
    LoadSegment[] load;
}

/// @notice Fuel 1 coal, 2 gas; rated power in W; shares of the heat input in 1e-18.
struct Generator {
    uint8 fuel;
    bool fluidisedBed;
    uint64 ratedPower;
    uint64 unconventional;
    uint64 otherFuels;
}

/// @notice What is reported of a unit: Wh, kJ, g; heat ratio and shares in 1e-18; load in 0.01 % (65535: not
/// reported); intensity in 1e-4 t/t; `special` 0 none, else its number in the closed list; cooling 1 water, 2 air.
struct UnitFacts {
    Generator[] generators;
    uint8 special;
    uint8 cooling;
    uint16 load;
    uint64 heatRatio;
    uint64 electricity;
    uint64 heat;
    uint64 emissions;
    uint64 previousElectricity;
    uint64 previousHeat;
    uint64 previousEmissions;
    uint64 biomass;
    uint64 secondaryEnergy;
    uint64 greenFuel;
    uint64 carbideSlag;
    uint64 intensity;
}

/// @notice Share of the pre-allocation in 1e-18; balance value in 1e-4 t/t (0 none); the rest in whole tonnes.
struct EntityFacts {
    uint256 share;
    uint64 balance;
    uint64 arrears;
    bool issuedGiven;
    uint64 issued;
    bool differentiated;
    uint64 obligation;
}

/// @notice Whole tonnes, and the factors they came from: cooling in 1e-18, heat ratio in 1e-36, load in 1e-6.
struct UnitResult {
    uint8 unitClass;
    bool out;
    bool covered;
    uint256 cooling;
    uint256 heatRatio;
    uint256 load;
    uint256 electricity;
    uint256 heat;
    uint256 allocation;
    uint256 topUp;
    uint256 preAllocation;
}

/// @notice Whole tonnes; emissions in g; gap rates in 0.01 %, halves away from zero, 0 without emissions.
struct EntityResult {
    uint256 emissions;
    uint256 gasTopUps;
    uint256 initialAllocation;
    int256 gapRate;
    uint256 capTopUp;
    uint256 verifiedAllocation;
    int256 gapRateFinal;
    uint256 preAllocation;
    uint256 issuedFirst;
    uint256 deducted;
    int256 issuedFinal;
    uint256 arrearsLeft;
    uint256 surrendered;
    uint256 released;
}

uint256 constant ABSENT = type(uint256).max;

/// @title The arithmetic of allocation: pure, exact, one rounding where the plan names one.
interface IAllocationCalculator {
    error AllocationCalculatorYearOutside(uint16 year, uint16 yearFrom, uint16 yearTo);
    error AllocationCalculatorSpecialUnknown(uint256 special);
    error AllocationCalculatorNoGenerators();
    error AllocationCalculatorFuelUnknown(uint8 fuel);
    error AllocationCalculatorOtherFuels(uint256 found, uint256 most);
    error AllocationCalculatorCoolingUnknown(uint8 cooling);
    error AllocationCalculatorLoadUnknown(uint16 load);
    error AllocationCalculatorShareTooLarge(uint256 found, uint256 most);
    error AllocationCalculatorNoBalance();
    error AllocationCalculatorNoBenchmark(uint8 class, uint16 year);

    /// @notice The load factor in 1e-6, halves up; `load` in 0.01 %.
    function loadFactor(LoadSegment[] calldata segments, uint16 load) external pure returns (uint256);

    /// @notice The allocation of one unit. `small`: its enterprise is below the plan's threshold.
    function unit(
        AllocationForm calldata form,
        uint16 year,
        UnitFacts calldata facts,
        EntityFacts calldata entityFacts,
        bool small
    ) external pure returns (UnitResult memory);

    /// @notice The allocation of an enterprise and of each unit.
    function entity(
        AllocationForm calldata form,
        uint16 year,
        UnitFacts[] calldata units,
        EntityFacts calldata entityFacts
    ) external pure returns (EntityResult memory result, UnitResult[] memory results);

    /// @notice emissions · alpha(balance) · balance · 1e18: one term of the sector's sum, exact.
    function bandTerm(uint256[19] calldata numbers, uint64 balance, uint64 intensity, uint64 emissions)
        external
        pure
        returns (int256);
}
