// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Reputation} from "../src/Reputation.sol";
import {MemberTree} from "./support/MemberTree.sol";

/// @notice Proofs that are not quite those of the anchored tree.
contract ClaimProofsTest is MemberTree {
    Reputation private first;
    Reputation private second;

    function setUp() public {
        first = make(address(0));
        second = make(address(first));
    }

    function testFuzz_every_member_of_any_tree_is_claimed_as_it_stands(uint8 size, uint256 seed) public {
        Member[] memory all = random(bound(size, 1, 40), seed);
        anchorNext(first, all);
        uint32 index = uint32(seed % all.length);
        claim(second, all, index, 1, HASH);
        assertTotals(second, all[index].name, all[index].down, all[index].up);
        assertEq(second.publicKeyOf(all[index].name), all[index].key);
    }

    function testFuzz_any_change_is_refused(uint8 size, uint256 seed, uint8 what, uint64 by) public {
        Member[] memory all = random(bound(size, 2, 33), seed);
        anchorNext(first, all);
        all[0].up ^= 1;
        anchorNext(first, all); // another tree, whose proofs must not do for the first
        all[0].up ^= 1;
        uint32 index = uint32(seed % all.length);
        (, bytes memory path) = prove(all, index);
        Member memory who = all[index];
        by = by == 0 ? 1 : by;
        what = what % 8;
        uint64 sequence = 1;
        if (what == 0) who.up ^= by;
        else if (what == 1) who.down ^= by;
        else if (what == 2) who.name = string.concat(who.name, "x");
        else if (what == 3) who.key = key(seed ^ by ^ 0xff00);
        else if (what == 4) who.salt ^= bytes16(uint128(by));
        else if (what == 5) index = uint32((index + by % (1 << (path.length / 48))) % (1 << (path.length / 48)));
        else if (what == 6) path[by % path.length] ^= bytes1(uint8(by % 255 + 1));
        else sequence = 2;
        vm.assume(what != 5 || index != seed % all.length);
        // A changed sum of a sibling may also be too large to add.
        (bool done, bytes memory answer) = address(second)
            .call(
                abi.encodeCall(
                    second.claimUser, (who.name, HASH, who.salt, who.key, who.up, who.down, sequence, index, path)
                )
            );
        assertFalse(done);
        bytes32 reason = keccak256(answer);
        assertTrue(
            reason == keccak256(abi.encodeWithSignature("Error(string)", "Proof does not fit"))
                || reason == keccak256(abi.encodeWithSignature("Error(string)", "Sum is too large")),
            "reason"
        );
        assertAbsent(second, who.name);
    }

    function test_paths_of_a_wrong_shape_are_refused() public {
        Member[] memory all = membership(4);
        anchorNext(first, all);
        (, bytes memory path) = prove(all, 1);
        refused(all[1], 1, bytes.concat(path, hex"00"), "Path is malformed");
        refused(all[1], 1, new bytes(47), "Path is malformed");
        refused(all[1], 1, new bytes(48 * 33), "Path is malformed");
        refused(all[1], 1 + 4, path, "Path is malformed");
        refused(all[1], 1, "", "Path is malformed");
        refused(all[0], 0, "", "Proof does not fit");
        refused(all[1], 1, new bytes(48 * 32), "Proof does not fit");
        refused(all[1], type(uint32).max, new bytes(48 * 32), "Proof does not fit");
    }

    /// @dev Sums that wrapped would let an inner node pass for one that holds less than its children.
    function test_sums_do_not_wrap() public {
        Member[] memory all = membership(2);
        anchorNext(first, all);
        (, bytes memory path) = prove(all, 0);
        for (uint256 i = 32; i < 48; i++) {
            path[i] = i < 40 ? bytes1(0xff) : bytes1(0);
        }
        refused(all[0], 0, path, "Sum is too large");
        for (uint256 i = 32; i < 48; i++) {
            path[i] = i < 40 ? bytes1(0) : bytes1(0xff);
        }
        refused(all[0], 0, path, "Sum is too large");
    }

    /// @dev The greatest sums there are.
    function test_sums_go_up_to_the_last_byte() public {
        Member[] memory all = membership(2);
        (all[0].up, all[1].up) = (type(uint64).max, 0);
        (all[0].down, all[1].down) = (1, type(uint64).max - 1);
        anchorNext(first, all);
        claim(second, all, 0, 1, HASH);
        claim(second, all, 1, 1, HASH);
        assertTotals(second, "user0", 1, type(uint64).max);
    }

    /// @dev Neither a node nor padding has the hash of any member's leaf, and a member that commits to what
    /// stands in a node is hashed under another prefix.
    function test_inner_nodes_and_padding_are_nobodys_leaf() public {
        Member[] memory all = membership(3);
        (Node memory root,) = prove(all, 0);
        anchorNext(first, all);
        (, bytes memory path) = prove(all, 2);
        Member memory nobody = Member("nobody", 0, key(9), 0, 0);
        refused(nobody, 3, path, "Proof does not fit"); // the padding's place
        nobody.key = "";
        vm.expectRevert("Public key is malformed");
        submit(second, nobody, HASH, 1, 3, path);
        // The inner node over members 0 and 1 with its sums, in the place of a leaf one level up.
        Node memory left = join(leafOf(all[0]), leafOf(all[1]));
        Node memory right = join(leafOf(all[2]), Node(keccak256(hex"02"), 0, 0));
        assertEq(join(left, right).hash, root.hash);
        refused(Member("both", 0, key(9), left.up, left.down), 0, step(right), "Proof does not fit");
        refused(Member("all", 0, key(9), root.up, root.down), 0, "", "Proof does not fit");
    }

    function refused(Member memory who, uint32 index, bytes memory path, string memory reason) private {
        vm.expectRevert(bytes(reason));
        submit(second, who, HASH, 1, index, path);
        assertAbsent(second, who.name);
    }

    function random(uint256 count, uint256 seed) private pure returns (Member[] memory all) {
        all = new Member[](count);
        for (uint256 i = 0; i < count; i++) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            all[i] = member(i, uint64(dice) / 64, uint64(dice >> 64) / 64);
            all[i].name = string.concat(all[i].name, text(dice % 40));
        }
    }
}
