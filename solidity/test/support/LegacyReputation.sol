// SPDX-License-Identifier: MIT
pragma solidity ^0.8.12;

/// @notice A contract of the first generation, as trackers that ran before this one have left them: one level
/// of migration, no limits, no events, no keys, no retirement. Tests migrate from it.
contract LegacyReputation {
    struct UserData {
        string username;
        string salt;
        bytes32 passwordHash;
        uint256 downloadSize;
        uint256 uploadSize;
    }

    address public owner;
    address public referrerReputation;
    mapping(string => UserData) public allUsers;

    constructor(address creator, address referrer) {
        owner = creator;
        referrerReputation = referrer;
    }

    function addUser(string memory username, string memory salt, bytes32 hash, uint256 down, uint256 up) external {
        require(msg.sender == owner, "Only the owner can call this function.");
        allUsers[username] = UserData(username, salt, hash, down, up);
    }

    function updateUser(string memory username, uint256 down, uint256 up) external {
        require(msg.sender == owner, "Only the owner can call this function.");
        UserData storage user = allUsers[username];
        require(user.passwordHash != 0, "User does not exist");
        (user.downloadSize, user.uploadSize) = (down, up);
    }

    function migrateUserData(string memory username) external {
        require(allUsers[username].passwordHash == 0, "User exists");
        if (referrerReputation == address(0)) return;
        UserData memory user = LegacyReputation(referrerReputation).getUserData(username);
        if (user.passwordHash != 0) allUsers[username] = user;
    }

    function getUserData(string memory username) external view returns (UserData memory) {
        return allUsers[username];
    }
}
