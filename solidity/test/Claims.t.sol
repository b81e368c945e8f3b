// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "../src/IReputation.sol";
import {Reputation} from "../src/Reputation.sol";
import {LegacyReputation} from "./support/LegacyReputation.sol";
import {MemberTree} from "./support/MemberTree.sol";

contract ClaimsTest is MemberTree {
    bytes32 private constant LEAF = 0x72aa74db032574a2430436f4f5f3f4380eb1a77744cd8ef0914504fb4b570edb;
    bytes32 private constant ROOT = 0x157fa1539c84c6881a6f79b3fdee28ea47ee236768bad97598e6cfb7eb10fccd;
    Reputation private first;
    Reputation private second;

    function setUp() public {
        first = make(address(0));
        second = make(address(first));
    }

    /// @dev Three members and a padding leaf, hashed by another program from the definition.
    function test_the_bytes_are_the_published_ones() public {
        Member[] memory all = new Member[](3);
        bytes memory point = bytes.concat(hex"97", new bytes(47));
        all[0] = Member("alice", bytes16(hex"000102030405060708090a0b0c0d0e0f"), point, 1e12, 5e11);
        all[1] = Member(unicode"bøb", bytes16(0), bytes.concat(hex"a0", new bytes(47)), 0, 1 << 63);
        all[2] = Member("c", bytes16(type(uint128).max), bytes.concat(hex"80", new bytes(47)), 3, 0);
        (Node memory root,) = prove(all, 0);
        assertEq(leafOf(all[0]).hash, LEAF);
        assertEq(root.hash, ROOT);
        assertEq(root.up, 1e12 + 3);
        assertEq(root.down, 5e11 + (1 << 63));
        anchorNext(first, all);
        for (uint32 i = 0; i < 3; i++) {
            claim(second, all, i, 1, HASH);
            assertTotals(second, all[i].name, all[i].down, all[i].up);
        }
    }

    function test_a_claim_writes_the_record_and_says_so() public {
        Member[] memory all = membership(5);
        anchorNext(first, all);
        vm.expectEmit();
        emit IReputation.UserMigrated(keccak256("user3"), address(first), "user3", all[3].down, all[3].up);
        vm.expectEmit();
        emit IReputation.UserKeyChanged(keccak256("user3"), key(3));
        claim(second, all, 3, 1, HASH);
        IReputation.UserData memory user = second.getUserData("user3");
        assertEq(user.username, "user3");
        assertEq(user.salt, "");
        assertEq(user.passwordHash, HASH);
        assertTotals(second, "user3", all[3].down, all[3].up);
        assertEq(second.publicKeyOf("user3"), key(3));
        assertAbsent(first, "user3");
        second.updateUser("user3", 1, 2);
        assertTotals(make(address(second)), "user3", 0, 0);
    }

    function test_a_single_members_leaf_is_the_root() public {
        Member[] memory all = membership(1);
        anchorNext(first, all);
        assertEq(first.rootAt(1), leafOf(all[0]).hash);
        claim(second, all, 0, 1, HASH);
        assertTotals(second, "user0", all[0].down, all[0].up);
    }

    function test_nobody_is_claimed_twice_by_whatever_root_or_claimant() public {
        Member[] memory all = membership(4);
        anchorNext(first, all);
        all[2].up += 10;
        anchorNext(first, all);
        claim(second, all, 2, 2, HASH);
        all[2].up -= 10;
        vm.expectRevert("User exists");
        this.claimAs(address(this), second, all, 2, 1, HASH);
        first.retire(address(second));
        vm.expectRevert("User exists");
        this.claimAs(STRANGER, second, all, 2, 1, memberHash(key(2)));
        vm.expectRevert("User exists");
        second.migrateUserData("user2");
        assertTotals(second, "user2", all[2].down, all[2].up + 10);
    }

    function test_who_was_added_or_migrated_is_not_claimed() public {
        Member[] memory all = membership(2);
        first.addUser("user1", "", HASH, 1, 2);
        anchorNext(first, all);
        second.addUser("user0", "", HASH, 3, 4);
        second.migrateUserData("user1");
        for (uint32 i = 0; i < 2; i++) {
            vm.expectRevert("User exists");
            this.claimAs(address(this), second, all, i, 1, HASH);
        }
    }

    function test_only_the_last_24_roots_are_claimed_by() public {
        Member[] memory all = membership(3);
        for (uint256 i = 0; i < 25; i++) {
            anchorNext(first, all);
        }
        uint64[4] memory gone = [uint64(0), 1, 26, 49];
        for (uint256 i = 0; i < gone.length; i++) {
            vm.expectRevert("Root is not anchored");
            this.claimAs(address(this), second, all, 0, gone[i], HASH);
        }
        claim(second, all, 0, 2, HASH);
        claim(second, all, 1, 25, HASH);
    }

    function test_strangers_claim_only_after_retirement_in_favour_and_without_a_password() public {
        Member[] memory all = membership(3);
        anchorNext(first, all);
        Reputation other = make(address(first));
        vm.expectRevert("Only the owner can call this function.");
        this.claimAs(STRANGER, second, all, 1, 1, memberHash(key(1)));
        first.retire(address(second));
        vm.expectRevert("Only the owner can call this function.");
        this.claimAs(STRANGER, other, all, 1, 1, memberHash(key(1)));
        vm.expectRevert("Password hash is not the key's");
        this.claimAs(STRANGER, second, all, 1, 1, HASH);
        vm.expectRevert("Password hash is not the key's");
        this.claimAs(STRANGER, second, all, 1, 1, memberHash(key(2)));
        this.claimAs(STRANGER, second, all, 1, 1, memberHash(key(1)));
        assertEq(second.getUserData("user1").passwordHash, memberHash(key(1)));
        claim(second, all, 2, 1, HASH); // the owner's, with a password
    }

    function test_the_referrers_owner_is_a_stranger_to_claims() public {
        Member[] memory all = membership(2);
        anchorNext(first, all);
        Reputation next = new Reputation(address(0xA11), address(first));
        vm.expectRevert("Only the owner can call this function.");
        this.claimAs(address(this), next, all, 0, 1, memberHash(key(0)));
    }

    function test_a_retired_contract_claims_nobody() public {
        Member[] memory all = membership(2);
        anchorNext(first, all);
        second.retire(address(make(address(second))));
        vm.expectRevert("Contract is retired");
        this.claimAs(address(this), second, all, 0, 1, HASH);
    }

    function test_roots_further_back_are_not_claimed_by() public {
        Member[] memory all = membership(2);
        anchorNext(first, all);
        address legacy = address(new LegacyReputation(address(this), address(first)));
        Reputation[3] memory others = [make(address(second)), make(address(0)), make(legacy)];
        for (uint256 i = 0; i < others.length; i++) {
            vm.expectRevert("Root is not anchored");
            this.claimAs(address(this), others[i], all, 0, 1, HASH);
        }
    }

    function test_what_no_record_can_hold_is_refused() public {
        Member[] memory all = membership(4);
        all[0].name = "";
        all[1].name = text(257);
        all[2].key = new bytes(48);
        anchorNext(first, all);
        vm.expectRevert("Username is empty");
        this.claimAs(address(this), second, all, 0, 1, HASH);
        vm.expectRevert("Username is too long");
        this.claimAs(address(this), second, all, 1, 1, HASH);
        vm.expectRevert("Public key is malformed");
        this.claimAs(address(this), second, all, 2, 1, HASH);
        vm.expectRevert("Password hash is zero");
        this.claimAs(address(this), second, all, 3, 1, 0);
    }

    /// @dev Its per-member records are older than its roots, and a record taken would bar the claim.
    function test_strangers_do_not_migrate_records_of_a_referrer_that_anchored() public {
        Member[] memory all = membership(2);
        first.addUserWithKey("user0", "", HASH, 1, 2, key(0));
        first.addUserWithKey("user1", "", HASH, 1, 2, key(1));
        Reputation next = new Reputation(address(0xA11), address(first));
        anchorNext(first, all);
        first.retire(address(next));
        vm.prank(STRANGER);
        vm.expectRevert("Referrer has anchored: use claimUser");
        next.migrateUserData("user0");
        this.claimAs(STRANGER, next, all, 0, 1, memberHash(key(0)));
        assertTotals(next, "user0", all[0].down, all[0].up);
        next.migrateUserData("user1"); // by the referrer's owner
        assertTotals(next, "user1", 1, 2);
    }

    /// @notice As a call of its own, so that a revert of the claim, and nothing before it, is what is expected.
    function claimAs(address sender, Reputation on, Member[] memory all, uint32 index, uint64 sequence, bytes32 hash)
        external
    {
        vm.prank(sender);
        claim(on, all, index, sequence, hash);
    }
}
