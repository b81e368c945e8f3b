// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Test, Vm} from "forge-std/Test.sol";
import {IReputation} from "../../src/IReputation.sol";
import {Reputation} from "../../src/Reputation.sol";

/// @notice What the tests of the contract share. The test itself owns the contracts it makes.
abstract contract ReputationTest is Test {
    address internal constant STRANGER = address(0xBAD);
    bytes32 internal constant HASH = keccak256("secret");

    function make(address referrer) internal returns (Reputation) {
        return new Reputation(address(this), referrer);
    }

    /// @notice 48 bytes that pass for a compressed G1 point, different for every `seed`.
    function key(uint256 seed) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(0x97), keccak256(abi.encode(seed)), bytes15(keccak256(abi.encode(seed, 1))));
    }

    function text(uint256 length) internal pure returns (string memory) {
        bytes memory value = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            value[i] = bytes1(uint8(97 + i % 26));
        }
        return string(value);
    }

    function name(uint256 number) internal pure returns (string memory) {
        return string.concat("user", vm.toString(number));
    }

    function one(string memory username) internal pure returns (string[] memory names) {
        names = new string[](1);
        names[0] = username;
    }

    function assertTotals(Reputation on, string memory username, uint256 down, uint256 up) internal view {
        IReputation.UserData memory user = on.getUserData(username);
        assertEq(user.downloadSize, down, "downloadSize");
        assertEq(user.uploadSize, up, "uploadSize");
    }

    function assertAbsent(Reputation on, string memory username) internal view {
        assertEq(on.getUserData(username).passwordHash, bytes32(0));
    }
}
