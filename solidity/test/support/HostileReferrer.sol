// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

/// @notice A referrer that passes the constructor's check and then misbehaves in the chosen way.
/// Where it has a next referrer it names it honestly, so that what lies behind it can still be reached.
contract HostileReferrer {
    enum Mode {
        Empty, // returns no data
        Revert, // reverts with data
        Truncated, // a record cut short
        WildOffset, // a string offset of 2^256 - 1
        WildLength, // a string length of 2^256 - 32
        WrongName, // somebody else's record
        Flag, // `true` where a record is expected
        GasBomb, // burns all gas it gets
        ReturnBomb, // returns 2 MB
        LongSalt, // a well formed record whose salt is over the limit
        HugeSize, // a well formed record whose totals are over the limit
        BadKey // a well formed record, and a public key of 47 bytes
    }

    struct UserData {
        string username;
        string salt;
        bytes32 passwordHash;
        uint256 downloadSize;
        uint256 uploadSize;
    }

    Mode public immutable mode;
    address public referrerReputation;
    address public immutable owner;

    constructor(Mode mode_, address next) {
        (mode, referrerReputation, owner) = (mode_, next, msg.sender);
    }

    /// @dev A chain that loops can only be made by a contract that can still change its mind.
    function setReferrer(address next) external {
        referrerReputation = next;
    }

    function getUserData(string calldata username) external view {
        bytes memory answer = abi.encode(UserData(username, "salt", keccak256("hash"), 1, 2));
        if (mode == Mode.Empty) answer = "";
        else if (mode == Mode.Revert) revert("No");
        else if (mode == Mode.Truncated) answer = shorten(answer, 200);
        else if (mode == Mode.WildOffset) put(answer, 32, type(uint256).max);
        else if (mode == Mode.WildLength) put(answer, 192, type(uint256).max - 31);
        else if (mode == Mode.WrongName) answer = abi.encode(UserData("mallory", "", keccak256("hash"), 1, 2));
        else if (mode == Mode.Flag) answer = abi.encode(true);
        else if (mode == Mode.GasBomb) while (true) {} else if (mode == Mode.ReturnBomb) answer = new bytes(2_000_000);
        else if (mode == Mode.LongSalt) answer = abi.encode(UserData(username, string(new bytes(257)), "h", 1, 2));
        else if (mode == Mode.HugeSize) answer = abi.encode(UserData(username, "", "h", 1, type(uint256).max));
        assembly ("memory-safe") {
            return(add(answer, 32), mload(answer))
        }
    }

    function publicKeyOf(string calldata) external view returns (bytes memory) {
        return mode == Mode.BadKey ? new bytes(47) : new bytes(0);
    }

    function shorten(bytes memory data, uint256 length) private pure returns (bytes memory) {
        assembly ("memory-safe") {
            mstore(data, length)
        }
        return data;
    }

    function put(bytes memory data, uint256 at_, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 32), at_), value)
        }
    }
}
