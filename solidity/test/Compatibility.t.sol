// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Test} from "forge-std/Test.sol";
import {IReputation} from "../src/IReputation.sol";
import {Reputation} from "../src/Reputation.sol";
import {ReputationFactory} from "../src/factory.sol";

/// @notice What callers of the first generation rely on. Nothing here may ever change.
contract CompatibilityTest is Test {
    event ReputationCreated(address newReputationAddress, address owner, address referrer, bytes attestation);

    address private constant FIRST_OWNER = address(0x1111);
    address private constant SECOND_OWNER = address(0x2222);
    bytes32 private constant HASH = keccak256("secret");
    Reputation private first;

    function setUp() public {
        first = new Reputation(address(this), address(0));
        first.addUser("alice", "salt123", HASH, 100, 50);
    }

    function test_added_user_reads_back_with_all_five_fields() public view {
        Reputation.UserData memory user = first.getUserData("alice");
        assertEq(user.username, "alice");
        assertEq(user.salt, "salt123");
        assertEq(user.passwordHash, HASH);
        assertEq(user.downloadSize, 100);
        assertEq(user.uploadSize, 50);
    }

    function test_allUsers_gives_the_five_fields_one_by_one() public view {
        (string memory name, string memory salt, bytes32 hash, uint256 down, uint256 up) = first.allUsers("alice");
        assertEq(name, "alice");
        assertEq(salt, "salt123");
        assertEq(hash, HASH);
        assertEq(down, 100);
        assertEq(up, 50);
    }

    function test_absent_user_reads_as_zeros() public view {
        Reputation.UserData memory user = first.getUserData("nobody");
        assertEq(user.username, "");
        assertEq(user.salt, "");
        assertEq(user.passwordHash, bytes32(0));
        assertEq(user.downloadSize + user.uploadSize, 0);
    }

    function test_addUser_by_another_reverts_with_the_owner_text() public {
        vm.prank(SECOND_OWNER);
        vm.expectRevert("Only the owner can call this function.");
        first.addUser("bob", "s", HASH, 0, 0);
    }

    function test_addUser_again_overwrites() public {
        first.addUser("alice", "other", bytes32("h"), 1, 2);
        Reputation.UserData memory user = first.getUserData("alice");
        assertEq(user.salt, "other");
        assertEq(user.passwordHash, bytes32("h"));
        assertEq(user.downloadSize, 1);
        assertEq(user.uploadSize, 2);
    }

    function test_updateUser_sets_absolute_totals_up_or_down() public {
        first.updateUser("alice", 1_000, 7);
        Reputation.UserData memory user = first.getUserData("alice");
        assertEq(user.downloadSize, 1_000);
        assertEq(user.uploadSize, 7);
        assertEq(user.salt, "salt123");
    }

    function test_updateUser_of_an_absent_user_reverts() public {
        vm.expectRevert("User does not exist");
        first.updateUser("nobody", 1, 2);
    }

    function test_new_contract_is_empty_until_migration() public {
        Reputation second = new Reputation(address(this), address(first));
        assertEq(second.getUserData("alice").passwordHash, bytes32(0));
        second.migrateUserData("alice");
        Reputation.UserData memory user = second.getUserData("alice");
        assertEq(user.username, "alice");
        assertEq(user.salt, "salt123");
        assertEq(user.passwordHash, HASH);
        assertEq(user.downloadSize, 100);
        assertEq(user.uploadSize, 50);
    }

    function test_migrating_again_reverts() public {
        Reputation second = new Reputation(address(this), address(first));
        second.migrateUserData("alice");
        vm.expectRevert("User exists");
        second.migrateUserData("alice");
    }

    function test_migrating_without_referrer_or_data_changes_nothing() public {
        first.migrateUserData("nobody");
        Reputation second = new Reputation(address(this), address(first));
        second.migrateUserData("nobody");
        assertEq(second.getUserData("nobody").passwordHash, bytes32(0));
    }

    function test_successor_of_another_owner_takes_over_and_updates() public {
        Reputation second = new Reputation(SECOND_OWNER, address(first));
        assertEq(second.owner(), SECOND_OWNER);
        assertEq(second.referrerReputation(), address(first));
        second.migrateUserData("alice"); // by the owner of the first
        vm.prank(SECOND_OWNER);
        second.updateUser("alice", 200, 150);
        Reputation.UserData memory user = second.getUserData("alice");
        assertEq(user.downloadSize, 200);
        assertEq(user.uploadSize, 150);
        assertEq(user.salt, "salt123");
        assertEq(first.getUserData("alice").downloadSize, 100);
    }

    function test_offchain_url_round_trip_is_the_owners() public {
        first.setOffchainDataUrl("ipfs://data");
        assertEq(first.getOffchainDataUrl(), "ipfs://data");
        assertEq(first.offchainDataUrl(), "ipfs://data");
        vm.prank(SECOND_OWNER);
        vm.expectRevert("Only the owner can call this function.");
        first.setOffchainDataUrl("ipfs://other");
    }

    function test_constructor_leaves_out_a_referrer_that_is_no_reputation() public {
        assertEq(first.referrerReputation(), address(0));
        assertEq(new Reputation(address(this), address(0xEA0)).referrerReputation(), address(0));
        address factory = address(new ReputationFactory());
        assertEq(new Reputation(address(this), factory).referrerReputation(), address(0));
    }

    function test_factory_makes_a_contract_of_the_callers_and_logs_it() public {
        ReputationFactory factory = new ReputationFactory();
        vm.recordLogs();
        vm.prank(SECOND_OWNER);
        Reputation made = Reputation(factory.createReputation(address(first), "PBTS-Tracker-v1.0"));
        assertEq(made.owner(), SECOND_OWNER);
        assertEq(made.referrerReputation(), address(first));
        assertEq(vm.getRecordedLogs()[0].data, abi.encode(made, SECOND_OWNER, first, bytes("PBTS-Tracker-v1.0")));
    }

    function test_one_factory_makes_a_chain_of_contracts_of_several_owners() public {
        ReputationFactory factory = new ReputationFactory();
        vm.prank(FIRST_OWNER);
        Reputation oldest = Reputation(factory.createReputation(address(0), "first"));
        assertEq(oldest.owner(), FIRST_OWNER);
        assertEq(oldest.referrerReputation(), address(0));
        vm.prank(FIRST_OWNER);
        oldest.addUser("alice", "salt123", HASH, 100, 50);

        vm.startPrank(SECOND_OWNER);
        Reputation newest = Reputation(factory.createReputation(address(oldest), "second"));
        assertEq(newest.owner(), SECOND_OWNER);
        assertEq(newest.referrerReputation(), address(oldest));
        newest.migrateUserData("alice");
        Reputation.UserData memory user = newest.getUserData("alice");
        assertEq(user.username, "alice");
        assertEq(user.downloadSize, 100);
        assertEq(user.uploadSize, 50);
        newest.updateUser("alice", 200, 150);
        vm.stopPrank();
        assertEq(newest.getUserData("alice").downloadSize, 200);
        assertEq(newest.getUserData("alice").salt, "salt123");
        vm.prank(FIRST_OWNER);
        vm.expectRevert("Only the owner can call this function.");
        newest.setOffchainDataUrl("ipfs://other");
    }

    function test_selectors_and_topic_are_the_published_ones() public view {
        assertEq(bytes32(first.addUser.selector), bytes32(bytes4(0x0923742b)));
        assertEq(bytes32(first.updateUser.selector), bytes32(bytes4(0x293bf5b4)));
        assertEq(bytes32(first.migrateUserData.selector), bytes32(bytes4(0x03260ecb)));
        assertEq(bytes32(first.getUserData.selector), bytes32(bytes4(0x54ab2403)));
        assertEq(bytes32(first.allUsers.selector), bytes32(bytes4(0x85a702be)));
        assertEq(bytes32(first.setOffchainDataUrl.selector), bytes32(bytes4(0x91bd8ff3)));
        assertEq(bytes32(first.getOffchainDataUrl.selector), bytes32(bytes4(0x49c1a25e)));
        assertEq(bytes32(first.offchainDataUrl.selector), bytes32(bytes4(0xb5403e07)));
        assertEq(bytes32(first.referrerReputation.selector), bytes32(bytes4(0x0fcf75e7)));
        assertEq(bytes32(first.owner.selector), bytes32(bytes4(0x8da5cb5b)));
        assertEq(bytes32(ReputationFactory.createReputation.selector), bytes32(bytes4(0x372e3ff5)));
        assertEq(ReputationCreated.selector, 0x1fc0719d46d78aabb186522e969085d1f91976b4fb446cff414921d41f804442);
    }

    /// @dev Byte-exact answers, so that clients with a hand-written decoder keep working.
    function test_getUserData_is_encoded_as_a_tuple() public {
        (, bytes memory answer) = address(first).call(abi.encodeCall(first.getUserData, ("alice")));
        assertEq(answer, abi.encode(IReputation.UserData("alice", "salt123", HASH, 100, 50)));
        (, answer) = address(first).call(abi.encodeCall(first.allUsers, ("alice")));
        assertEq(answer, abi.encode("alice", "salt123", HASH, uint256(100), uint256(50)));
    }
}
