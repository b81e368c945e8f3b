// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "./IReputation.sol";

/// @title Reading from referrers, none of which is trusted to behave
/// @notice A referrer may be any code: it may burn its gas, return megabytes, return nonsense, or name itself
/// as its own referrer. Every read has a gas cap, copies a bounded answer, and checks every offset and length.
library Referrers {
    /// @dev The depth of the referrer chain that is looked through.
    uint256 internal constant MAX_DEPTH = 64;
    /// @dev What one read may burn; a record with strings of the greatest length needs about half of it.
    uint256 internal constant READ_GAS = 150_000;
    /// @dev The longest answer that is looked at, in bytes.
    uint256 internal constant MAX_ANSWER = 4096;

    /// @dev The referrers of one contract, nearest first, found as they are needed.
    struct Chain {
        address first;
        address[] found;
        uint256 length;
    }

    function chain(address first) internal pure returns (Chain memory) {
        return Chain(first, new address[](MAX_DEPTH), 0);
    }

    /// @dev The referrer `hop` steps behind the immediate one (which is hop 0), zero past the end.
    /// Hops must be asked for in order. A referrer that comes up twice ends the chain.
    function referrerAt(Chain memory self, uint256 hop) internal view returns (address referrer) {
        if (hop < self.length) return self.found[hop];
        if (hop >= MAX_DEPTH) return address(0);
        referrer = hop == 0 ? self.first : readAddress(self.found[hop - 1], IReputation.referrerReputation.selector);
        if (referrer == address(this) || referrer.code.length == 0) return address(0);
        for (uint256 i = 0; i < hop; i++) {
            if (self.found[i] == referrer) return address(0);
        }
        self.found[hop] = referrer;
        self.length = hop + 1;
    }

    /// @dev The nearest of the first `depth` referrers that has the user; source zero when none has.
    function nearest(Chain memory self, string calldata username, uint256 depth)
        internal
        view
        returns (IReputation.UserData memory user, address source, uint256 hop)
    {
        for (; hop < depth; hop++) {
            source = referrerAt(self, hop);
            if (source == address(0)) break;
            bool found;
            (found, user) = readUser(source, username);
            if (found) return (user, source, hop);
        }
        return (user, address(0), 0);
    }

    /// @dev Zero when the target does not answer with an address.
    function readAddress(address target, bytes4 selector) internal view returns (address) {
        uint256 value = readWord(target, abi.encodePacked(selector));
        return value >> 160 == 0 ? address(uint160(value)) : address(0);
    }

    /// @dev The first word of the answer, zero when the target does not give one.
    function readWord(address target, bytes memory query) internal view returns (uint256) {
        (bool ok, bytes memory answer) = read(target, query);
        return ok && answer.length >= 32 ? word(answer, 0) : 0;
    }

    /// @dev Found only when the answer is well formed, carries the asked name, and its hash is not zero.
    function readUser(address target, string calldata username)
        internal
        view
        returns (bool found, IReputation.UserData memory user)
    {
        (bool ok, bytes memory answer) = ask(target, IReputation.getUserData.selector, username);
        if (!ok || answer.length < 192 || word(answer, 0) != 32) return (false, user);
        bytes32 hash = bytes32(word(answer, 96));
        (bool hasName, bytes memory name) = slice(answer, 32, word(answer, 32));
        (bool hasSalt, bytes memory salt) = slice(answer, 32, word(answer, 64));
        if (hash == 0 || !hasName || !hasSalt || keccak256(name) != keccak256(bytes(username))) return (false, user);
        return (true, IReputation.UserData(username, string(salt), hash, word(answer, 128), word(answer, 160)));
    }

    /// @dev Empty when the target has no key for the user, or knows no keys.
    function readKey(address target, string calldata username) internal view returns (bytes memory key) {
        (bool ok, bytes memory answer) = ask(target, IReputation.publicKeyOf.selector, username);
        if (!ok || answer.length < 64) return key;
        (bool whole, bytes memory value) = slice(answer, 0, word(answer, 0));
        return whole && isKey(value) ? value : key;
    }

    /// @dev A compressed G1 point other than infinity, as far as its length and flag bits tell.
    function isKey(bytes memory key) internal pure returns (bool) {
        return key.length == 48 && uint8(key[0]) & 0xc0 == 0x80;
    }

    function ask(address target, bytes4 selector, string calldata username)
        private
        view
        returns (bool ok, bytes memory answer)
    {
        return read(target, abi.encodeWithSelector(selector, username));
    }

    /// @dev A bounded staticcall. With too little gas left it reverts rather than fails, so that a starved read
    /// cannot pass for "does not have the user" and an older record be taken instead.
    function read(address target, bytes memory query) private view returns (bool ok, bytes memory answer) {
        require(gasleft() > READ_GAS + READ_GAS / 32 + 10_000, "Not enough gas");
        assembly ("memory-safe") {
            ok := staticcall(READ_GAS, target, add(query, 32), mload(query), 0, 0)
            let size := returndatasize()
            if gt(size, MAX_ANSWER) { ok := 0 }
            answer := 0x60
            if ok {
                answer := mload(0x40)
                mstore(answer, size)
                returndatacopy(add(answer, 32), 0, size)
                mstore(0x40, and(add(add(answer, size), 63), not(31)))
            }
        }
    }

    /// @dev The 32 bytes at `at_`, which the caller knows to be inside.
    function word(bytes memory data, uint256 at_) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 32), at_))
        }
    }

    /// @dev The ABI byte string whose length word stands `offset` bytes behind `start`, if all of it is inside.
    function slice(bytes memory data, uint256 start, uint256 offset)
        private
        pure
        returns (bool ok, bytes memory value)
    {
        if (offset > data.length || start + offset + 32 > data.length) {
            return (false, value);
        }
        uint256 length = word(data, start + offset);
        uint256 from = start + offset + 32;
        if (length > data.length - from) return (false, value);
        value = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(value, 32), add(add(data, 32), from), length)
        }
        return (true, value);
    }
}
