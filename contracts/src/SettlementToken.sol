// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BANK, ENTERPRISE} from "./interfaces/IMemberRegistry.sol";
import {ISettlementToken, PAID_IN, PAID_OUT} from "./interfaces/ISettlementToken.sol";
import {MoneyIssuance, MONEY_ISSUANCE_TYPE, MoneyRedemption, MONEY_REDEMPTION_TYPE} from "./MarketActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract SettlementToken is ISettlementToken, Registry {
    bytes32 private constant BALANCE_TAG = keccak256("carbonledger/record/balance/v1");
    bytes32 private constant ISSUER_TAG = keccak256("carbonledger/record/issuer/v1");
    bytes32 private constant PAYMENT_TAG = keccak256("carbonledger/record/payment/v1");

    struct Totals {
        uint64 issued;
        uint64 redeemed;
    }

    mapping(bytes32 member => uint64 fen) private _balances;
    mapping(bytes32 bank => Totals) private _issuers;
    uint64 private _supply;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc ISettlementToken
    function issue(MoneyIssuance calldata act, Signed calldata bank) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(MONEY_ISSUANCE_TYPE, act), act.bank);
        if (!fresh) return;
        _requireMember(act.bank, bank, digest);
        _requireKind(act.bank, BANK);
        if (act.amount == 0) revert SettlementTokenAmountZero();
        if (!_members().isAdmitted(act.member, ENTERPRISE | BANK)) revert SettlementTokenHolderRefused(act.member);
        _supply += act.amount; // no balance overflows before the supply does
        _issuers[act.bank].issued += act.amount;
        _put(act.member, act.amount);
        _recordIssuer(act.bank);
        _recordPayment(MoneyPayment(actId, act.bank, act.member, act.amount, PAID_IN, act.paymentDigest, _now()));
    }

    /// @inheritdoc ISettlementToken
    function redeem(MoneyRedemption calldata act, Signed calldata member, Signed calldata bank) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(MONEY_REDEMPTION_TYPE, act), act.bank);
        if (!fresh) return;
        _requireMember(act.member, member, digest);
        _requireMember(act.bank, bank, digest);
        _requireKind(act.bank, BANK);
        if (act.amount == 0) revert SettlementTokenAmountZero();
        _take(act.member, act.amount);
        _supply -= act.amount;
        _issuers[act.bank].redeemed += act.amount;
        _recordIssuer(act.bank);
        _recordPayment(MoneyPayment(actId, act.bank, act.member, act.amount, PAID_OUT, act.paymentDigest, _now()));
    }

    /// @inheritdoc ISettlementToken
    function pay(bytes32 name, bytes32 payer, bytes32 payee, uint64 amount, bytes32 cause) external {
        _requireContract(name, "PledgeRegistry");
        if (amount == 0) revert SettlementTokenAmountZero();
        _take(payer, amount);
        _put(payee, amount);
        emit MoneyPaid(payer, payee, amount, cause);
    }

    /// @inheritdoc ISettlementToken
    function payAll(bytes32 name, Payment[] calldata payments) external {
        _requireContract(name, "Market");
        for (uint256 i = 0; i < payments.length; i++) {
            Payment calldata one = payments[i];
            if (one.amount == 0) revert SettlementTokenAmountZero();
            _take(one.payer, one.amount);
            _balances[one.payee] += one.amount;
            // what comes to the payee without a break is told once
            if (i + 1 == payments.length || payments[i + 1].payee != one.payee) _recordBalance(one.payee);
            emit MoneyPaid(one.payer, one.payee, one.amount, one.cause);
        }
    }

    /// @inheritdoc ISettlementToken
    function balanceOf(bytes32 member) external view returns (uint64) {
        return _balances[member];
    }

    /// @inheritdoc ISettlementToken
    function issuerOf(bytes32 bank) public view returns (MoneyIssuer memory) {
        Totals storage totals = _issuers[bank];
        return MoneyIssuer(bank, totals.issued, totals.redeemed);
    }

    /// @inheritdoc ISettlementToken
    function supply() external view returns (uint64) {
        return _supply;
    }

    /* INSIDE */

    function _take(bytes32 member, uint64 amount) private {
        uint64 available = _balances[member];
        if (available < amount) revert SettlementTokenTooLittle(member, available, amount);
        _set(member, available - amount);
    }

    function _put(bytes32 member, uint64 amount) private {
        _set(member, _balances[member] + amount);
    }

    function _set(bytes32 member, uint64 amount) private {
        _balances[member] = amount;
        _recordBalance(member);
    }

    function _requireContract(bytes32 name, bytes32 wanted) private view {
        if (name != wanted) revert SettlementTokenNotTheContract(name, address(0), msg.sender);
        address expected = _located(name);
        if (msg.sender != expected) revert SettlementTokenNotTheContract(name, expected, msg.sender);
    }

    function _recordBalance(bytes32 member) private {
        _record(BALANCE_TAG, member, abi.encode(BALANCE_TAG, MoneyBalance(member, _balances[member])));
    }

    function _recordIssuer(bytes32 bank) private {
        _record(ISSUER_TAG, bank, abi.encode(ISSUER_TAG, issuerOf(bank)));
    }

    function _recordPayment(MoneyPayment memory payment) private {
        _record(PAYMENT_TAG, payment.paymentId, abi.encode(PAYMENT_TAG, payment));
    }
}
