// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {IReputation} from "../src/IReputation.sol";
import {Reputation} from "../src/Reputation.sol";
import {ReputationTest} from "./support/ReputationTest.sol";

/// @notice Three contracts in a chain, ten users, and any sequence of writes, beside a plain model of them.
contract ChainInvariantTest is ReputationTest {
    Operator private operator;

    function setUp() public {
        operator = new Operator();
        targetContract(address(operator));
    }

    /// @dev Covers lost totals, mixed-up identities and keys, and changes after retirement, since the model
    /// knows none of them.
    function invariant_contracts_hold_what_was_written() public view {
        for (uint256 c = 0; c < 3; c++) {
            for (uint256 u = 0; u < 10; u++) {
                operator.check(c, u);
            }
        }
    }

    function invariant_every_user_counts_once_with_its_newest_totals() public view {
        uint256 resolved;
        for (uint256 u = 0; u < 10; u++) {
            (IReputation.UserData memory user,,,) = operator.contracts(2).resolveUser(name(u));
            resolved += user.uploadSize;
        }
        assertEq(resolved, operator.newestUploads());
    }

    function invariant_a_retired_contract_never_changes() public view {
        for (uint256 c = 0; c < 3; c++) {
            if (operator.contracts(c).retired()) assertEq(operator.fingerprint(c), operator.atRetirement(c));
        }
    }
}

contract Operator is ReputationTest {
    struct Model {
        bytes32 hash;
        uint256 down;
        uint256 up;
        bytes key;
    }

    Reputation[3] public contracts;
    bytes32[3] public atRetirement;
    mapping(uint256 => mapping(uint256 => Model)) private model;

    constructor() {
        for (uint256 c = 0; c < 3; c++) {
            contracts[c] = make(c == 0 ? address(0) : address(contracts[c - 1]));
        }
    }

    function add(uint256 c, uint256 u, uint96 down, uint96 up, bool withKey) external {
        (c, u) = (c % 3, u % 10);
        bytes32 hash = keccak256(abi.encode(c, u, down));
        bytes memory key_ = withKey ? key(up) : bytes("");
        if (!writable(c)) return;
        if (withKey) contracts[c].addUserWithKey(name(u), text(u), hash, down, up, key_);
        else contracts[c].addUser(name(u), text(u), hash, down, up);
        model[c][u] = Model(hash, down, up, key_);
    }

    function update(uint256 c, uint256 u, uint96 down, uint96 up) external {
        (c, u) = (c % 3, u % 10);
        if (!writable(c)) return;
        bool known = model[c][u].hash != 0;
        if (!known) vm.expectRevert("User does not exist");
        contracts[c].updateUser(name(u), down, up);
        if (known) (model[c][u].down, model[c][u].up) = (down, up);
    }

    function rotate(uint256 c, uint256 u, uint256 seed) external {
        (c, u) = (c % 3, u % 10);
        if (!writable(c) || model[c][u].hash == 0) return;
        model[c][u].key = seed % 4 == 0 ? bytes("") : key(seed);
        contracts[c].setUserKey(name(u), model[c][u].key);
    }

    function migrate(uint256 c, uint256 u) external {
        (c, u) = (c % 3, u % 10);
        if (!writable(c)) return;
        bool here = model[c][u].hash != 0;
        if (here) vm.expectRevert("User exists");
        contracts[c].migrateUserData(name(u));
        if (!here) model[c][u] = newest(c, u);
    }

    function migrateAll(uint256 c, uint256 from) external {
        (c, from) = (c % 3, from % 10);
        if (!writable(c)) return;
        string[] memory names = new string[](10 - from);
        for (uint256 u = from; u < 10; u++) {
            names[u - from] = name(u);
            model[c][u] = newest(c, u);
        }
        contracts[c].migrateUsers(names);
    }

    /// @dev Seldom, or every run would be over after a few calls.
    function retire(uint256 c, uint256 luck) external {
        c = c % 2;
        if (luck % 8 != 0 || !writable(c)) return;
        contracts[c].retire(address(contracts[c + 1]));
        atRetirement[c] = fingerprint(c);
    }

    function check(uint256 c, uint256 u) external view {
        Model memory expected = model[c][u];
        IReputation.UserData memory user = contracts[c].getUserData(name(u));
        assertEq(user.passwordHash, expected.hash);
        assertEq(user.downloadSize, expected.down);
        assertEq(user.uploadSize, expected.up);
        assertEq(contracts[c].publicKeyOf(name(u)), expected.key);
        assertEq(user.salt, expected.hash == 0 ? "" : text(u));
    }

    function newestUploads() external view returns (uint256 sum) {
        for (uint256 u = 0; u < 10; u++) {
            sum += newest(2, u).up;
        }
    }

    function fingerprint(uint256 c) public view returns (bytes32 all) {
        for (uint256 u = 0; u < 10; u++) {
            all = keccak256(abi.encode(all, contracts[c].getUserData(name(u)), contracts[c].publicKeyOf(name(u))));
        }
        all = keccak256(abi.encode(all, contracts[c].offchainDataUrl(), contracts[c].successor()));
    }

    /// @notice A retired contract must refuse, which is checked each time one is met.
    function writable(uint256 c) private returns (bool) {
        if (!contracts[c].retired()) return true;
        vm.expectRevert("Contract is retired");
        contracts[c].updateUser("x", 1, 1);
        return false;
    }

    function newest(uint256 c, uint256 u) private view returns (Model memory) {
        for (; c > 0 && model[c][u].hash == 0; c--) {}
        return model[c][u];
    }
}
