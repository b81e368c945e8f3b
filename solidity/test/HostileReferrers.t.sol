// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "../src/IReputation.sol";
import {Referrers} from "../src/Referrers.sol";
import {Reputation} from "../src/Reputation.sol";
import {HostileReferrer} from "./support/HostileReferrer.sol";
import {LegacyReputation} from "./support/LegacyReputation.sol";
import {ReputationTest} from "./support/ReputationTest.sol";

contract HostileReferrersTest is ReputationTest {
    Reputation private honest;

    function setUp() public {
        honest = make(address(0));
        honest.addUser("alice", "salt", HASH, 100, 50);
    }

    /// @dev Each of these must count as "does not have the user", and not hide the honest contract behind it.
    function test_unusable_answers_are_passed_over() public {
        for (uint256 mode = 0; mode <= uint256(HostileReferrer.Mode.ReturnBomb); mode++) {
            Reputation rep = make(hostile(HostileReferrer.Mode(mode), address(honest)));
            assertTrue(rep.referrerReputation() != address(0));
            (IReputation.UserData memory user,, address source, uint256 hops) = rep.resolveUser("alice");
            assertEq(source, address(honest));
            assertEq(hops, 2);
            assertEq(user.downloadSize, 100);
            uint256 before = gasleft();
            rep.migrateUserData("alice");
            assertLt(before - gasleft(), 500_000);
            assertTotals(rep, "alice", 100, 50);
        }
    }

    function test_unusable_answers_with_nothing_behind_change_nothing() public {
        for (uint256 mode = 0; mode <= uint256(HostileReferrer.Mode.ReturnBomb); mode++) {
            Reputation rep = make(hostile(HostileReferrer.Mode(mode), address(0)));
            rep.migrateUserData("alice");
            assertAbsent(rep, "alice");
            assertEq(rep.migrateUsers(one("alice")), 0);
        }
    }

    function test_a_record_over_the_limits_is_not_replaced_by_an_older_one() public {
        for (
            uint256 mode = uint256(HostileReferrer.Mode.LongSalt);
            mode <= uint256(HostileReferrer.Mode.HugeSize);
            mode++
        ) {
            Reputation rep = make(hostile(HostileReferrer.Mode(mode), address(honest)));
            rep.migrateUserData("alice");
            assertAbsent(rep, "alice");
            rep.addUser("alice", "salt", HASH, 100, 50);
            assertTotals(rep, "alice", 100, 50);
        }
    }

    function test_a_malformed_key_is_left_out() public {
        Reputation rep = make(hostile(HostileReferrer.Mode.BadKey, address(0)));
        (, bytes memory publicKey,,) = rep.resolveUser("alice");
        assertEq(publicKey, "");
        rep.migrateUserData("alice");
        assertTotals(rep, "alice", 1, 2);
        assertEq(rep.publicKeyOf("alice"), "");
    }

    function test_a_hostile_referrer_costs_a_batch_a_bounded_amount() public {
        Reputation rep = make(hostile(HostileReferrer.Mode.GasBomb, address(honest)));
        string[] memory names = new string[](20);
        for (uint256 i = 0; i < names.length; i++) {
            names[i] = name(i);
        }
        names[19] = "alice";
        uint256 before = gasleft();
        assertEq(rep.migrateUsers(names), 1);
        assertLt(before - gasleft(), 20 * 200_000);
    }

    function test_a_referrer_that_names_itself_ends_the_chain() public {
        HostileReferrer loop = HostileReferrer(hostile(HostileReferrer.Mode.Empty, address(0)));
        Reputation rep = make(address(loop));
        loop.setReferrer(address(loop));
        assertNobody(rep);
        loop.setReferrer(address(rep));
        assertNobody(rep);
    }

    function test_a_ring_of_referrers_ends_the_chain() public {
        HostileReferrer a = HostileReferrer(hostile(HostileReferrer.Mode.Empty, address(0)));
        HostileReferrer b = HostileReferrer(hostile(HostileReferrer.Mode.Empty, address(a)));
        HostileReferrer c = HostileReferrer(hostile(HostileReferrer.Mode.Empty, address(b)));
        a.setReferrer(address(c));
        Reputation rep = make(address(c));
        uint256 before = gasleft();
        assertNobody(rep);
        assertLt(before - gasleft(), 200_000);
        a.setReferrer(address(honest));
        (,, address source, uint256 hops) = rep.resolveUser("alice");
        assertEq(source, address(honest));
        assertEq(hops, 4);
    }

    function test_a_chain_ends_at_an_address_without_code() public {
        assertNobody(make(hostile(HostileReferrer.Mode.Empty, STRANGER)));
        assertNobody(make(hostile(HostileReferrer.Mode.Empty, address(4)))); // echoes its input
    }

    function test_the_chain_is_followed_64_deep_and_no_deeper() public {
        address referrer = address(honest);
        for (uint256 i = 1; i < Referrers.MAX_DEPTH; i++) {
            referrer = address(new LegacyReputation(address(this), referrer));
        }
        Reputation rep = make(referrer);
        (,, address source, uint256 hops) = rep.resolveUser("alice");
        assertEq(source, address(honest));
        assertEq(hops, 64);
        rep.migrateUserData("alice");
        assertTotals(rep, "alice", 100, 50);
        assertNobody(make(address(new LegacyReputation(address(this), referrer))));
    }

    function test_a_chain_of_64_gas_bombs_can_still_be_called() public {
        address referrer = address(0);
        for (uint256 i = 0; i < Referrers.MAX_DEPTH; i++) {
            referrer = hostile(HostileReferrer.Mode.GasBomb, referrer);
        }
        Reputation rep = make(referrer);
        uint256 before = gasleft();
        assertNobody(rep);
        assertLt(before - gasleft(), 15_000_000);
    }

    function test_a_referrer_with_a_malformed_owner_is_left_out() public {
        assertEq(make(address(new WideOwner())).referrerReputation(), address(0));
        assertEq(make(address(new BombOwner())).referrerReputation(), address(0));
    }

    function hostile(HostileReferrer.Mode mode, address next) private returns (address) {
        return address(new HostileReferrer(mode, next));
    }

    function assertNobody(Reputation rep) private view {
        (IReputation.UserData memory user,, address source,) = rep.resolveUser("alice");
        assertEq(user.passwordHash, bytes32(0));
        assertEq(source, address(0));
    }
}

/// @notice Answers `owner()` with more than an address.
contract WideOwner {
    uint256 public owner = type(uint256).max;
}

contract BombOwner {
    function owner() external pure {
        while (true) {}
    }
}
