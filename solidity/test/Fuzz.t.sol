// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "../src/IReputation.sol";
import {Reputation} from "../src/Reputation.sol";
import {LegacyReputation} from "./support/LegacyReputation.sol";
import {ReputationTest} from "./support/ReputationTest.sol";

contract FuzzTest is ReputationTest {
    Reputation private first;
    Reputation private second;

    function setUp() public {
        first = make(address(0));
        second = make(address(first));
    }

    function testFuzz_a_record_reads_back_here_and_after_migration(
        string memory username,
        string memory salt,
        bytes32 hash,
        uint96 down,
        uint96 up,
        uint256 seed
    ) public {
        username = fit(username, 1);
        salt = fit(salt, 0);
        vm.assume(hash != 0);
        if (seed % 2 == 0) first.addUser(username, salt, hash, down, up);
        else first.addUserWithKey(username, salt, hash, down, up, key(seed));
        bytes memory expected = abi.encode(IReputation.UserData(username, salt, hash, down, up));
        assertEq(abi.encode(first.getUserData(username)), expected);
        if (seed % 3 == 0) second.migrateUserData(username);
        else assertEq(second.migrateUsers(one(username)), 1);
        assertEq(abi.encode(second.getUserData(username)), expected);
        assertEq(second.publicKeyOf(username), first.publicKeyOf(username));
        assertEq(second.publicKeyOf(username).length, seed % 2 == 0 ? 0 : 48);
    }

    function testFuzz_totals_of_any_size_are_kept_or_refused(uint256 down, uint256 up) public {
        first.addUser("alice", "", HASH, 1, 2);
        bool fits = down < 1 << 96 && up < 1 << 96;
        if (!fits) vm.expectRevert("Size is too large");
        first.updateUser("alice", down, up);
        if (fits) assertTotals(first, "alice", down, up);
        else assertTotals(first, "alice", 1, 2);
    }

    /// @dev Whatever bytes a referrer answers with, reading never reverts, and what is taken is what ABI
    /// decoding of those bytes yields.
    function testFuzz_any_answer_of_a_referrer_is_survived(bytes memory answer, uint8 shape, uint256 junk) public {
        Parrot parrot = new Parrot();
        Reputation rep = make(address(parrot));
        if (shape % 2 == 0) {
            answer = abi.encode(IReputation.UserData("alice", string(answer), HASH, 5, 6));
            // One damaged word somewhere in a well formed record.
            uint256 at_ = (junk % (answer.length / 32)) * 32;
            uint256 value = shape % 3 == 0 ? junk : shape;
            assembly ("memory-safe") {
                mstore(add(add(answer, 32), at_), value)
            }
        }
        parrot.teach(answer);
        (IReputation.UserData memory user,, address source,) = rep.resolveUser("alice");
        if (source == address(0)) return;
        assertEq(user.username, "alice");
        IReputation.UserData memory decoded = abi.decode(answer, (IReputation.UserData));
        assertEq(abi.encode(user), abi.encode(decoded));
        rep.migrateUserData("alice");
        bool kept = bytes(user.salt).length <= 256 && (user.downloadSize | user.uploadSize) < 1 << 96;
        assertEq(rep.getUserData("alice").passwordHash, kept ? user.passwordHash : bytes32(0));
    }

    function testFuzz_strangers_change_nothing(address caller, string memory username, uint256 number) public {
        vm.assume(caller != address(this));
        first.addUser("alice", "", HASH, 1, 2);
        username = number % 2 == 0 ? "alice" : username;
        bytes[8] memory writes = [
            abi.encodeCall(second.addUser, (username, "", HASH, number, number)),
            abi.encodeCall(second.addUserWithKey, (username, "", HASH, 0, 0, key(number))),
            abi.encodeCall(second.setUserKey, (username, key(number))),
            abi.encodeCall(second.updateUser, (username, number, number)),
            abi.encodeCall(second.migrateUserData, (username)),
            abi.encodeCall(second.migrateUsers, (one(username))),
            abi.encodeCall(second.retire, (caller)),
            abi.encodeCall(second.setOffchainDataUrl, (username))
        ];
        vm.prank(caller);
        (bool done, bytes memory answer) = address(second).call(writes[number % writes.length]);
        assertFalse(done);
        assertEq(answer, abi.encodeWithSignature("Error(string)", "Only the owner can call this function."));
    }

    /// @notice Any bytes cut, or padded, to what a name or salt may be.
    function fit(string memory value, uint256 least) private pure returns (string memory) {
        bytes memory data = bytes(value);
        if (data.length < least) return "x";
        if (data.length > 256) {
            assembly ("memory-safe") {
                mstore(data, 256)
            }
        }
        return string(data);
    }
}

/// @notice Says what it was taught, to everything but `owner()`.
contract Parrot {
    address public owner = msg.sender;
    bytes private answer;

    function teach(bytes memory answer_) external {
        answer = answer_;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return answer;
    }
}
