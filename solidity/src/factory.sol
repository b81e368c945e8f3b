// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Reputation} from "./Reputation.sol";

/// @title ReputationFactory
/// @notice Makes Reputation contracts, each owned by whoever asks for it, and puts them on record.
/// @dev What it makes is 45 bytes that run the code of one Reputation (EIP-1167), which nothing can change: a tenth of
/// the gas of a full copy, within what clients with a fixed limit send; each call costs 2,700 gas more.
contract ReputationFactory {
    /// @notice The contract whose code the others run. The factory owns it and never writes to it.
    address public immutable implementation = address(new Reputation(address(this), address(0)));

    /// @param referrer the referrer that was asked for; the contract's `referrerReputation()` says whether it took it
    /// @param attestation what the creator claims about itself: logged for others to verify, not checked here
    event ReputationCreated(address newReputationAddress, address owner, address referrer, bytes attestation);

    function createReputation(address referrer, bytes calldata attestation) external returns (address created) {
        bytes memory code = abi.encodePacked(
            hex"3d602d80600a3d3981f3363d3d373d3d3d363d73", implementation, hex"5af43d82803e903d91602b57fd5bf3"
        );
        assembly ("memory-safe") {
            created := create(0, add(code, 32), mload(code))
        }
        require(created != address(0), "Contract was not created");
        Reputation(created).initialize(msg.sender, referrer);
        emit ReputationCreated(created, msg.sender, referrer, attestation);
    }
}
