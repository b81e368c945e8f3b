// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "../src/IReputation.sol";
import {Reputation} from "../src/Reputation.sol";
import {MemberTree} from "./support/MemberTree.sol";

/// @notice A tracker that anchors growing totals, its successor, and claims of any kind in any order, good and bad,
/// beside a plain model.
contract ClaimsInvariantTest is MemberTree {
    Claimant private claimant;

    function setUp() public {
        claimant = new Claimant();
        targetContract(address(claimant));
    }

    function invariant_who_is_claimed_holds_an_anchored_leaf_and_keeps_it() public view {
        claimant.check();
    }

    function invariant_claims_together_never_exceed_the_newest_sums() public view {
        (uint256 up, uint256 down) = (0, 0);
        for (uint256 i = 0; i < 5; i++) {
            IReputation.UserData memory user = claimant.second().getUserData(name(i));
            (up, down) = (up + user.uploadSize, down + user.downloadSize);
        }
        (uint256 mostUp, uint256 mostDown) = claimant.newestSums();
        assertLe(up, mostUp);
        assertLe(down, mostDown);
    }
}

contract Claimant is MemberTree {
    Reputation public first = make(address(0));
    Reputation public second = make(address(first));
    uint64[2][5] private totals;
    mapping(uint64 => uint64[2][5]) private anchored;
    uint64[5] private claimedBy;

    function grow(uint256 who, uint32 up, uint32 down) external {
        totals[who % 5][0] += up;
        totals[who % 5][1] += down;
    }

    /// @dev Several of the same totals, so that roots also leave the ring.
    function anchor(uint8 times) external {
        Member[] memory all = tree(totals);
        (Node memory root,) = prove(all, 0);
        for (uint256 i = 0; i < 1 + uint256(times) % 12; i++) {
            uint64 next = first.anchorSequence() + 1;
            bool ended = first.retired();
            if (ended) vm.expectRevert("Contract is retired");
            first.anchor(root.hash, root.up, root.down, 5, next);
            if (!ended) anchored[next] = totals;
        }
    }

    function claimOne(uint32 who, uint64 sequence, bool stranger, uint8 raise) external {
        who = who % 5;
        uint64 latest = first.anchorSequence();
        sequence = latest == 0 ? 0 : 1 + sequence % latest;
        Member[] memory all = tree(anchored[sequence]);
        (, bytes memory path) = prove(all, who);
        bool honest = raise % 4 != 0;
        if (!honest) all[who].up += 1 + raise;
        bool may = !stranger || first.retired();
        bool fits = latest > 0 && latest - sequence < 24;
        if (stranger) vm.prank(STRANGER);
        try second.claimUser(
            name(who), memberHash(key(who)), all[who].salt, key(who), all[who].up, all[who].down, sequence, who, path
        ) {
            assertTrue(may && fits && honest && claimedBy[who] == 0, "claimed");
            claimedBy[who] = sequence;
        } catch {
            assertFalse(may && fits && honest && claimedBy[who] == 0);
        }
    }

    /// @dev Seldom, or every run would be over after a few calls.
    function retire(uint256 luck) external {
        if (luck % 8 == 0 && !first.retired()) first.retire(address(second));
    }

    function check() external view {
        for (uint256 i = 0; i < 5; i++) {
            if (claimedBy[i] == 0) assertAbsent(second, name(i));
            else assertTotals(second, name(i), anchored[claimedBy[i]][i][1], anchored[claimedBy[i]][i][0]);
        }
    }

    function newestSums() external view returns (uint256 up, uint256 down) {
        (Node memory root,) = prove(tree(anchored[first.anchorSequence()]), 0);
        return (root.up, root.down);
    }

    function tree(uint64[2][5] memory from) private pure returns (Member[] memory all) {
        all = new Member[](5);
        for (uint256 i = 0; i < 5; i++) {
            all[i] = member(i, from[i][0], from[i][1]);
        }
    }
}
