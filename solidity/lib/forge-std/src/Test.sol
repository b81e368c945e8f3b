// SPDX-License-Identifier: MIT
pragma solidity ^0.8.12;

import {Vm, VM_ADDRESS} from "./Vm.sol";
import {console} from "./console.sol";

/// @notice The part of forge-std's Test that tests here use, under the same names, since npm does not carry
/// forge-std. A checkout of the real one in this place works as well.
abstract contract Test {
    Vm internal constant vm = Vm(VM_ADDRESS);
    bool public IS_TEST = true;
    address[] private targets;

    /// @notice The contracts whose functions an invariant test calls at random.
    function targetContracts() public view returns (address[] memory) {
        return targets;
    }

    function targetContract(address target) internal {
        targets.push(target);
    }

    function makeAddr(string memory name) internal virtual returns (address account) {
        account = vm.addr(uint256(keccak256(bytes(name))));
        vm.label(account, name);
    }

    /// @notice `value` brought into [least, most].
    function bound(uint256 value, uint256 least, uint256 most) internal pure virtual returns (uint256) {
        require(least <= most, "bound: empty range");
        if (value >= least && value <= most) return value;
        uint256 size = most - least;
        return size == type(uint256).max ? value : least + value % (size + 1);
    }

    function assertEq(string memory left, string memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes memory left, bytes memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(uint256 left, uint256 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(uint256 left, uint256 right, string memory reason) internal pure {
        vm.assertEq(left, right, reason);
    }

    function assertEq(int256 left, int256 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes32 left, bytes32 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(address left, address right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bool left, bool right) internal pure {
        vm.assertEq(left, right);
    }

    function assertTrue(bool condition) internal pure {
        vm.assertTrue(condition);
    }

    function assertTrue(bool condition, string memory reason) internal pure {
        vm.assertTrue(condition, reason);
    }

    function assertFalse(bool condition) internal pure {
        vm.assertFalse(condition);
    }

    function assertLe(uint256 left, uint256 right) internal pure {
        vm.assertLe(left, right);
    }

    function assertLt(uint256 left, uint256 right) internal pure {
        vm.assertLt(left, right);
    }

    function assertGe(uint256 left, uint256 right) internal pure {
        vm.assertGe(left, right);
    }

    function assertGt(uint256 left, uint256 right) internal pure {
        vm.assertGt(left, right);
    }
}
