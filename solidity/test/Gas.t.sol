// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Reputation} from "../src/Reputation.sol";
import {ReputationFactory} from "../src/factory.sol";
import {LegacyReputation} from "./support/LegacyReputation.sol";
import {MemberTree} from "./support/MemberTree.sol";

/// @notice One operation a test, for the gas snapshot. These are execution costs with warm storage; what real
/// transactions cost is in docs/contracts.md.
contract GasTest is MemberTree {
    uint256 private constant BATCH = 100;
    ReputationFactory private factory = new ReputationFactory();
    Reputation private first;
    Reputation private second;
    Reputation private afterLegacy;
    Reputation private afterAnchor;
    bytes private path;
    string[] private names;
    uint256[] private sizes;
    bytes[] private keys;

    function setUp() public {
        first = make(address(0));
        second = make(address(first));
        LegacyReputation legacy = new LegacyReputation(address(this), address(0));
        afterLegacy = make(address(legacy));
        for (uint256 i = 0; i < BATCH; i++) {
            names.push(name(i));
            sizes.push(1e12 + i);
            keys.push(key(i));
            first.addUserWithKey(names[i], "salt123", keccak256(bytes(names[i])), 1e12, 1e12, key(i));
            legacy.addUser(names[i], "salt123", keccak256(bytes(names[i])), 1e12, 1e12);
        }
        Reputation anchored = make(address(0));
        anchorNext(anchored, membership(1000));
        afterAnchor = make(address(anchored));
        (, path) = prove(membership(1000), 7);
    }

    function test_createReputation() public {
        factory.createReputation(address(first), "PBTS-Tracker-v1.0");
    }

    function test_addUser() public {
        first.addUser("alice", "salt123", HASH, 1e12, 2e12);
    }

    function test_addUserWithKey() public {
        first.addUserWithKey("alice", "salt123", HASH, 1e12, 2e12, key(1));
    }

    function test_setUserKey() public {
        first.setUserKey(names[0], key(1000));
    }

    function test_updateUser() public {
        first.updateUser(names[0], 3e12, 4e12);
    }

    function test_addMembers_100() public {
        second.addMembers(names, sizes, sizes, keys);
    }

    function test_updateUsers_100() public {
        first.updateUsers(names, sizes, sizes);
    }

    function test_migrateUserData() public {
        second.migrateUserData(names[0]);
    }

    function test_migrateUsers_100_with_keys() public {
        assertEq(second.migrateUsers(names), BATCH);
    }

    function test_migrateUsers_100_first_generation() public {
        assertEq(afterLegacy.migrateUsers(names), BATCH);
    }

    function test_anchor() public {
        first.anchor("root", 2e12, 1e12, 1000, 1);
    }

    function test_claimUser_10_levels() public {
        submit(afterAnchor, member(7, 1e12 + 49, 5e11 + 21), HASH, 1, 7, path);
    }
}
