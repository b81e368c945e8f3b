// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "../src/IReputation.sol";
import {Reputation} from "../src/Reputation.sol";
import {ReputationTest} from "./support/ReputationTest.sol";

contract UsersTest is ReputationTest {
    Reputation private rep;

    function setUp() public {
        rep = make(address(0));
        rep.addUserWithKey("alice", "salt", HASH, 10, 20, key(1));
    }

    function test_addUser_emits_the_name_and_totals() public {
        vm.expectEmit();
        emit IReputation.UserAdded(keccak256("bob"), "bob", 1, 2);
        rep.addUser("bob", "", HASH, 1, 2);
    }

    function test_addUser_refuses_what_it_could_not_keep() public {
        vm.expectRevert("Username is empty");
        rep.addUser("", "s", HASH, 0, 0);
        vm.expectRevert("Username is too long");
        rep.addUser(text(257), "s", HASH, 0, 0);
        vm.expectRevert("Salt is too long");
        rep.addUser("bob", text(257), HASH, 0, 0);
        vm.expectRevert("Password hash is zero");
        rep.addUser("bob", "s", 0, 0, 0);
        vm.expectRevert("Size is too large");
        rep.addUser("bob", "s", HASH, 1 << 96, 0);
        vm.expectRevert("Size is too large");
        rep.addUser("bob", "s", HASH, 0, type(uint256).max);
        assertAbsent(rep, "bob");
    }

    function test_addUser_takes_the_greatest_of_everything() public {
        uint256 most = type(uint96).max;
        rep.addUserWithKey(text(256), text(256), bytes32(type(uint256).max), most, most, key(2));
        IReputation.UserData memory user = rep.getUserData(text(256));
        assertEq(user.username, text(256));
        assertEq(user.salt, text(256));
        assertEq(user.passwordHash, bytes32(type(uint256).max));
        assertTotals(rep, text(256), most, most);
        assertEq(rep.publicKeyOf(text(256)), key(2));
    }

    function test_names_are_exact() public {
        rep.addUser(unicode"Ünïcødé-用户-🦊", "", HASH, 3, 4);
        assertTotals(rep, unicode"Ünïcødé-用户-🦊", 3, 4);
        assertAbsent(rep, "Alice");
        assertAbsent(rep, "alice ");
        assertAbsent(rep, "");
    }

    function test_updateUser_keeps_identity_and_emits() public {
        vm.expectEmit();
        emit IReputation.UserUpdated(keccak256("alice"), 5, 6);
        rep.updateUser("alice", 5, 6);
        IReputation.UserData memory user = rep.getUserData("alice");
        assertEq(user.salt, "salt");
        assertEq(user.passwordHash, HASH);
        assertEq(rep.publicKeyOf("alice"), key(1));
        assertTotals(rep, "alice", 5, 6);
    }

    function test_updateUser_refuses_strangers_and_sizes_over_the_limit() public {
        vm.expectRevert("Size is too large");
        rep.updateUser("alice", 0, 1 << 96);
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        rep.updateUser("alice", 5, 6);
        assertTotals(rep, "alice", 10, 20);
    }

    function test_addMembers_adds_each_with_its_key() public {
        (string[] memory names, uint256[] memory down, uint256[] memory up) = pair("bob", "carol");
        vm.expectEmit();
        emit IReputation.UserAdded(keccak256("bob"), "bob", 1, 101);
        vm.expectEmit();
        emit IReputation.UserKeyChanged(keccak256("bob"), key(1));
        vm.expectEmit();
        emit IReputation.UserAdded(keccak256("carol"), "carol", 2, 102);
        rep.addMembers(names, down, up, keys(2));
        assertTotals(rep, "bob", 1, 101);
        assertTotals(rep, "carol", 2, 102);
        assertEq(rep.publicKeyOf("bob"), key(1));
        assertEq(rep.publicKeyOf("carol"), key(2));
        assertEq(rep.getUserData("bob").passwordHash, keccak256(abi.encodePacked("PBTS member key", key(1))));
        assertEq(rep.getUserData("carol").salt, "");
        rep.updateUsers(names, up, down);
        rep.setUserKey("bob", key(3));
        assertTotals(rep, "bob", 101, 1);
        assertEq(rep.publicKeyOf("bob"), key(3));
        assertEq(rep.publicKeyOf("carol"), key(2));
    }

    function test_addMembers_replaces_nobody() public {
        (string[] memory names, uint256[] memory down, uint256[] memory up) = pair("bob", "alice");
        vm.expectRevert("User exists");
        rep.addMembers(names, down, up, keys(2));
        (names, down, up) = pair("bob", "bob");
        vm.expectRevert("User exists");
        rep.addMembers(names, down, up, keys(2));
        assertAbsent(rep, "bob");
        assertTotals(rep, "alice", 10, 20);
    }

    function test_addMembers_checks_what_it_is_given_and_its_caller() public {
        (string[] memory names, uint256[] memory down, uint256[] memory up) = pair("bob", "carol");
        vm.expectRevert("Array lengths differ");
        rep.addMembers(names, down, up, keys(3));
        vm.expectRevert("Array lengths differ");
        rep.addMembers(names, down, new uint256[](1), keys(2));
        vm.expectRevert("Array lengths differ");
        rep.addMembers(names, new uint256[](1), up, keys(2));
        vm.expectRevert("Batch is too large");
        rep.addMembers(new string[](257), new uint256[](257), new uint256[](257), new bytes[](257));
        vm.expectRevert("Public key is malformed");
        rep.addMembers(names, down, up, new bytes[](2));
        vm.expectRevert("Username is empty");
        rep.addMembers(new string[](2), down, up, keys(2));
        names[1] = text(257);
        vm.expectRevert("Username is too long");
        rep.addMembers(names, down, up, keys(2));
        names[1] = "carol";
        up[1] = 1 << 96;
        vm.expectRevert("Size is too large");
        rep.addMembers(names, down, up, keys(2));
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        rep.addMembers(names, down, down, keys(2));
    }

    function test_addMembers_of_a_whole_batch_fills_as_many_pages_as_it_needs() public {
        (string[] memory names, uint256[] memory sizes) = (new string[](256), new uint256[](256));
        for (uint256 i = 0; i < 256; i++) {
            (names[i], sizes[i]) = (name(i), i);
        }
        rep.addMembers(names, sizes, sizes, keys(256));
        rep.addUser("after", "", HASH, 5, 6);
        for (uint256 i = 0; i < 256; i++) {
            assertTotals(rep, names[i], i, i);
            assertEq(rep.publicKeyOf(names[i]), key(i + 1));
        }
        assertTotals(rep, "after", 5, 6);
    }

    function keys(uint256 count) private pure returns (bytes[] memory all) {
        all = new bytes[](count);
        for (uint256 i = 0; i < count; i++) {
            all[i] = key(i + 1);
        }
    }

    function test_updateUsers_sets_each() public {
        rep.addUser("bob", "", HASH, 0, 0);
        (string[] memory names, uint256[] memory down, uint256[] memory up) = pair("alice", "bob");
        vm.expectEmit();
        emit IReputation.UserUpdated(keccak256("alice"), 1, 101);
        vm.expectEmit();
        emit IReputation.UserUpdated(keccak256("bob"), 2, 102);
        rep.updateUsers(names, down, up);
        assertTotals(rep, "alice", 1, 101);
        assertTotals(rep, "bob", 2, 102);
    }

    function test_updateUsers_is_all_or_nothing() public {
        (string[] memory names, uint256[] memory down, uint256[] memory up) = pair("alice", "nobody");
        vm.expectRevert("User does not exist");
        rep.updateUsers(names, down, up);
        assertTotals(rep, "alice", 10, 20);
    }

    function test_updateUsers_checks_its_arrays_and_its_caller() public {
        (string[] memory names, uint256[] memory down, uint256[] memory up) = pair("alice", "alice");
        vm.expectRevert("Array lengths differ");
        rep.updateUsers(names, down, new uint256[](1));
        vm.expectRevert("Array lengths differ");
        rep.updateUsers(names, new uint256[](3), up);
        vm.expectRevert("Batch is too large");
        rep.updateUsers(new string[](257), new uint256[](257), new uint256[](257));
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        rep.updateUsers(names, down, up);
        rep.updateUsers(new string[](0), new uint256[](0), new uint256[](0));
        assertTotals(rep, "alice", 10, 20);
    }

    function test_setUserKey_rotates_and_withdraws() public {
        assertEq(rep.publicKeyOf("alice"), key(1));
        vm.expectEmit();
        emit IReputation.UserKeyChanged(keccak256("alice"), key(2));
        rep.setUserKey("alice", key(2));
        assertEq(rep.publicKeyOf("alice"), key(2));
        rep.setUserKey("alice", "");
        assertEq(rep.publicKeyOf("alice"), "");
        IReputation.UserData memory user = rep.getUserData("alice");
        assertEq(user.salt, "salt");
        assertEq(user.passwordHash, HASH);
        assertTotals(rep, "alice", 10, 20);
    }

    function test_setUserKey_refuses_what_is_no_key() public {
        bytes memory infinity = new bytes(48);
        infinity[0] = 0xc0;
        bytes[4] memory bad = [new bytes(48), infinity, new bytes(47), abi.encodePacked(key(1), uint8(0))];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert("Public key is malformed");
            rep.setUserKey("alice", bad[i]);
        }
        vm.expectRevert("Public key is malformed");
        rep.addUserWithKey("bob", "", HASH, 0, 0, "");
        vm.expectRevert("User does not exist");
        rep.setUserKey("bob", key(1));
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        rep.setUserKey("alice", key(2));
        assertEq(rep.publicKeyOf("alice"), key(1));
    }

    function test_addUser_over_a_user_withdraws_its_key() public {
        rep.addUser("alice", "new", HASH, 0, 0);
        assertEq(rep.publicKeyOf("alice"), "");
    }

    function test_offchain_url_has_a_limit() public {
        vm.expectEmit();
        emit IReputation.OffchainDataUrlChanged(text(2048));
        rep.setOffchainDataUrl(text(2048));
        vm.expectRevert("URL is too long");
        rep.setOffchainDataUrl(text(2049));
        assertEq(rep.getOffchainDataUrl(), text(2048));
    }

    function pair(string memory a, string memory b)
        private
        pure
        returns (string[] memory names, uint256[] memory down, uint256[] memory up)
    {
        (names, down, up) = (new string[](2), new uint256[](2), new uint256[](2));
        (names[0], names[1]) = (a, b);
        (down[0], down[1]) = (1, 2);
        (up[0], up[1]) = (101, 102);
    }
}
