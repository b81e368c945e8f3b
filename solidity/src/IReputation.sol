// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

/// @title The reputation of a tracker's members, as the chain keeps it
/// @notice Totals are absolute bytes, at most 2^96 - 1. A user is known by its name; events carry
/// `userId`, which is keccak256 of the name's bytes.
interface IReputation {
    struct UserData {
        string username;
        string salt;
        bytes32 passwordHash;
        uint256 downloadSize;
        uint256 uploadSize;
    }

    /// @notice A user was added, or its whole record replaced (its public key is then gone as well).
    event UserAdded(bytes32 indexed userId, string username, uint256 downloadSize, uint256 uploadSize);
    event UserUpdated(bytes32 indexed userId, uint256 downloadSize, uint256 uploadSize);
    /// @notice The user's public key is now `publicKey`; empty when it was withdrawn.
    event UserKeyChanged(bytes32 indexed userId, bytes publicKey);
    /// @notice `source` is the referrer, near or far, whose record was taken over.
    event UserMigrated(
        bytes32 indexed userId, address indexed source, string username, uint256 downloadSize, uint256 uploadSize
    );
    /// @notice A migration left this user where it is, and why.
    event UserNotMigrated(bytes32 indexed userId, string reason);
    event OffchainDataUrlChanged(string url);
    /// @notice The root of the tree over all `members` (see SumTree.sol) and its two sums, in bytes.
    event Anchored(uint64 indexed sequence, bytes32 root, uint64 up, uint64 down, uint32 members);
    /// @notice From here on nothing in this contract changes; its users live on in `successor`.
    event Retired(address indexed successor);

    /// @notice The one account that may write. It never changes.
    function owner() external view returns (address);

    /// @notice The predecessor users are taken over from, zero when there is none. It never changes.
    function referrerReputation() external view returns (address);

    /// @notice Whether this contract has ended. Once true, nothing in it changes any more.
    function retired() external view returns (bool);

    /// @notice The contract that carries on, zero until this one is retired.
    function successor() external view returns (address);

    /// @notice The record held here, all zero when there is none. Does not ask the referrers: see `resolveUser`.
    function getUserData(string calldata username) external view returns (UserData memory);

    /// @notice The fields of `getUserData`, one by one.
    function allUsers(string calldata username)
        external
        view
        returns (string memory name, string memory salt, bytes32 passwordHash, uint256 downloadSize, uint256 uploadSize);

    /// @notice The 48-byte compressed BLS12-381 key of a user held here, empty when it has none.
    function publicKeyOf(string calldata username) external view returns (bytes memory);

    /// @notice The user's newest record: from here, else from the nearest referrer that has it.
    /// Referrers that fail, lie about their interface, or loop are passed over.
    /// @return user all zero when nobody has it
    /// @return publicKey empty when the holder has none, or is of a kind without keys
    /// @return source the contract that holds the record, zero when nobody does
    /// @return hops 0 for this contract, 1 for its referrer, and so on
    function resolveUser(string calldata username)
        external
        view
        returns (UserData memory user, bytes memory publicKey, address source, uint256 hops);

    /// @notice Writes a user, replacing any record of that name, key included. Owner only.
    /// @param passwordHash not zero: a zero hash is how every reader recognises an absent user
    function addUser(
        string calldata username,
        string calldata salt,
        bytes32 passwordHash,
        uint256 downloadSize,
        uint256 uploadSize
    ) external;

    /// @notice `addUser` and `setUserKey` in one transaction. Owner only.
    function addUserWithKey(
        string calldata username,
        string calldata salt,
        bytes32 passwordHash,
        uint256 downloadSize,
        uint256 uploadSize,
        bytes calldata publicKey
    ) external;

    /// @notice Adds up to MAX_BATCH users that are known by their keys, all or none. Owner only. Unlike `addUser` it
    /// replaces nobody: a user that is here already reverts it with `User exists`. Their salt is empty and their
    /// password hash, which stands for no password, keccak256("PBTS member key" and the key).
    function addMembers(
        string[] calldata usernames,
        uint256[] calldata downloadSizes,
        uint256[] calldata uploadSizes,
        bytes[] calldata publicKeys
    ) external;

    /// @notice Sets, rotates or (empty) withdraws a user's public key. Owner only.
    /// Only the encoding is checked (48 bytes, compressed, not the point at infinity); whoever uses a key
    /// from here still has to check its subgroup.
    function setUserKey(string calldata username, bytes calldata publicKey) external;

    /// @notice Sets a user's totals. Owner only. Reverts with `User does not exist`.
    function updateUser(string calldata username, uint256 downloadSize, uint256 uploadSize) external;

    /// @notice Sets the totals of up to MAX_BATCH users, all or none. Owner only.
    function updateUsers(string[] calldata usernames, uint256[] calldata downloadSizes, uint256[] calldata uploadSizes)
        external;

    /// @notice Takes a user's whole record over from the nearest referrer that has it. Reverts with `User exists`
    /// when the user is here already; when no referrer has it, or its record exceeds the limits, a
    /// UserNotMigrated event says so and nothing else happens.
    /// @dev The owner may, at any depth. Others could choose the moment, and so freeze totals that the
    /// predecessor has since raised; therefore the only others are those for whom that is no power: the owner
    /// of the immediate referrer (who writes those totals), and, once that referrer is retired in favour of
    /// this contract (its totals are final), anyone. They reach the immediate referrer only. Where it has
    /// anchored its records are older than its roots, so that a stranger could freeze stale totals and bar the
    /// claim of the newer ones: then strangers get `Referrer has anchored: use claimUser`.
    function migrateUserData(string calldata username) external;

    /// @notice Migrates up to MAX_BATCH users; who cannot be migrated is named by a UserNotMigrated event and
    /// costs the others nothing, so an interrupted batch is simply sent again. Owner only.
    /// @return migrated how many were taken over
    function migrateUsers(string[] calldata usernames) external returns (uint256 migrated);

    /// @notice Puts the totals of all members on record by the root of their tree (see SumTree.sol), whatever their
    /// number. Owner only.
    /// @param root not zero
    /// @param up the tree's upload sum, in bytes; only logged, since the root binds it
    /// @param down the tree's download sum, likewise
    /// @param members how many leaves are no padding, at least 1
    /// @param sequence the latest plus one, so that no anchor sent twice or out of turn is taken
    function anchor(bytes32 root, uint64 up, uint64 down, uint32 members, uint64 sequence) external;

    /// @notice The sequence of the latest anchor, 0 before the first.
    function anchorSequence() external view returns (uint64);

    /// @notice The root anchored with that sequence, zero unless it is one of the last 24.
    function rootAt(uint64 sequence) external view returns (bytes32);

    /// @notice Takes a member over with the totals it has in a tree whose root the immediate referrer anchored as one of
    /// its last 24. Reverts with `User exists` when the name is here already: a name is never removed, so that
    /// nobody is claimed twice, by whatever root.
    /// @dev The owner may claim anyone. Everybody may once the referrer has retired in favour of this contract, so that
    /// members are not lost with an owner who does nothing more; since the salt is in the proof, that is the member or
    /// whoever has its proof. A stranger could otherwise put a password of its own on somebody's record,
    /// therefore the hash must then be the one that stands for no password, which is a function of the key.
    /// Whoever claims chooses among 24 roots. Totals only grow, so that leaving out the newest forgoes uploads and
    /// forgets downloads: it is worth at most what the member downloaded in the time of the last 23 anchors.
    /// @param passwordHash not zero; for others than the owner keccak256("PBTS member key" and the key)
    /// @param salt the member's own, which comes with its proof
    /// @param publicKey the 48 bytes that are in the member's leaf
    /// @param up the upload total in the leaf, in bytes
    /// @param down the download total in the leaf, in bytes
    /// @param sequence of the referrer's anchor
    /// @param index where the member's leaf stands
    /// @param path 48 bytes of every sibling from the leaf up: hash, upload sum, download sum
    function claimUser(
        string calldata username,
        bytes32 passwordHash,
        bytes16 salt,
        bytes calldata publicKey,
        uint64 up,
        uint64 down,
        uint64 sequence,
        uint32 index,
        bytes calldata path
    ) external;

    /// @notice Ends all writing here, for ever. Owner only. `newSuccessor` must name this contract as its referrer.
    function retire(address newSuccessor) external;

    function setOffchainDataUrl(string calldata url) external;

    function getOffchainDataUrl() external view returns (string memory);
}
