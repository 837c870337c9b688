// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MoneyIssuance, MoneyRedemption} from "../MarketActs.sol";
import {Signed} from "../Signatures.sol";
import {IRegistry} from "./IRegistry.sol";

uint8 constant PAID_IN = 1;
uint8 constant PAID_OUT = 2;

/// @title Settlement money in fen: banks issue it against what was paid in, and pay it out again.
/// @dev What all members hold is what was issued less what was redeemed.
/// @dev Warning: money is fungible between banks; that a bank holds what it issued is its own and its supervisor's business.
/// @dev Warning: the contracts that the Directory lists as Market and PledgeRegistry move money by `msg.sender`.
interface ISettlementToken is IRegistry {
    /// @notice The record `balance`.
    struct MoneyBalance {
        bytes32 member;
        uint64 amount;
    }

    /// @notice The record `issuer`: what a bank issued and redeemed in all.
    struct MoneyIssuer {
        bytes32 bank;
        uint64 issued;
        uint64 redeemed;
    }

    /// @notice The record `payment`. `direction` is PAID_IN or PAID_OUT.
    struct MoneyPayment {
        bytes32 paymentId;
        bytes32 bank;
        bytes32 member;
        uint64 amount;
        uint8 direction;
        bytes32 paymentDigest;
        uint64 paidAt;
    }

    /// @notice Money that goes from one member to another because of `cause` (a trade).
    struct Payment {
        bytes32 payer;
        bytes32 payee;
        uint64 amount;
        bytes32 cause;
    }

    /// @notice Money went from one member to another because of `cause` (a trade, an enforcement).
    event MoneyPaid(bytes32 indexed payer, bytes32 indexed payee, uint64 amount, bytes32 indexed cause);

    error SettlementTokenAmountZero();
    /// @notice Only admitted enterprises and banks hold money.
    error SettlementTokenHolderRefused(bytes32 member);
    error SettlementTokenTooLittle(bytes32 member, uint64 available, uint64 asked);
    /// @notice The caller is not the contract of this name in the Directory, or that contract may not do this.
    error SettlementTokenNotTheContract(bytes32 name, address expected, address found);

    /// @notice Credits a member with what it paid in. Signed by an act key of the bank.
    function issue(MoneyIssuance calldata act, Signed calldata bank) external;

    /// @notice Takes money from a member whom the bank paid out. Signed by an act key of the member and one of the bank.
    function redeem(MoneyRedemption calldata act, Signed calldata member, Signed calldata bank) external;

    /// @notice Moves money between members. Called by PledgeRegistry.
    function pay(bytes32 name, bytes32 payer, bytes32 payee, uint64 amount, bytes32 cause) external;

    /// @notice Moves money between members, payment by payment. Called by Market.
    /// @dev Warning: a payee's balance is told once for payments to it without a break.
    function payAll(bytes32 name, Payment[] calldata payments) external;

    function balanceOf(bytes32 member) external view returns (uint64);

    function issuerOf(bytes32 bank) external view returns (MoneyIssuer memory);

    /// @notice Fen held by all members together.
    function supply() external view returns (uint64);
}
