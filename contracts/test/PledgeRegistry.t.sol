// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryEntry, DIRECTORY_ENTRY_TYPE} from "../src/Acts.sol";
import {AllowanceLedger} from "../src/AllowanceLedger.sol";
import {IAllowanceLedger, KIND_CEA, REGISTERED} from "../src/interfaces/IAllowanceLedger.sol";
import {Authority} from "../src/interfaces/IPlanRegistry.sol";
import {IPledgeRegistry, PLEDGE_ENDED, PLEDGE_IN_FORCE} from "../src/interfaces/IPledgeRegistry.sol";
import {
    Pledge,
    PLEDGE_TYPE,
    PledgeEnforcement,
    PLEDGE_ENFORCEMENT_TYPE,
    PledgeRelease,
    PLEDGE_RELEASE_TYPE,
    PledgeSubstitution,
    PLEDGE_SUBSTITUTION_TYPE
} from "../src/PledgeActs.sol";
import {PledgeRegistry} from "../src/PledgeRegistry.sol";
import {Issuance, ISSUANCE_TYPE, Movement, MOVEMENT_TYPE} from "../src/QuotaActs.sol";
import {Signed} from "../src/Signatures.sol";
import {World} from "./World.sol";

/// @notice An enterprise and its bank that pledge, trade, release and are enforced against, with real ledger and registry.
contract Parties is World {
    uint64 private constant LOTS = 3;
    uint64 private constant UNITS = 1000;

    AllowanceLedger public ledger;
    PledgeRegistry public registry;
    bytes32[] public lots;
    bytes32[] public pledges;

    function setUp() public override {
        super.setUp();
        ledger = new AllowanceLedger(address(directory));
        registry = new PledgeRegistry(address(directory));
        list("AllowanceLedger", address(ledger));
        list("PledgeRegistry", address(registry));
        for (uint16 i = 0; i < LOTS; i++) {
            Issuance memory act = Issuance(
                ENTERPRISE_ID,
                KIND_CEA,
                2024 + i,
                0,
                UNITS,
                REGISTERED,
                0,
                bytes32(uint256(i)),
                nextReference(),
                type(uint64).max
            );
            bytes32 structHash = keccak256(abi.encode(ISSUANCE_TYPE, act));
            ledger.issue(act, Authority(quorum(structHash), 0, 0, new bytes32[](0)));
            lots.push(
                keccak256(
                    abi.encode(
                        ISSUANCE_TYPE,
                        act.member,
                        act.kind,
                        act.vintage,
                        act.project,
                        act.amount,
                        act.state,
                        act.registeredAt,
                        act.decision,
                        act.ref
                    )
                )
            );
        }
    }

    function list(bytes32 name, address where) private {
        DirectoryEntry memory act =
            DirectoryEntry(name, 1, where, where.codehash, uint64(block.timestamp), nextReference(), type(uint64).max);
        directory.set(act, quorum(keccak256(abi.encode(DIRECTORY_ENTRY_TYPE, act))));
    }

    function lotCount() external view returns (uint256) {
        return lots.length;
    }

    function pledgeCount() external view returns (uint256) {
        return pledges.length;
    }

    function pledge(uint8 which, uint16 amount, uint8 signers) external {
        if (pledges.length > 8) return;
        Pledge memory act = Pledge(
            ENTERPRISE_ID,
            BANK_ID,
            lots[which % LOTS],
            amount % 600,
            "loan",
            1,
            uint64(block.timestamp + 1000),
            nextReference(),
            type(uint64).max
        );
        bytes32 structHash = keccak256(abi.encode(PLEDGE_TYPE, act));
        Signed memory nobody;
        Signed memory enterprise = signed(ENTERPRISE_KEY, structHash);
        Signed memory bank = signed(BANK_KEY, structHash);
        bytes32 id = keccak256(
            abi.encode(
                PLEDGE_TYPE, act.member, act.bank, act.lot, act.amount, act.loan, act.principal, act.termTo, act.ref
            )
        );
        // one call, or two in either order; sometimes the second signature never comes
        if (signers % 4 == 0) {
            try registry.pledge(act, enterprise, bank) {
                pledges.push(id);
            } catch {}
            return;
        }
        bool memberFirst = signers % 4 == 1;
        try registry.pledge(act, memberFirst ? enterprise : nobody, memberFirst ? nobody : bank) {
            pledges.push(id);
        } catch {}
        if (signers % 4 == 3) return;
        try registry.pledge(act, memberFirst ? nobody : enterprise, memberFirst ? bank : nobody) {} catch {}
    }

    function substitute(uint8 which, uint8 lot, uint16 amount) external {
        if (pledges.length == 0) return;
        PledgeSubstitution memory act =
            PledgeSubstitution(pick(which), lots[lot % LOTS], amount % 600, nextReference(), type(uint64).max);
        bytes32 structHash = keccak256(abi.encode(PLEDGE_SUBSTITUTION_TYPE, act));
        try registry.substitute(act, signed(ENTERPRISE_KEY, structHash), signed(BANK_KEY, structHash)) {} catch {}
    }

    function release(uint8 which, uint16 amount) external {
        if (pledges.length == 0) return;
        PledgeRelease memory act = PledgeRelease(pick(which), amount % 600, nextReference(), type(uint64).max);
        try registry.release(act, signed(BANK_KEY, keccak256(abi.encode(PLEDGE_RELEASE_TYPE, act)))) {} catch {}
    }

    function enforce(uint8 which, uint16 amount, bool back) external {
        if (pledges.length == 0) return;
        PledgeEnforcement memory act = PledgeEnforcement(
            bytes32(uint256(1)),
            pick(which),
            amount % 300,
            back ? ENTERPRISE_ID : BANK_ID,
            "order",
            nextReference(),
            type(uint64).max
        );
        try registry.enforce(act, signed(REGULATOR_A, keccak256(abi.encode(PLEDGE_ENFORCEMENT_TYPE, act)))) {} catch {}
    }

    function move(uint8 which, uint16 amount, bool out) external {
        (uint8 source, uint8 target) = out ? (1, 2) : (2, 1);
        Movement memory act = Movement(
            ENTERPRISE_ID, lots[which % LOTS], source, target, amount % 600, nextReference(), type(uint64).max
        );
        try ledger.move(act, signed(ENTERPRISE_KEY, keccak256(abi.encode(MOVEMENT_TYPE, act)))) {} catch {}
    }

    function pick(uint8 which) private view returns (bytes32) {
        return pledges[which % pledges.length];
    }

    function pledgedOf(bytes32 member, bytes32 lot) external view returns (uint256) {
        return ledger.positionOf(member, lot).pledged;
    }

    function total(bytes32 lot) external view returns (uint256 sum) {
        for (uint256 i = 0; i < 2; i++) {
            IAllowanceLedger.Position memory p = ledger.positionOf(i == 0 ? ENTERPRISE_ID : BANK_ID, lot);
            sum += uint256(p.registered) + p.trading + p.frozen + p.pledged + p.pending + p.provincial;
        }
    }

    function enterprise_() external pure returns (bytes32) {
        return ENTERPRISE_ID;
    }
}

contract PledgeRegistryInvariants {
    Parties private _parties;
    address[] private _targets;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _parties = new Parties();
        _parties.setUp();
        _targets.push(address(_parties));
    }

    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory all) {
        all = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = Parties.pledge.selector;
        selectors[1] = Parties.substitute.selector;
        selectors[2] = Parties.release.selector;
        selectors[3] = Parties.enforce.selector;
        selectors[4] = Parties.move.selector;
        all[0] = FuzzSelector(address(_parties), selectors);
    }

    function invariant_units_in_state_pledged_are_those_that_pledges_in_force_hold() public view {
        bytes32 member = _parties.enterprise_();
        for (uint256 i = 0; i < _parties.lotCount(); i++) {
            bytes32 lot = _parties.lots(i);
            uint256 held;
            for (uint256 j = 0; j < _parties.pledgeCount(); j++) {
                IPledgeRegistry.PledgeRecord memory p = _parties.registry().pledgeOf(_parties.pledges(j));
                if (p.lot == lot && p.status == PLEDGE_IN_FORCE) held += p.held;
            }
            require(held == _parties.pledgedOf(member, lot), "pledges and positions differ");
        }
    }

    function invariant_what_was_pledged_is_held_released_or_enforced() public view {
        for (uint256 j = 0; j < _parties.pledgeCount(); j++) {
            IPledgeRegistry.PledgeRecord memory p = _parties.registry().pledgeOf(_parties.pledges(j));
            if (p.status < PLEDGE_IN_FORCE) {
                require(p.held + p.released + p.enforced == 0, "an offer holds units");
            } else {
                require(uint256(p.held) + p.released + p.enforced == p.amount, "units of a pledge were lost");
                require(
                    (p.held == 0) == (p.status == PLEDGE_ENDED),
                    "an ended pledge holds units, or an empty one is in force"
                );
            }
        }
    }

    function invariant_pledging_makes_and_loses_no_unit() public view {
        for (uint256 i = 0; i < _parties.lotCount(); i++) {
            require(_parties.total(_parties.lots(i)) == 1000, "units were made or lost");
        }
    }
}
