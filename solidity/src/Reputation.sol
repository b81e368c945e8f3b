// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "./IReputation.sol";
import {Pages} from "./Pages.sol";
import {Referrers} from "./Referrers.sol";
import {SumTree} from "./SumTree.sol";

/// @title Reputation
/// @notice One tracker's members and their totals. Each contract may name an older one as its referrer, and
/// takes users over from it; see IReputation for what every function does.
/// @dev A user costs one storage slot: its totals, and where in which page the part stands that never changes
/// by itself (hash, salt, public key). A migrated record is a full copy, so what a referrer does later cannot
/// touch it.
contract Reputation is IReputation {
    using Pages for Pages.Draft;
    using Referrers for Referrers.Chain;

    uint256 public constant VERSION = 4;
    uint256 internal constant MAX_USERNAME_BYTES = 256;
    uint256 internal constant MAX_SALT_BYTES = 256;
    uint256 internal constant MAX_URL_BYTES = 2048;
    uint256 internal constant MAX_BATCH = 256;
    /// @dev How many roots are kept: a day of one an hour.
    uint64 internal constant ROOTS = 24;

    /// @dev Hash, length of the salt, length of the key; salt and key follow.
    uint256 private constant HEADER = 32 + 2 + 1;
    uint256 private constant LONGEST_ENTRY = HEADER + MAX_SALT_BYTES + 48;

    struct Account {
        uint96 downloadSize;
        uint96 uploadSize;
        uint24 page; // 0: no such user
        uint24 offset;
    }

    address public owner;
    uint24 private pages;
    bool public retired;
    uint64 public anchorSequence; // in the owner's slot, so that an anchor writes one slot of its own
    address public referrerReputation;
    address public successor;
    string public offchainDataUrl;
    mapping(bytes32 => Account) private accounts;
    bytes32[ROOTS] private roots;

    modifier onlyOwner() {
        _requireOwner();
        _;
    }

    /// @param creator the owner
    /// @param referrer the predecessor; left out when it is not a contract that answers `owner()`
    constructor(address creator, address referrer) {
        _start(creator, referrer);
    }

    /// @notice The constructor's work in a contract that has this one's code by reference (see ReputationFactory). Once.
    function initialize(address creator, address referrer) external {
        require(owner == address(0), "Contract has an owner");
        _start(creator, referrer);
    }

    function addUser(
        string calldata username,
        string calldata salt,
        bytes32 passwordHash,
        uint256 downloadSize,
        uint256 uploadSize
    ) external onlyOwner {
        _add(username, salt, passwordHash, downloadSize, uploadSize, "");
    }

    function addUserWithKey(
        string calldata username,
        string calldata salt,
        bytes32 passwordHash,
        uint256 downloadSize,
        uint256 uploadSize,
        bytes calldata publicKey
    ) external onlyOwner {
        require(Referrers.isKey(publicKey), "Public key is malformed");
        bytes32 id = _add(username, salt, passwordHash, downloadSize, uploadSize, publicKey);
        emit UserKeyChanged(id, publicKey);
    }

    function addMembers(
        string[] calldata usernames,
        uint256[] calldata downloadSizes,
        uint256[] calldata uploadSizes,
        bytes[] calldata publicKeys
    ) external onlyOwner {
        uint256 count = usernames.length;
        require(count <= MAX_BATCH, "Batch is too large");
        require(
            downloadSizes.length == count && uploadSizes.length == count && publicKeys.length == count,
            "Array lengths differ"
        );
        Pages.Draft memory page = Pages.draft(count * LONGEST_ENTRY);
        for (uint256 i = 0; i < count; i++) {
            bytes32 id = _addMember(usernames[i], downloadSizes[i], uploadSizes[i], _memberEntry(publicKeys[i]), page);
            emit UserKeyChanged(id, publicKeys[i]);
        }
        _finish(page);
    }

    function setUserKey(string calldata username, bytes calldata publicKey) external onlyOwner {
        require(publicKey.length == 0 || Referrers.isKey(publicKey), "Public key is malformed");
        bytes32 id = keccak256(bytes(username));
        Account storage account = _existing(id);
        (bytes32 hash, string memory salt,) = _identity(account);
        (account.page, account.offset) = (_writePage(_entry(hash, salt, publicKey)), 0);
        emit UserKeyChanged(id, publicKey);
    }

    function updateUser(string calldata username, uint256 downloadSize, uint256 uploadSize) external onlyOwner {
        _update(username, downloadSize, uploadSize);
    }

    function updateUsers(string[] calldata usernames, uint256[] calldata downloadSizes, uint256[] calldata uploadSizes)
        external
        onlyOwner
    {
        uint256 count = usernames.length;
        require(count <= MAX_BATCH, "Batch is too large");
        require(downloadSizes.length == count && uploadSizes.length == count, "Array lengths differ");
        for (uint256 i = 0; i < count; i++) {
            _update(usernames[i], downloadSizes[i], uploadSizes[i]);
        }
    }

    function migrateUserData(string calldata username) external {
        require(!retired, "Contract is retired");
        require(accounts[keccak256(bytes(username))].page == 0, "User exists");
        if (msg.sender != owner) _requireHandOver();
        Pages.Draft memory page = Pages.draft(LONGEST_ENTRY);
        Referrers.Chain memory chain = Referrers.chain(referrerReputation);
        _migrate(username, chain, msg.sender == owner ? Referrers.MAX_DEPTH : 1, page);
        _finish(page);
    }

    function migrateUsers(string[] calldata usernames) external onlyOwner returns (uint256 migrated) {
        require(usernames.length <= MAX_BATCH, "Batch is too large");
        Pages.Draft memory page = Pages.draft(usernames.length * LONGEST_ENTRY);
        Referrers.Chain memory chain = Referrers.chain(referrerReputation);
        for (uint256 i = 0; i < usernames.length; i++) {
            if (_migrate(usernames[i], chain, Referrers.MAX_DEPTH, page)) migrated++;
        }
        _finish(page);
    }

    function anchor(bytes32 root, uint64 up, uint64 down, uint32 members, uint64 sequence) external onlyOwner {
        require(root != 0, "Root is zero");
        require(members > 0, "Anchor has no members");
        require(sequence == anchorSequence + 1, "Sequence is not the next");
        anchorSequence = sequence;
        roots[sequence % ROOTS] = root;
        emit Anchored(sequence, root, up, down, members);
    }

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
    ) external {
        require(!retired, "Contract is retired");
        require(passwordHash != 0, "Password hash is zero");
        address referrer = referrerReputation;
        if (msg.sender != owner) {
            _requireSuccession(referrer);
            require(passwordHash == _memberHash(publicKey), "Password hash is not the key's");
        }
        bytes32 id = _checkNew(username);
        require(Referrers.isKey(publicKey), "Public key is malformed");
        bytes32 root = bytes32(Referrers.readWord(referrer, abi.encodeCall(IReputation.rootAt, (sequence))));
        require(root != 0, "Root is not anchored");
        bytes32 leaf = SumTree.leaf(SumTree.commitment(salt, username, publicKey), up, down);
        require(SumTree.climb(leaf, up, down, index, path) == root, "Proof does not fit");
        accounts[id] = Account(down, up, _writePage(_entry(passwordHash, "", publicKey)), 0);
        emit UserMigrated(id, referrer, username, down, up);
        emit UserKeyChanged(id, publicKey);
    }

    function retire(address newSuccessor) external onlyOwner {
        require(
            Referrers.readAddress(newSuccessor, IReputation.referrerReputation.selector) == address(this),
            "Successor has another referrer"
        );
        retired = true;
        successor = newSuccessor;
        emit Retired(newSuccessor);
    }

    function setOffchainDataUrl(string calldata url) external onlyOwner {
        require(bytes(url).length <= MAX_URL_BYTES, "URL is too long");
        offchainDataUrl = url;
        emit OffchainDataUrlChanged(url);
    }

    function getOffchainDataUrl() external view returns (string memory) {
        return offchainDataUrl;
    }

    function rootAt(uint64 sequence) external view returns (bytes32) {
        uint64 latest = anchorSequence;
        return sequence > 0 && sequence <= latest && latest - sequence < ROOTS ? roots[sequence % ROOTS] : bytes32(0);
    }

    function getUserData(string calldata username) external view returns (UserData memory user) {
        (user,) = _local(username);
    }

    function allUsers(string calldata username)
        external
        view
        returns (string memory, string memory, bytes32, uint256, uint256)
    {
        (UserData memory user,) = _local(username);
        return (user.username, user.salt, user.passwordHash, user.downloadSize, user.uploadSize);
    }

    function publicKeyOf(string calldata username) external view returns (bytes memory publicKey) {
        (, publicKey) = _local(username);
    }

    function resolveUser(string calldata username)
        external
        view
        returns (UserData memory user, bytes memory publicKey, address source, uint256 hops)
    {
        (user, publicKey) = _local(username);
        if (user.passwordHash != 0) return (user, publicKey, address(this), 0);
        (user, source, hops) = Referrers.chain(referrerReputation).nearest(username, Referrers.MAX_DEPTH);
        if (source != address(0)) return (user, Referrers.readKey(source, username), source, hops + 1);
    }

    function _start(address creator, address referrer) private {
        require(creator != address(0), "Owner is zero");
        owner = creator;
        if (referrer.code.length > 0 && Referrers.readAddress(referrer, IReputation.owner.selector) != address(0)) {
            referrerReputation = referrer;
        }
    }

    function _requireOwner() private view {
        require(msg.sender == owner, "Only the owner can call this function.");
        require(!retired, "Contract is retired");
    }

    /// @dev Passes the owner of the immediate referrer, and everybody once that has retired in favour of this unless
    /// there is a root to claim by.
    function _requireHandOver() private view {
        address referrer = referrerReputation;
        if (Referrers.readAddress(referrer, IReputation.owner.selector) == msg.sender) return;
        _requireSuccession(referrer);
        uint256 anchors = Referrers.readWord(referrer, abi.encodeCall(IReputation.anchorSequence, ()));
        require(anchors == 0, "Referrer has anchored: use claimUser");
    }

    /// @dev Passes everybody once the immediate referrer has retired in favour of this contract.
    function _requireSuccession(address referrer) private view {
        require(
            Referrers.readAddress(referrer, IReputation.successor.selector) == address(this),
            "Only the owner can call this function."
        );
    }

    function _add(
        string calldata username,
        string calldata salt,
        bytes32 passwordHash,
        uint256 downloadSize,
        uint256 uploadSize,
        bytes memory publicKey
    ) private returns (bytes32 id) {
        _checkName(username);
        require(bytes(salt).length <= MAX_SALT_BYTES, "Salt is too long");
        require(passwordHash != 0, "Password hash is zero");
        id = keccak256(bytes(username));
        (uint96 down, uint96 up) = _sizes(downloadSize, uploadSize);
        accounts[id] = Account(down, up, _writePage(_entry(passwordHash, salt, publicKey)), 0);
        emit UserAdded(id, username, downloadSize, uploadSize);
    }

    /// @dev Adds one new user into the page being filled.
    function _addMember(
        string calldata username,
        uint256 downloadSize,
        uint256 uploadSize,
        bytes memory entry,
        Pages.Draft memory page
    ) private returns (bytes32 id) {
        id = _checkNew(username);
        if (!page.fits(entry)) _finish(page);
        (uint96 down, uint96 up) = _sizes(downloadSize, uploadSize);
        accounts[id] = Account(down, up, pages + 1, uint24(page.append(entry)));
        emit UserAdded(id, username, downloadSize, uploadSize);
    }

    function _memberEntry(bytes calldata publicKey) private pure returns (bytes memory) {
        require(Referrers.isKey(publicKey), "Public key is malformed");
        return _entry(_memberHash(publicKey), "", publicKey);
    }

    function _memberHash(bytes calldata publicKey) private pure returns (bytes32) {
        return keccak256(abi.encodePacked("PBTS member key", publicKey));
    }

    function _checkNew(string calldata username) private view returns (bytes32 id) {
        _checkName(username);
        id = keccak256(bytes(username));
        require(accounts[id].page == 0, "User exists");
    }

    function _checkName(string calldata username) private pure {
        require(bytes(username).length > 0, "Username is empty");
        require(bytes(username).length <= MAX_USERNAME_BYTES, "Username is too long");
    }

    function _update(string calldata username, uint256 downloadSize, uint256 uploadSize) private {
        bytes32 id = keccak256(bytes(username));
        Account storage account = _existing(id);
        (account.downloadSize, account.uploadSize) = _sizes(downloadSize, uploadSize);
        emit UserUpdated(id, downloadSize, uploadSize);
    }

    /// @dev Takes one user over into the page being filled, or emits why not.
    function _migrate(string calldata username, Referrers.Chain memory chain, uint256 depth, Pages.Draft memory page)
        private
        returns (bool)
    {
        bytes32 id = keccak256(bytes(username));
        if (accounts[id].page != 0) return _refuse(id, "User exists");
        (UserData memory user, address source,) = chain.nearest(username, depth);
        if (source == address(0)) return _refuse(id, "User does not exist");
        if (bytes(username).length > MAX_USERNAME_BYTES) return _refuse(id, "Username is too long");
        if (bytes(user.salt).length > MAX_SALT_BYTES) return _refuse(id, "Salt is too long");
        if ((user.downloadSize | user.uploadSize) > type(uint96).max) return _refuse(id, "Size is too large");
        bytes memory entry = _entry(user.passwordHash, user.salt, Referrers.readKey(source, username));
        if (!page.fits(entry)) _finish(page);
        accounts[id] =
            Account(uint96(user.downloadSize), uint96(user.uploadSize), pages + 1, uint24(page.append(entry)));
        emit UserMigrated(id, source, username, user.downloadSize, user.uploadSize);
        return true;
    }

    function _refuse(bytes32 id, string memory reason) private returns (bool) {
        emit UserNotMigrated(id, reason);
        return false;
    }

    /// @dev Writes the page unless it is empty.
    function _finish(Pages.Draft memory page) private {
        if (page.length > 0) page.write(++pages);
    }

    function _writePage(bytes memory entry) private returns (uint24) {
        Pages.Draft memory page = Pages.draft(entry.length);
        page.append(entry);
        _finish(page);
        return pages;
    }

    function _entry(bytes32 hash, string memory salt, bytes memory key) private pure returns (bytes memory) {
        return abi.encodePacked(hash, uint16(bytes(salt).length), uint8(key.length), salt, key);
    }

    function _sizes(uint256 downloadSize, uint256 uploadSize) private pure returns (uint96, uint96) {
        require((downloadSize | uploadSize) <= type(uint96).max, "Size is too large");
        return (uint96(downloadSize), uint96(uploadSize));
    }

    function _existing(bytes32 id) private view returns (Account storage account) {
        account = accounts[id];
        require(account.page != 0, "User does not exist");
    }

    function _local(string calldata username) private view returns (UserData memory user, bytes memory key) {
        Account storage account = accounts[keccak256(bytes(username))];
        if (account.page == 0) return (user, key);
        user.username = username;
        (user.passwordHash, user.salt, key) = _identity(account);
        user.downloadSize = account.downloadSize;
        user.uploadSize = account.uploadSize;
    }

    function _identity(Account storage account)
        private
        view
        returns (bytes32 hash, string memory salt, bytes memory key)
    {
        bytes memory header = Pages.read(account.page, account.offset, HEADER);
        hash = bytes32(header);
        uint256 saltLength = (uint256(uint8(header[32])) << 8) | uint8(header[33]);
        salt = string(Pages.read(account.page, account.offset + HEADER, saltLength));
        key = Pages.read(account.page, account.offset + HEADER + saltLength, uint8(header[34]));
    }
}
