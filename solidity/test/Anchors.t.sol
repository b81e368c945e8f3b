// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "../src/IReputation.sol";
import {Reputation} from "../src/Reputation.sol";
import {ReputationFactory} from "../src/factory.sol";
import {ReputationTest} from "./support/ReputationTest.sol";

contract AnchorsTest is ReputationTest {
    /// @dev What a transaction costs beside the execution: its base and the call data at its dearest, no byte zero.
    uint256 private constant AROUND = 21_000 + (4 + 5 * 32) * 16;
    Reputation private rep;

    function setUp() public {
        rep = make(address(0));
    }

    function test_an_anchor_is_kept_logged_and_counted() public {
        assertEq(rep.anchorSequence(), 0);
        vm.expectEmit();
        emit IReputation.Anchored(1, "root", 7, 5, 3);
        rep.anchor("root", 7, 5, 3, 1);
        assertEq(rep.anchorSequence(), 1);
        assertEq(rep.rootAt(1), bytes32("root"));
    }

    function test_only_the_next_sequence_is_taken() public {
        uint64[4] memory wrong = [uint64(0), 2, 25, type(uint64).max];
        for (uint256 i = 0; i < wrong.length; i++) {
            vm.expectRevert("Sequence is not the next");
            rep.anchor("root", 7, 5, 3, wrong[i]);
        }
        rep.anchor("root", 7, 5, 3, 1);
        vm.expectRevert("Sequence is not the next");
        rep.anchor("again", 7, 5, 3, 1);
        assertEq(rep.rootAt(1), bytes32("root"));
    }

    function test_an_empty_anchor_is_refused() public {
        vm.expectRevert("Root is zero");
        rep.anchor(0, 7, 5, 3, 1);
        vm.expectRevert("Anchor has no members");
        rep.anchor("root", 7, 5, 0, 1);
        assertEq(rep.anchorSequence(), 0);
    }

    function test_strangers_and_a_retired_contracts_owner_anchor_nothing() public {
        vm.prank(STRANGER);
        vm.expectRevert("Only the owner can call this function.");
        rep.anchor("root", 7, 5, 3, 1);
        rep.anchor("root", 7, 5, 3, 1);
        rep.retire(address(make(address(rep))));
        vm.expectRevert("Contract is retired");
        rep.anchor("next", 7, 5, 3, 2);
        assertEq(rep.rootAt(1), bytes32("root"));
        assertEq(rep.anchorSequence(), 1);
    }

    function testFuzz_the_last_24_roots_are_kept_and_no_other(uint8 anchors, uint64 asked) public {
        for (uint64 sequence = 1; sequence <= anchors; sequence++) {
            rep.anchor(keccak256(abi.encode(sequence)), sequence, 0, 1, sequence);
        }
        uint64 oldest = anchors > 24 ? anchors - 23 : 1;
        for (uint64 sequence = 0; sequence < uint64(anchors) + 30; sequence++) {
            bool kept = sequence >= oldest && sequence <= anchors;
            assertEq(rep.rootAt(sequence), kept ? keccak256(abi.encode(sequence)) : bytes32(0));
        }
        if (asked > anchors) assertEq(rep.rootAt(asked), bytes32(0));
    }

    /// @dev The owner, the pages' count and the flag share the sequence's slot.
    function test_an_anchor_leaves_the_rest_of_its_slot_alone() public {
        rep.addUserWithKey("alice", "salt", HASH, 1, 2, key(1));
        for (uint64 sequence = 1; sequence <= 30; sequence++) {
            rep.anchor("root", type(uint64).max, type(uint64).max, type(uint32).max, sequence);
        }
        assertEq(rep.owner(), address(this));
        assertFalse(rep.retired());
        rep.addUserWithKey("bob", "salt", HASH, 3, 4, key(2));
        assertEq(rep.publicKeyOf("alice"), key(1));
        assertEq(rep.publicKeyOf("bob"), key(2));
        assertEq(rep.anchorSequence(), 30);
    }

    function test_an_anchor_costs_at_most_60000_gas_the_first_as_any_later() public {
        ReputationFactory factory = new ReputationFactory();
        Reputation made = Reputation(factory.createReputation(address(rep), ""));
        for (uint64 sequence = 1; sequence <= 50; sequence++) {
            vm.cool(address(made));
            vm.cool(factory.implementation());
            uint256 before = gasleft();
            made.anchor(bytes32(type(uint256).max), type(uint64).max, type(uint64).max, type(uint32).max, sequence);
            assertLe(before - gasleft() + AROUND, 60_000);
        }
    }
}
