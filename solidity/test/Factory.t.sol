// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Reputation} from "../src/Reputation.sol";
import {ReputationFactory} from "../src/factory.sol";
import {ReputationTest} from "./support/ReputationTest.sol";

contract FactoryTest is ReputationTest {
    ReputationFactory private factory = new ReputationFactory();

    function test_nobody_starts_a_contract_twice() public {
        Reputation made = Reputation(factory.createReputation(address(0), ""));
        Reputation[3] memory started = [made, Reputation(factory.implementation()), make(address(0))];
        for (uint256 i = 0; i < started.length; i++) {
            address owner = started[i].owner();
            vm.prank(STRANGER);
            vm.expectRevert("Contract has an owner");
            started[i].initialize(STRANGER, address(0));
            assertEq(started[i].owner(), owner);
        }
    }

    function test_a_contract_needs_an_owner() public {
        vm.expectRevert("Owner is zero");
        new Reputation(address(0), address(0));
    }

    function test_contracts_of_one_factory_share_code_and_nothing_else() public {
        Reputation one_ = Reputation(factory.createReputation(address(0), ""));
        Reputation other = Reputation(factory.createReputation(address(one_), ""));
        one_.addUserWithKey("alice", "salt", HASH, 1, 2, key(1));
        one_.anchor("root", 7, 5, 3, 1);
        assertAbsent(other, "alice");
        assertAbsent(Reputation(factory.implementation()), "alice");
        assertEq(other.anchorSequence(), 0);
        other.migrateUserData("alice");
        assertEq(other.publicKeyOf("alice"), key(1));
        assertEq(other.VERSION(), 4);
        assertEq(address(one_).code.length, 45);
    }

    function test_the_implementation_is_nobodys_to_write() public {
        Reputation shared = Reputation(factory.implementation());
        assertEq(shared.owner(), address(factory));
        vm.expectRevert("Only the owner can call this function.");
        shared.addUser("alice", "s", HASH, 0, 0);
    }

    /// @dev The attestation of the second is as long as a TEE quote in hex.
    function test_creation_fits_the_fixed_gas_limit_of_older_clients() public {
        bytes memory quote = bytes(text(9_800));
        factory.createReputation{gas: 2_000_000 - 21_000 - (4 + 96 + 32) * 16}(address(0), "PBTS-Tracker-v1.0");
        factory.createReputation{gas: 2_000_000 - 21_000 - (4 + 96 + 9_824) * 16}(address(factory), quote);
    }

    function test_code_stays_under_the_chains_limit() public view {
        assertLe(factory.implementation().code.length, 24_576);
        assertLe(address(factory).code.length, 24_576);
        assertLe(type(ReputationFactory).creationCode.length, 49_152);
    }
}
