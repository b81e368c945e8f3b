// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Reputation} from "../src/Reputation.sol";
import {MemberTree} from "./support/MemberTree.sol";

/// @notice Claims from referrers that answer badly. What a referrer does answer is believed: choosing it is the
/// owner's trust.
contract ClaimReferrersTest is MemberTree {
    function test_whatever_a_referrer_answers_the_claim_ends_with_a_reason() public {
        Member[] memory all = membership(3);
        for (uint256 mode = 0; mode <= uint256(RootLiar.Mode.Loop); mode++) {
            RootLiar liar = new RootLiar(RootLiar.Mode(mode));
            Reputation rep = make(address(liar));
            assertEq(rep.referrerReputation(), address(liar));
            uint256 before = gasleft();
            vm.expectRevert(bytes(mode == uint256(RootLiar.Mode.Junk) ? "Proof does not fit" : "Root is not anchored"));
            this.claimAs(rep, all);
            assertLt(before - gasleft(), 600_000);
            assertAbsent(rep, "user0");
        }
    }

    /// @dev "Not enough gas" is an error of the caller and must not read as a referrer's missing root.
    function test_a_starved_read_says_so() public {
        Reputation first = make(address(0));
        Reputation second = make(address(first));
        Member[] memory all = membership(1);
        anchorNext(first, all);
        bytes memory call = abi.encodeCall(
            second.claimUser, ("user0", HASH, all[0].salt, all[0].key, all[0].up, all[0].down, 1, 0, "")
        );
        for (uint256 gas_ = 30_000; gas_ < 160_000; gas_ += 10_000) {
            (bool done, bytes memory answer) = address(second).call{gas: gas_}(call);
            assertFalse(done);
            assertEq(answer, abi.encodeWithSignature("Error(string)", "Not enough gas"));
        }
        (bool claimed,) = address(second).call(call);
        assertTrue(claimed);
    }

    /// @dev The referrer may change its mind between claims, never what was claimed.
    function test_a_claimed_record_is_out_of_the_referrers_reach() public {
        Reputation first = make(address(0));
        Reputation second = make(address(first));
        Member[] memory all = membership(2);
        anchorNext(first, all);
        claim(second, all, 0, 1, HASH);
        all[0].up = 0;
        for (uint256 i = 0; i < 30; i++) {
            anchorNext(first, all);
        }
        assertTotals(second, "user0", all[0].down, 1e12);
        assertEq(second.publicKeyOf("user0"), key(0));
    }

    function claimAs(Reputation on, Member[] memory all) external {
        claim(on, all, 0, 1, HASH);
    }
}

/// @notice Passes for a referrer, and answers `rootAt` in the chosen way.
contract RootLiar {
    enum Mode {
        Empty,
        Short, // 31 bytes
        Zero,
        Reverts,
        GasBomb,
        ReturnBomb,
        Junk, // a root of nothing
        Loop // asks itself, over and over
    }

    Mode private immutable mode;
    address public owner = msg.sender;

    constructor(Mode mode_) {
        mode = mode_;
    }

    function rootAt(uint64 sequence) external view returns (bytes32) {
        bytes memory answer = new bytes(32);
        if (mode == Mode.Empty) answer = "";
        else if (mode == Mode.Short) answer = new bytes(31);
        else if (mode == Mode.Reverts) revert("No");
        else if (mode == Mode.GasBomb) while (true) {} else if (mode == Mode.ReturnBomb) answer = new bytes(2_000_000);
        else if (mode == Mode.Junk) answer = abi.encode(keccak256("junk"));
        else if (mode == Mode.Loop) answer = abi.encode(RootLiar(address(this)).rootAt(sequence));
        assembly ("memory-safe") {
            return(add(answer, 32), mload(answer))
        }
    }
}
