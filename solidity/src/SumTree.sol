// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

/// @title The Merkle sum tree over all members of a tracker
/// @notice keccak-256, integers big endian. Members stand at the leaves, in order, and the tree is padded to a power of
/// two with leaves of hash keccak256(0x02) and sums 0; the root of a single member is its leaf.
/// @dev Members, leaves, nodes and padding begin with bytes of their own, so none passes for another. A node hashes the
/// sums of both its children: were one left out, the sums above could be made smaller than what they are made of.
library SumTree {
    /// @dev 2^32 leaves: an index is 32 bits.
    uint256 internal constant MAX_LEVELS = 32;
    /// @dev Hash and both sums of a sibling.
    uint256 internal constant STEP = 48;

    /// @dev The user name's length is at most 65,535, the key's is 48.
    function commitment(bytes16 salt, string calldata username, bytes calldata publicKey)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encodePacked("pbts-member-v1", bytes1(0), salt, uint16(bytes(username).length), username, publicKey)
        );
    }

    function leaf(bytes32 member, uint64 up, uint64 down) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0), member, up, down));
    }

    /// @dev The root that `path` leads to from a leaf: 48 bytes of each sibling (hash, up, down), the leaf's first.
    /// Bit k of `index` says whether the node at level k is the right one of its pair.
    function climb(bytes32 hash, uint256 up, uint256 down, uint256 index, bytes calldata path)
        internal
        pure
        returns (bytes32)
    {
        uint256 levels = path.length / STEP;
        require(path.length % STEP == 0 && levels <= MAX_LEVELS && index >> levels == 0, "Path is malformed");
        for (; path.length > 0; path = path[STEP:]) {
            uint64 siblingUp = uint64(bytes8(path[32:40]));
            uint64 siblingDown = uint64(bytes8(path[40:48]));
            bytes memory own = abi.encodePacked(hash, uint64(up), uint64(down));
            hash = index & 1 == 0
                ? keccak256(abi.encodePacked(bytes1(0x01), own, path[:STEP]))
                : keccak256(abi.encodePacked(bytes1(0x01), path[:STEP], own));
            (up, down, index) = (up + siblingUp, down + siblingDown, index >> 1);
            require((up | down) <= type(uint64).max, "Sum is too large");
        }
        return hash;
    }
}
