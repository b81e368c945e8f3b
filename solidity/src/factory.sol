// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Reputation} from "./Reputation.sol";

/// @title ReputationFactory
/// @notice Makes Reputation contracts, each owned by whoever asks for it, and puts them on record.
contract ReputationFactory {
    /// @param referrer the referrer that was asked for; the contract's `referrerReputation()` says whether it took it
    /// @param attestation what the creator claims about itself: logged for others to verify, not checked here
    event ReputationCreated(address newReputationAddress, address owner, address referrer, bytes attestation);

    function createReputation(address referrer, bytes calldata attestation) external returns (address) {
        address created = address(new Reputation(msg.sender, referrer));
        emit ReputationCreated(created, msg.sender, referrer, attestation);
        return created;
    }
}
