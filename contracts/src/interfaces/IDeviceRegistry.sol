// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Calibration, DeviceEnrolment, DeviceRemoval} from "../Acts.sol";
import {Signed} from "../Signatures.sol";

/// @title Meters and other devices: owner, production unit, key, calibration, what replaced what.
/// @dev Warning: a unit belongs to the enterprise that first enrols a device in it, and an enrolled device never
/// leaves its unit's list: that is how a reader knows that none was left out.
interface IDeviceRegistry is IRegistry {
    /// @notice The record `device`.
    struct Device {
        bytes32 device;
        bytes32 member;
        bytes32 unit;
        uint8 kind;
        bytes32 keyId;
        bytes32 saltDigest;
        uint8 measure;
        uint8 registerType;
        uint64 ratedMax;
        uint16 accuracyClass;
        uint64 modulus;
        bytes32 calibration;
        uint64 calibrationTo;
        uint64 installedFrom;
        uint64 removedAt;
        bytes32 replaces;
    }

    /// @notice The record `unit`.
    struct UnitList {
        bytes32 unit;
        bytes32 member;
        uint32 count;
        bytes32 chain;
    }

    /// @notice The record `units`.
    struct MemberUnits {
        bytes32 member;
        uint32 count;
        bytes32 chain;
    }

    event DeviceEnrolled(bytes32 indexed device, bytes32 indexed member, bytes32 indexed unit, bytes32 actId);
    event DeviceCalibrated(
        bytes32 indexed device, bytes32 certificate, uint64 calibratedAt, uint64 validTo, bytes32 actId
    );
    event DeviceRemoved(bytes32 indexed device, uint64 removedAt, bytes32 reasonDigest, bytes32 actId);

    error DeviceRegistryDeviceKnown(bytes32 device);
    error DeviceRegistryDeviceUnknown(bytes32 device);
    /// @notice A number outside its list, or an empty identifier: the field's name, and what was found.
    error DeviceRegistryFieldOutOfRange(bytes32 field, uint256 found);
    error DeviceRegistryUnitForeign(bytes32 unit, bytes32 owner, bytes32 member);
    /// @notice The key is none of purpose device, of this member and device, valid now.
    error DeviceRegistryKeyForeign(bytes32 keyId, bytes32 device);
    error DeviceRegistryCalibrationExpired(bytes32 device, uint64 validTo, uint64 time);
    /// @notice A calibration must be made by now, last beyond it, and last longer than the one before.
    error DeviceRegistryCalibrationOutOfRange(bytes32 device, uint64 calibratedAt, uint64 validTo, uint64 current);
    /// @notice The replaced device must be of the same unit, removed by the time this one starts, and not replaced before.
    error DeviceRegistryReplacementRefused(bytes32 device, bytes32 replaces);
    /// @notice A removal lies after the installation, not in the future, and at most seven days back.
    error DeviceRegistryRemovalOutOfRange(bytes32 device, uint64 removedAt, uint64 installedFrom, uint64 time);
    error DeviceRegistryDeviceRemoved(bytes32 device, uint64 removedAt);

    /// @notice Enrols a device. Signed by an act key of its owner, an admitted enterprise. `keyId` 0: it has no key.
    function enrol(DeviceEnrolment calldata act, Signed calldata member) external;

    /// @notice Records a newer calibration. Signed by an act key of the owner.
    function calibrate(Calibration calldata act, Signed calldata member) external;

    /// @notice Records that a device was taken away, within seven days. Signed by an act key of the owner. It cannot
    /// come back.
    function remove(DeviceRemoval calldata act, Signed calldata member) external;

    function deviceOf(bytes32 device) external view returns (Device memory);

    function unitOf(bytes32 unit) external view returns (UnitList memory);

    function unitsOf(bytes32 member) external view returns (MemberUnits memory);
}
