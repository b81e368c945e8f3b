// SPDX-License-Identifier: MIT
pragma solidity ^0.8.25;

import {Test} from "forge-std/Test.sol";
import {Pages} from "../src/Pages.sol";

contract PagesTest is Test {
    using Pages for Pages.Draft;

    Library private pages = new Library();

    function test_pages_are_found_again_whatever_the_length_of_their_number() public {
        uint24[10] memory numbers = [1, 2, 127, 128, 255, 256, 65_535, 65_536, 8_388_608, type(uint24).max];
        for (uint256 i = 0; i < numbers.length; i++) {
            if (numbers[i] > 1) vm.setNonce(address(pages), numbers[i]);
            bytes memory data = abi.encode(numbers[i], "content");
            pages.write(numbers[i], data);
            assertEq(pages.read(numbers[i], 0, data.length), data);
        }
    }

    function test_a_page_with_the_wrong_number_is_refused() public {
        vm.expectRevert("Page was not created");
        pages.write(2, "x");
    }

    function test_a_page_cannot_be_called() public {
        pages.write(1, hex"ff");
        address page = pages.addressOf(1);
        assertEq(page.code, hex"00ff");
        (bool done, bytes memory answer) = page.call("");
        assertTrue(done);
        assertEq(answer, "");
        assertEq(page.code, hex"00ff");
    }

    function test_the_largest_page_is_read_back() public {
        bytes memory data = new bytes(Pages.CAPACITY);
        for (uint256 i = 0; i < data.length; i += 97) {
            data[i] = bytes1(uint8(i));
        }
        data[data.length - 1] = 0x7f;
        pages.write(1, data);
        assertEq(pages.read(1, 0, data.length), data);
        assertEq(pages.read(1, data.length - 1, 1), hex"7f");
    }

    function test_a_draft_takes_what_fits() public pure {
        Pages.Draft memory page = Pages.draft(10);
        assertTrue(page.fits(new bytes(10)));
        assertEq(page.append("123456"), 0);
        assertTrue(page.fits("7890"));
        assertFalse(page.fits("78901"));
        assertEq(page.append("7890"), 6);
        assertEq(page.data, "1234567890");
        assertFalse(Pages.draft(100_000).fits(new bytes(Pages.CAPACITY + 1)));
    }

    function testFuzz_parts_are_read_back(bytes memory a, bytes memory b, bytes memory c) public {
        vm.assume(a.length + b.length + c.length <= Pages.CAPACITY && a.length + b.length + c.length > 0);
        pages.write(1, abi.encodePacked(a, b, c));
        assertEq(pages.read(1, 0, a.length), a);
        assertEq(pages.read(1, a.length, b.length), b);
        assertEq(pages.read(1, a.length + b.length, c.length), c);
    }
}

/// @notice Pages belong to the contract that makes them, so they are tested from one of their own.
contract Library {
    using Pages for Pages.Draft;

    function write(uint256 number, bytes memory data) external {
        Pages.Draft memory page = Pages.draft(data.length);
        page.append(data);
        page.write(number);
    }

    function read(uint256 number, uint256 offset, uint256 length) external view returns (bytes memory) {
        return Pages.read(number, offset, length);
    }

    function addressOf(uint8 number) external view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), number)))));
    }
}
