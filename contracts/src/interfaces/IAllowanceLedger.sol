// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Freeze, Issuance, Movement, OffsetProject, Recall, Release, Thaw} from "../QuotaActs.sol";
import {Signed} from "../Signatures.sol";
import {Authority} from "./IPlanRegistry.sol";

// where units of a position stand
uint8 constant REGISTERED = 1;
uint8 constant TRADING = 2;
uint8 constant FROZEN = 3;
uint8 constant PLEDGED = 4;
uint8 constant PENDING = 5;
uint8 constant PROVINCIAL = 6;

// how units end
uint8 constant END_SURRENDERED = 1;
uint8 constant END_CANCELLED = 2;

uint8 constant KIND_CEA = 1;
uint8 constant KIND_CCER = 2;

/// @title Units of one tonne: who holds how many of which lot, in which state.
/// @dev A lot is one issuance: a block of serials of one class (kind, vintage, project) with its origin. For each lot
/// the units in all states of all members and those surrendered, cancelled and carried over are the units issued.
/// @dev Warning: units of one lot are fungible; serials are of the lot, not of the holder.
/// @dev Warning: the contracts that the Directory lists as Market, Compliance and PledgeRegistry move units here by
/// `msg.sender`; a newer version listed takes the right from the older one.
interface IAllowanceLedger is IRegistry {
    /// @notice The record `lot`: the origin of a block of units. Never rewritten.
    struct Lot {
        bytes32 lot;
        bytes32 member;
        uint8 kind;
        uint16 vintage;
        bytes32 project;
        uint64 amount;
        uint64 serialFrom;
        uint64 registeredAt;
        bytes32 decision;
        bytes32 plan;
        bytes32 source;
        uint64 issuedAt;
    }

    /// @notice The record `tally`: what became of a lot's units. There is none while all are held.
    struct Tally {
        bytes32 lot;
        uint64 issued;
        uint64 surrendered;
        uint64 cancelled;
        uint64 carried;
    }

    /// @notice The record `position`.
    struct Position {
        bytes32 member;
        bytes32 lot;
        uint64 registered;
        uint64 trading;
        uint64 frozen;
        uint64 pledged;
        uint64 pending;
        uint64 provincial;
    }

    /// @notice The record `freeze`.
    struct FreezeRecord {
        bytes32 freezeId;
        bytes32 member;
        bytes32 lot;
        uint64 amount;
        bytes32 order;
        bytes32 regulator;
        uint64 frozenAt;
        uint64 thawedAt;
        bytes32 thawOrder;
    }

    /// @notice The record `offsetproject`.
    struct ProjectRecord {
        bytes32 project;
        bytes32 owner;
        bytes32 methodology;
        bool covered;
        bytes32 documentDigest;
        uint64 registeredAt;
    }

    /// @notice A member's units of a class: held now (pending ones do not count), held when `year` began, and issued
    /// to the member in all. `year` is that of the last change.
    struct Account {
        uint64 held;
        uint64 heldAtStart;
        uint64 issued;
        uint16 year;
    }

    /// @notice Units that go from one member to another because of `cause` (a trade).
    struct Delivery {
        bytes32 lot;
        bytes32 giver;
        bytes32 taker;
        uint64 amount;
        bytes32 cause;
    }

    event UnitsIssued(bytes32 indexed lot, bytes32 indexed member, bytes32 indexed classId, uint64 amount, uint8 state);
    event UnitsMoved(
        bytes32 indexed lot, bytes32 indexed member, uint8 source, uint8 target, uint64 amount, bytes32 cause
    );
    event UnitsTransferred(
        bytes32 indexed lot, bytes32 indexed giver, bytes32 indexed taker, uint64 amount, uint8 state, bytes32 cause
    );
    event UnitsEnded(bytes32 indexed lot, bytes32 indexed member, uint64 amount, uint8 end, bytes32 cause);
    event UnitsCarried(bytes32 indexed lot, bytes32 indexed member, uint64 amount, bytes32 indexed newLot);

    error AllowanceLedgerAmountOutOfRange(uint64 amount);
    error AllowanceLedgerKindUnknown(uint8 kind, uint16 vintage, bytes32 project);
    /// @notice Only enterprises and banks hold units; regulators, verifiers, auditors, consultancies, laboratories and the exchange do not.
    error AllowanceLedgerHolderRefused(bytes32 member, uint16 kinds);
    /// @notice The decision has been carried out: it made the lot `lot`.
    error AllowanceLedgerDecisionUsed(bytes32 decision, bytes32 lot);
    error AllowanceLedgerLotUnknown(bytes32 lot);
    error AllowanceLedgerProjectUnknown(bytes32 project);
    error AllowanceLedgerProjectKnown(bytes32 project);
    error AllowanceLedgerNotTheOwner(bytes32 project, bytes32 expected, bytes32 found);
    /// @notice The member has fewer units of the lot in this state than asked for.
    error AllowanceLedgerTooFew(bytes32 member, bytes32 lot, uint8 state, uint64 available, uint64 asked);
    error AllowanceLedgerMoveForbidden(uint8 source, uint8 target);
    error AllowanceLedgerFreezeUnknown(bytes32 freezeId);
    error AllowanceLedgerAlreadyThawed(bytes32 freezeId, uint64 thawedAt);
    /// @notice The caller is not the contract of this name in the Directory, or that contract may not do this.
    error AllowanceLedgerNotTheContract(bytes32 name, address expected, address found);
    /// @notice The account has changed since the year after `year` began to be kept: what it held is no longer known.
    error AllowanceLedgerHoldingsForgotten(bytes32 member, uint16 year, uint16 lastChanged);

    /// @notice Registers an offset project; `covered` 1: it belongs to a unit under the allowance scheme. Signed by the quorum.
    /// With a `methodology` its units are issued for approved reductions alone (ReductionRegistry), each once; with 0
    /// another registry credited them, and the decision is its.
    function registerProject(OffsetProject calldata act, Signed[] calldata quorum) external;

    /// @notice Issues a lot. Signed by the quorum or a step of a plan. Into state 1, or 6: the account that the province
    /// keeps for the member.
    function issue(Issuance calldata act, Authority calldata authority) external;

    /// @notice Takes units back from states 1 and 6, those of 6 first: they are cancelled. Signed by the quorum or a step of a plan.
    function recall(Recall calldata act, Authority calldata authority) external;

    /// @notice Lets units of the provincial account go to the member. Signed by the quorum or a step of a plan.
    function release(Release calldata act, Authority calldata authority) external;

    /// @notice Moves units between registered and trading. Signed by an act key of the holder.
    function move(Movement calldata act, Signed calldata holder) external;

    /// @notice Freezes units in state 1 or 2 on the order of a court or regulator. Signed by an act key of a regulator.
    function freeze(Freeze calldata act, Signed calldata regulator) external;

    /// @notice Ends a freeze: its units are registered again. Signed by an act key of a regulator.
    function thaw(Thaw calldata act, Signed calldata regulator) external;

    /// @notice Moves units of one member between states. Called by Compliance and PledgeRegistry.
    function shift(bytes32 name, bytes32 member, bytes32 lot, uint8 source, uint8 target, uint64 amount, bytes32 cause)
        external;

    /// @notice Gives pledged units to another member, who has them registered. Called by PledgeRegistry.
    function transfer(bytes32 name, bytes32 lot, bytes32 giver, bytes32 taker, uint64 amount, bytes32 cause) external;

    /// @notice Gives units in trading to other members, counted as sales. Called by Market.
    /// @dev Warning: a giver's position is told once for what it gives of a lot without a break.
    function deliver(bytes32 name, Delivery[] calldata deliveries) external;

    /// @notice Ends units. Called by Compliance.
    function retire(bytes32 member, bytes32 lot, uint8 state, uint64 amount, uint8 end, bytes32 cause) external;

    /// @notice Turns pending units of a lot into a new lot `newLot` of another vintage. Called by Compliance.
    function carry(bytes32 member, bytes32 lot, uint64 amount, uint16 toVintage, bytes32 newLot) external;

    /// @notice Whether the member may hold units now.
    function mayHold(bytes32 member) external view returns (bool);

    /// @notice keccak256(kind ‖ vintage ‖ project) as words.
    function classOf(uint8 kind, uint16 vintage, bytes32 project) external pure returns (bytes32);

    function lotOf(bytes32 lot) external view returns (uint8 kind, uint16 vintage, bytes32 project, uint64 registeredAt);

    function tallyOf(bytes32 lot) external view returns (Tally memory);

    function positionOf(bytes32 member, bytes32 lot) external view returns (Position memory);

    function freezeOf(bytes32 freezeId) external view returns (FreezeRecord memory);

    function projectOf(bytes32 project) external view returns (ProjectRecord memory);

    function accountOf(bytes32 member, bytes32 classId) external view returns (Account memory);

    /// @notice Units of the class held at the end of `year` at UTC+08:00; reverts when that is forgotten.
    function heldAtEnd(bytes32 member, bytes32 classId, uint16 year) external view returns (uint64);

    /// @notice Units of the class sold and bought on the market in a calendar year.
    function flowOf(bytes32 member, bytes32 classId, uint16 year) external view returns (uint64 sold, uint64 bought);

    /// @notice What a carry-over is measured by: allowances of the vintages sold and bought in the years, and held at
    /// the end of `holdingsYear`; reverts when that is forgotten.
    function carryBasis(
        bytes32 member,
        uint16 vintageFrom,
        uint16 vintageTo,
        uint16 salesFrom,
        uint16 salesTo,
        uint16 holdingsYear
    ) external view returns (uint64 sold, uint64 bought, uint64 held);

    /// @notice Units of the class issued in all: the serial of the next one.
    function serialsOf(bytes32 classId) external view returns (uint64);
}
