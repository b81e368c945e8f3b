// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {ReputationTest} from "./ReputationTest.sol";
import {Reputation} from "../../src/Reputation.sol";

/// @notice Builds the tree a tracker anchors, from its definition and without the contract's code.
abstract contract MemberTree is ReputationTest {
    struct Member {
        string name;
        bytes16 salt;
        bytes key;
        uint64 up;
        uint64 down;
    }

    struct Node {
        bytes32 hash;
        uint64 up;
        uint64 down;
    }

    function member(uint256 number, uint64 up, uint64 down) internal pure returns (Member memory) {
        return Member(name(number), bytes16(keccak256(abi.encode("salt", number))), key(number), up, down);
    }

    /// @notice Members 0 to `count` - 1, with totals of a known size.
    function membership(uint256 count) internal pure returns (Member[] memory all) {
        all = new Member[](count);
        for (uint256 i = 0; i < count; i++) {
            all[i] = member(i, uint64(1e12 + i * 7), uint64(5e11 + i * 3));
        }
    }

    function leafOf(Member memory of_) internal pure returns (Node memory) {
        bytes memory text_ = bytes(of_.name);
        bytes32 commitment =
            keccak256(bytes.concat("pbts-member-v1", hex"00", of_.salt, bytes2(uint16(text_.length)), text_, of_.key));
        return Node(keccak256(bytes.concat(hex"00", commitment, bytes8(of_.up), bytes8(of_.down))), of_.up, of_.down);
    }

    function join(Node memory left, Node memory right) internal pure returns (Node memory) {
        return
            Node(keccak256(bytes.concat(hex"01", step(left), step(right))), left.up + right.up, left.down + right.down);
    }

    function step(Node memory node) internal pure returns (bytes memory) {
        return bytes.concat(node.hash, bytes8(node.up), bytes8(node.down));
    }

    /// @notice The root, and the siblings of leaf `index` from the leaf up.
    function prove(Member[] memory all, uint256 index) internal pure returns (Node memory root, bytes memory path) {
        uint256 width = 1;
        while (width < all.length) width *= 2;
        Node[] memory row = new Node[](width);
        for (uint256 i = 0; i < width; i++) {
            row[i] = i < all.length ? leafOf(all[i]) : Node(keccak256(hex"02"), 0, 0);
        }
        for (; width > 1; width /= 2) {
            path = bytes.concat(path, step(row[index ^ 1]));
            for (uint256 i = 0; i < width; i += 2) {
                row[i / 2] = join(row[i], row[i + 1]);
            }
            index /= 2;
        }
        return (row[0], path);
    }

    function anchorNext(Reputation on, Member[] memory all) internal returns (uint64 sequence) {
        (Node memory root,) = prove(all, 0);
        sequence = on.anchorSequence() + 1;
        on.anchor(root.hash, root.up, root.down, uint32(all.length), sequence);
    }

    function memberHash(bytes memory key_) internal pure returns (bytes32) {
        return keccak256(bytes.concat("PBTS member key", key_));
    }

    /// @notice Claims `who` as it stands in the tree of `all`, as whoever is pranked.
    function claim(Reputation on, Member[] memory all, uint32 index, uint64 sequence, bytes32 hash) internal {
        (, bytes memory path) = prove(all, index);
        submit(on, all[index], hash, sequence, index, path);
    }

    function submit(Reputation on, Member memory who, bytes32 hash, uint64 sequence, uint32 index, bytes memory path)
        internal
    {
        on.claimUser(who.name, hash, who.salt, who.key, who.up, who.down, sequence, index, path);
    }
}
