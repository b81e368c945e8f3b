// SPDX-License-Identifier: MIT
pragma solidity ^0.8.12;

/// @notice Lines for `forge test -vv`; forge takes the calls to this address as output.
library console {
    address private constant CONSOLE = 0x000000000000000000636F6e736F6c652e6c6f67;

    function log(string memory text) internal view {
        send(abi.encodeWithSignature("log(string)", text));
    }

    function log(string memory text, uint256 value) internal view {
        send(abi.encodeWithSignature("log(string,uint256)", text, value));
    }

    function log(string memory text, address value) internal view {
        send(abi.encodeWithSignature("log(string,address)", text, value));
    }

    function log(string memory text, string memory value) internal view {
        send(abi.encodeWithSignature("log(string,string)", text, value));
    }

    function send(bytes memory message) private view {
        (bool ignored,) = CONSOLE.staticcall(message);
        ignored;
    }
}
