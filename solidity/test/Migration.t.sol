// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Vm} from "forge-std/Vm.sol";
import {IReputation} from "../src/IReputation.sol";
import {Reputation} from "../src/Reputation.sol";
import {LegacyReputation} from "./support/LegacyReputation.sol";
import {ReputationTest} from "./support/ReputationTest.sol";

contract MigrationTest is ReputationTest {
    Reputation private first;
    Reputation private second;
    Reputation private third;

    function setUp() public {
        first = make(address(0));
        first.addUserWithKey("alice", "salt", HASH, 100, 50, key(1));
        first.addUser("bob", "pepper", bytes32("bob"), 7, 9);
        second = make(address(first));
        third = make(address(second));
    }

    function test_resolveUser_reads_across_two_hops() public view {
        (IReputation.UserData memory user, bytes memory publicKey, address source, uint256 hops) =
            third.resolveUser("alice");
        assertEq(user.username, "alice");
        assertEq(user.salt, "salt");
        assertEq(user.passwordHash, HASH);
        assertEq(user.downloadSize, 100);
        assertEq(user.uploadSize, 50);
        assertEq(publicKey, key(1));
        assertEq(source, address(first));
        assertEq(hops, 2);
        assertAbsent(third, "alice");
    }

    function test_resolveUser_prefers_the_newest_record() public {
        second.migrateUserData("alice");
        second.updateUser("alice", 200, 150);
        (IReputation.UserData memory user,, address source, uint256 hops) = third.resolveUser("alice");
        assertEq(user.downloadSize, 200);
        assertEq(source, address(second));
        assertEq(hops, 1);
        (,, source, hops) = second.resolveUser("alice");
        assertEq(source, address(second));
        assertEq(hops, 0);
    }

    function test_resolveUser_of_nobody_is_all_zero() public view {
        (IReputation.UserData memory user, bytes memory publicKey, address source, uint256 hops) =
            third.resolveUser("nobody");
        assertEq(user.username, "");
        assertEq(user.passwordHash, bytes32(0));
        assertEq(publicKey, "");
        assertEq(source, address(0));
        assertEq(hops, 0);
    }

    function test_migration_takes_the_whole_record_from_the_nearest_that_has_it() public {
        vm.expectEmit();
        emit IReputation.UserMigrated(keccak256("alice"), address(first), "alice", 100, 50);
        third.migrateUserData("alice");
        assertEq(third.publicKeyOf("alice"), key(1));
        second.migrateUserData("bob");
        second.updateUser("bob", 70, 90);
        third.migrateUserData("bob");
        assertTotals(third, "bob", 70, 90);
        assertEq(third.getUserData("bob").salt, "pepper");
    }

    function test_a_migrated_record_is_out_of_its_old_owners_reach() public {
        second.migrateUserData("alice");
        first.addUserWithKey("alice", "changed", bytes32("changed"), 0, 0, key(9));
        IReputation.UserData memory user = second.getUserData("alice");
        assertEq(user.salt, "salt");
        assertEq(user.passwordHash, HASH);
        assertEq(second.publicKeyOf("alice"), key(1));
        assertTotals(second, "alice", 100, 50);
    }

    function test_first_generation_contracts_are_migrated_from_and_looked_through() public {
        LegacyReputation old = new LegacyReputation(address(this), address(0));
        LegacyReputation mid = new LegacyReputation(address(this), address(old));
        old.addUser("carol", text(200), HASH, 1, 2);
        mid.addUser("dave", "s", HASH, 3, 4);
        Reputation next = make(address(make(address(mid))));
        (IReputation.UserData memory user,, address source, uint256 hops) = next.resolveUser("carol");
        assertEq(user.salt, text(200));
        assertEq(source, address(old));
        assertEq(hops, 3);
        next.migrateUserData("carol");
        next.migrateUserData("dave");
        assertTotals(next, "carol", 1, 2);
        assertEq(next.getUserData("carol").salt, text(200));
        assertEq(next.publicKeyOf("carol"), "");
        assertTotals(next, "dave", 3, 4);
    }

    function test_a_first_generation_contract_migrates_from_this_one() public {
        LegacyReputation old = new LegacyReputation(address(this), address(first));
        old.migrateUserData("alice");
        assertEq(old.getUserData("alice").uploadSize, 50);
    }

    function test_migration_is_for_the_owner_the_referrers_owner_or_after_retirement() public {
        Reputation next = new Reputation(address(0xA11), address(first));
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        next.migrateUserData("alice");
        next.migrateUserData("bob"); // this test owns the referrer
        first.retire(address(next));
        vm.prank(STRANGER);
        next.migrateUserData("alice");
        assertTotals(next, "alice", 100, 50);
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        next.migrateUsers(one("alice"));
    }

    function test_retirement_in_favour_of_another_opens_nothing() public {
        Reputation other = make(address(first));
        first.retire(address(second));
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        other.migrateUserData("alice");
    }

    function test_others_than_the_owner_reach_the_immediate_referrer_only() public {
        second.retire(address(third));
        vm.prank(STRANGER);
        third.migrateUserData("alice"); // two hops away
        assertAbsent(third, "alice");
        third.migrateUserData("alice");
        assertTotals(third, "alice", 100, 50);
    }

    function test_a_starved_read_is_an_error_and_never_a_miss() public {
        second.migrateUserData("alice");
        second.updateUser("alice", 999, 999);
        for (uint256 gas_ = 30_000; gas_ < 160_000; gas_ += 10_000) {
            (bool done, bytes memory answer) =
                address(third).call{gas: gas_}(abi.encodeCall(third.migrateUserData, ("alice")));
            assertFalse(done);
            assertEq(answer, abi.encodeWithSignature("Error(string)", "Not enough gas"));
        }
        third.migrateUserData("alice");
        assertTotals(third, "alice", 999, 999);
    }

    function test_the_fixed_gas_limit_of_older_clients_is_enough() public {
        uint256 limit = 300_000 - 21_000 - 2_000;
        third.migrateUserData{gas: limit}("alice");
        first.addUser(text(200), text(200), HASH, 1, 1);
        second.migrateUserData{gas: limit}(text(200));
        assertEq(second.getUserData(text(200)).salt, text(200));
    }

    function test_a_batch_passes_over_whom_it_cannot_migrate_and_says_why() public {
        LegacyReputation old = new LegacyReputation(address(this), address(0));
        old.addUser("alice", "s", HASH, 1, 2);
        old.addUser("here", "s", HASH, 1, 2);
        old.addUser("salty", text(257), HASH, 1, 2);
        old.addUser("huge", "", HASH, 1 << 96, 2);
        old.addUser(text(257), "", HASH, 1, 2);
        Reputation next = make(address(old));
        next.addUser("here", "", bytes32("here"), 5, 6);
        string[] memory names = new string[](7);
        (names[0], names[1], names[2], names[3]) = ("here", "nobody", "salty", "huge");
        (names[4], names[5], names[6]) = (text(257), "alice", "alice");
        vm.recordLogs();
        assertEq(next.migrateUsers(names), 1);
        string[7] memory reasons = [
            "User exists",
            "User does not exist",
            "Salt is too long",
            "Size is too large",
            "Username is too long",
            "",
            "User exists"
        ];
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 7);
        for (uint256 i = 0; i < 7; i++) {
            bool moved = i == 5;
            assertEq(
                logs[i].topics[0], moved ? IReputation.UserMigrated.selector : IReputation.UserNotMigrated.selector
            );
            assertEq(logs[i].topics[1], keccak256(bytes(names[i])));
            if (!moved) assertEq(abi.decode(logs[i].data, (string)), reasons[i]);
        }
        assertTotals(next, "here", 5, 6);
        assertTotals(next, "alice", 1, 2);
    }

    function test_a_single_migration_over_the_limits_says_why() public {
        LegacyReputation old = new LegacyReputation(address(this), address(0));
        old.addUser("salty", text(257), HASH, 1, 2);
        Reputation next = make(address(old));
        vm.expectEmit();
        emit IReputation.UserNotMigrated(keccak256("salty"), "Salt is too long");
        next.migrateUserData("salty");
        assertAbsent(next, "salty");
    }

    function test_a_batch_over_more_than_one_page_keeps_every_record() public {
        string[] memory names = new string[](120);
        for (uint256 i = 0; i < names.length; i++) {
            names[i] = name(i);
            first.addUserWithKey(names[i], text(200 + i % 57), keccak256(bytes(names[i])), i, 2 * i, key(i));
        }
        assertEq(second.migrateUsers(names), 120);
        for (uint256 i = 0; i < names.length; i++) {
            IReputation.UserData memory user = second.getUserData(names[i]);
            assertEq(user.salt, text(200 + i % 57));
            assertEq(user.passwordHash, keccak256(bytes(names[i])));
            assertTotals(second, names[i], i, 2 * i);
            assertEq(second.publicKeyOf(names[i]), key(i));
        }
    }

    function test_a_batch_has_a_limit() public {
        vm.expectRevert("Batch is too large");
        second.migrateUsers(new string[](257));
        assertEq(second.migrateUsers(new string[](0)), 0);
    }

    function test_retirement_ends_all_writing() public {
        second.migrateUserData("alice");
        vm.expectEmit();
        emit IReputation.Retired(address(third));
        second.retire(address(third));
        assertTrue(second.retired());
        assertEq(second.successor(), address(third));
        bytes[9] memory writes = [
            abi.encodeCall(second.addUser, ("bob", "s", HASH, 0, 0)),
            abi.encodeCall(second.addUserWithKey, ("bob", "s", HASH, 0, 0, key(2))),
            abi.encodeCall(second.setUserKey, ("alice", key(2))),
            abi.encodeCall(second.updateUser, ("alice", 0, 0)),
            abi.encodeCall(second.updateUsers, (new string[](0), new uint256[](0), new uint256[](0))),
            abi.encodeCall(second.migrateUserData, ("bob")),
            abi.encodeCall(second.migrateUsers, (new string[](0))),
            abi.encodeCall(second.setOffchainDataUrl, ("x")),
            abi.encodeCall(second.retire, (address(third)))
        ];
        for (uint256 i = 0; i < writes.length; i++) {
            (bool done, bytes memory answer) = address(second).call(writes[i]);
            assertFalse(done);
            assertEq(answer, abi.encodeWithSignature("Error(string)", "Contract is retired"));
        }
        assertTotals(second, "alice", 100, 50);
        third.migrateUserData("alice");
        assertTotals(third, "alice", 100, 50);
    }

    function test_retirement_needs_the_owner_and_a_successor_that_refers_here() public {
        address[4] memory wrong = [address(0), STRANGER, address(first), address(third)];
        for (uint256 i = 0; i < wrong.length; i++) {
            vm.expectRevert("Successor has another referrer");
            first.retire(wrong[i]);
        }
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        first.retire(address(second));
        assertFalse(first.retired());
    }
}
