// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryEntry, DIRECTORY_ENTRY_TYPE} from "../src/Acts.sol";
import {AllowanceLedger} from "../src/AllowanceLedger.sol";
import {
    END_CANCELLED,
    END_SURRENDERED,
    IAllowanceLedger,
    KIND_CEA,
    PENDING,
    PROVINCIAL,
    REGISTERED
} from "../src/interfaces/IAllowanceLedger.sol";
import {Authority} from "../src/interfaces/IPlanRegistry.sol";
import {Calendar} from "../src/libraries/Calendar.sol";
import {
    Freeze,
    FREEZE_TYPE,
    Issuance,
    ISSUANCE_TYPE,
    Movement,
    MOVEMENT_TYPE,
    Recall,
    RECALL_TYPE,
    Release,
    RELEASE_TYPE,
    Thaw,
    THAW_TYPE
} from "../src/QuotaActs.sol";
import {Signed} from "../src/Signatures.sol";
import {World} from "./World.sol";

/// @notice Everyone at once: holders, regulators, and itself as Market, Compliance and PledgeRegistry.
contract Holders is World {
    uint16 private constant MOST = 400;

    AllowanceLedger public ledger;
    bytes32[] public lots;
    uint64[] public amounts;
    bytes32[] private _freezes;
    uint64 public ended;
    bool public endedShrank;

    function setUp() public override {
        super.setUp();
        ledger = new AllowanceLedger(address(directory));
        list("AllowanceLedger", address(ledger));
        list("Market", address(this));
        list("Compliance", address(this));
        list("PledgeRegistry", address(this));
        issue(1000, 0, 0);
    }

    function list(bytes32 name, address where) private {
        DirectoryEntry memory act =
            DirectoryEntry(name, 1, where, where.codehash, uint64(block.timestamp), nextReference(), type(uint64).max);
        directory.set(act, quorum(keccak256(abi.encode(DIRECTORY_ENTRY_TYPE, act))));
    }

    function member(uint8 who) public pure returns (bytes32) {
        return who % 2 == 0 ? ENTERPRISE_ID : BANK_ID;
    }

    function count() external view returns (uint256) {
        return lots.length;
    }

    function authority(bytes32 structHash) private view returns (Authority memory) {
        return Authority(quorum(structHash), 0, 0, new bytes32[](0));
    }

    function issue(uint16 amount, uint8 who, uint8 state) public {
        if (lots.length > 12) return;
        Issuance memory act = Issuance(
            member(who),
            KIND_CEA,
            2024 + (amount % 2),
            0,
            amount,
            state % 3 == 0 ? PROVINCIAL : REGISTERED,
            0,
            bytes32(lots.length),
            nextReference(),
            type(uint64).max
        );
        bytes32 lot = keccak256(
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
        );
        try ledger.issue(act, authority(keccak256(abi.encode(ISSUANCE_TYPE, act)))) {
            lots.push(lot);
            amounts.push(amount);
        } catch {}
    }

    function move(uint8 which, uint8 who, uint8 source, uint8 target, uint16 amount) external {
        amount %= MOST;
        Movement memory act =
            Movement(member(who), pick(which), source % 3, target % 3, amount, nextReference(), type(uint64).max);
        uint256 key = who % 2 == 0 ? ENTERPRISE_KEY : BANK_KEY;
        try ledger.move(act, signed(key, keccak256(abi.encode(MOVEMENT_TYPE, act)))) {} catch {}
    }

    function freeze(uint8 which, uint8 who, uint16 amount) external {
        amount %= MOST;
        Freeze memory act = Freeze(
            bytes32(uint256(1)),
            member(who),
            pick(which),
            REGISTERED,
            amount,
            "order",
            nextReference(),
            type(uint64).max
        );
        Signed memory by = signed(REGULATOR_A, keccak256(abi.encode(FREEZE_TYPE, act)));
        bytes32 freezeId = keccak256(
            abi.encode(FREEZE_TYPE, act.regulator, act.member, act.lot, act.source, act.amount, act.order, act.ref)
        );
        try ledger.freeze(act, by) {
            _freezes.push(freezeId);
        } catch {}
    }

    function thaw(uint8 which) external {
        if (_freezes.length == 0) return;
        Thaw memory act =
            Thaw(bytes32(uint256(1)), _freezes[which % _freezes.length], "order", nextReference(), type(uint64).max);
        try ledger.thaw(act, signed(REGULATOR_A, keccak256(abi.encode(THAW_TYPE, act)))) {} catch {}
    }

    function release(uint8 which, uint8 who, uint16 amount) external {
        amount %= MOST;
        Release memory act = Release(member(who), pick(which), amount, "decision", nextReference(), type(uint64).max);
        try ledger.release(act, authority(keccak256(abi.encode(RELEASE_TYPE, act)))) {} catch {}
    }

    function recall(uint8 which, uint8 who, uint16 amount) external {
        amount %= MOST;
        Recall memory act = Recall(member(who), pick(which), amount, "decision", nextReference(), type(uint64).max);
        try ledger.recall(act, authority(keccak256(abi.encode(RECALL_TYPE, act)))) {} catch {}
        watch();
    }

    function shift(uint8 which, uint8 who, uint8 source, uint8 target, uint16 amount, bool pledge) external {
        amount %= MOST;
        bytes32 name = pledge ? bytes32("PledgeRegistry") : bytes32("Compliance");
        try ledger.shift(name, member(who), pick(which), source % 7, target % 7, amount, 0) {} catch {}
    }

    function transfer(uint8 which, uint8 who, uint16 amount, bool sale) external {
        amount %= MOST;
        bytes32 taker = member(who + (who < 255 ? 1 : 0));
        if (!sale) {
            try ledger.transfer("PledgeRegistry", pick(which), member(who), taker, amount, 0) {} catch {}
            return;
        }
        // there and a part of it back again, so that a giver's position is told within and at the end of a batch
        IAllowanceLedger.Delivery[] memory all = new IAllowanceLedger.Delivery[](3);
        all[0] = IAllowanceLedger.Delivery(pick(which), member(who), taker, amount / 2, 0);
        all[1] = IAllowanceLedger.Delivery(pick(which), member(who), taker, amount - amount / 2, 0);
        all[2] = IAllowanceLedger.Delivery(pick(which), taker, member(who), amount / 3, 0);
        try ledger.deliver("Market", all) {} catch {}
    }

    function retire(uint8 which, uint8 who, uint8 state, uint16 amount, bool surrendered) external {
        amount %= MOST;
        uint8 end = surrendered ? END_SURRENDERED : END_CANCELLED;
        try ledger.retire(member(who), pick(which), (state % 6) + 1, amount, end, 0) {} catch {}
        watch();
    }

    function carry(uint8 which, uint8 who, uint16 amount) external {
        amount %= MOST;
        bytes32 lot = nextReference();
        try ledger.carry(member(who), pick(which), amount, 2026, lot) {
            lots.push(lot);
            amounts.push(amount);
        } catch {}
        watch();
    }

    function pick(uint8 which) private view returns (bytes32) {
        return lots[which % lots.length];
    }

    function watch() private {
        uint64 now_;
        for (uint256 i = 0; i < lots.length; i++) {
            IAllowanceLedger.Tally memory tally = ledger.tallyOf(lots[i]);
            now_ += tally.surrendered + tally.cancelled + tally.carried;
        }
        if (now_ < ended) endedShrank = true;
        ended = now_;
    }

    function held(bytes32 lot, uint8 who) external view returns (uint256) {
        IAllowanceLedger.Position memory p = ledger.positionOf(member(who), lot);
        return uint256(p.registered) + p.trading + p.frozen + p.pledged + p.pending + p.provincial;
    }
}

contract AllowanceLedgerInvariants {
    Holders private _holders;
    address[] private _targets;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _holders = new Holders();
        _holders.setUp();
        _targets.push(address(_holders));
    }

    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory all) {
        all = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = Holders.issue.selector;
        selectors[1] = Holders.move.selector;
        selectors[2] = Holders.freeze.selector;
        selectors[3] = Holders.thaw.selector;
        selectors[4] = Holders.release.selector;
        selectors[5] = Holders.recall.selector;
        selectors[6] = Holders.shift.selector;
        selectors[7] = Holders.transfer.selector;
        selectors[8] = Holders.retire.selector;
        selectors[9] = Holders.carry.selector;
        all[0] = FuzzSelector(address(_holders), selectors);
    }

    function invariant_no_unit_is_made_or_lost() public view {
        for (uint256 i = 0; i < _holders.count(); i++) {
            bytes32 lot = _holders.lots(i);
            IAllowanceLedger.Tally memory tally = _holders.ledger().tallyOf(lot);
            uint256 held = _holders.held(lot, 0) + _holders.held(lot, 1);
            uint256 ended = uint256(tally.surrendered) + tally.cancelled + tally.carried;
            require(tally.issued == _holders.amounts(i), "a lot's issue was rewritten");
            require(held + ended == tally.issued, "units were made or lost");
        }
    }

    function invariant_what_has_ended_only_grows() public view {
        require(!_holders.endedShrank(), "units came back");
    }

    /// @dev What the accounts say is held is the sum of the positions without the pending ones.
    function invariant_accounts_are_the_sums_of_positions() public view {
        AllowanceLedger ledger = _holders.ledger();
        for (uint8 who = 0; who < 2; who++) {
            bytes32 member = _holders.member(who);
            uint256 positions;
            for (uint256 i = 0; i < _holders.count(); i++) {
                bytes32 lot = _holders.lots(i);
                positions += _holders.held(lot, who) - ledger.positionOf(member, lot).pending;
            }
            uint256 accounts;
            for (uint16 vintage = 2024; vintage < 2027; vintage++) {
                accounts += ledger.accountOf(member, ledger.classOf(KIND_CEA, vintage, 0)).held;
            }
            require(accounts == positions, "an account differs from its positions");
        }
    }
}

contract CalendarTest is World {
    function testFuzz_the_year_of_an_instant_is_the_one_whose_bounds_hold_it(uint32 time, uint8 offset) public pure {
        uint64 at = uint64(time) + 366 days; // months are known from 1971 on
        uint16 year = Calendar.yearOf(at);
        isTrue(Calendar.monthStart(year, 1) <= at && at < Calendar.monthStart(year + 1, 1));
        uint64 start = Calendar.monthStart(1972 + offset, 1);
        equal(Calendar.yearOf(start), 1972 + offset);
        equal(Calendar.yearOf(start - 1), 1971 + offset);
    }
}
