// Measures what real transactions cost, on an anvil of its own, and prints the table of docs/contracts.md. Every figure is
// the receipt's gasUsed: base cost, call data and execution. Needs ./build to have run.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = name => join(folder, "node_modules", ".bin", name);
const users = 100;
const me = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"; // anvil's first account, which it signs for itself

// Port 0: anvil takes a free one and says which. Into a file: it stops when it fills a pipe that nobody reads, and nobody
// does while cast is waited for.
const log = join(mkdtempSync(join(tmpdir(), "pbts-gas-")), "anvil.log");
const anvil = spawn(bin("anvil"), ["--port", "0", "--gas-limit", "60000000"], { stdio: ["ignore", openSync(log, "w"), "inherit"] });
process.on("exit", () => anvil.kill());
anvil.on("exit", code => { throw new Error(`anvil ended with ${code}`); });
let address;
while (!(address = /^Listening on (.*)$/m.exec(readFileSync(log, "utf8"))?.[1])) await setTimeout(50);

const cast = (...args) => execFileSync(bin("cast"), args, { encoding: "utf8", env: { ...process.env, ETH_RPC_URL: `http://${address}` }, maxBuffer: 1 << 26 });
const transact = (...args) => JSON.parse(cast("send", "--unlocked", "--from", me, "--json", ...args));
const send = (to, signature, ...args) => {
    const receipt = transact(to, signature, ...args.map(String));
    if (receipt.status !== "0x1") throw new Error(`reverted: ${to} ${signature}`);
    return Number(receipt.gasUsed);
};
const bytecode = artefact => JSON.parse(readFileSync(join(folder, "artifacts", `${artefact}.json`), "utf8")).bytecode;
const deploy = (artefact, referrer) =>
    transact("--create", bytecode(artefact) + (referrer ? cast("abi-encode", "f(address,address)", me, referrer).trim().slice(2) : "")).contractAddress;
// As trackers make them, by the factory; its event's first word is the address.
const make = referrer => `0x${transact(factory, "createReputation(address,bytes)", referrer, "0x").logs[0].data.slice(26, 66)}`;
const row = (what, gas, before = "–") => console.log(`| ${what} | ${typeof gas === "number" ? gas.toLocaleString("en") : gas} | ${before} |`);
const list = items => `[${items.join(",")}]`;

const zero = "0x0000000000000000000000000000000000000000";
const hash = "0x4eb1624eddecd0990e780cc74b5b275a9d165d8a0ccfb8a43a8b8812192467a0";
const bls = "0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const bls2 = "0xa572cbea904d67468808c8eb50a9450c9721db309128012543902d0ac358a62ae28f75bb8f1c7c42c39a8c5529bf0f4e";
const add = "addUser(string,string,bytes32,uint256,uint256)";
const addWithKey = "addUserWithKey(string,string,bytes32,uint256,uint256,bytes)";
const [terabyte, two] = [1_000_000_000_000, 2_000_000_000_000];

const factory = deploy("ReputationFactory");
const first = make(zero);
const second = make(first);
const third = make(second);
const fresh = make(zero);
const legacy = deploy("test/LegacyReputation", zero);
const afterLegacy = make(legacy);
const create = attestation => send(factory, "createReputation(address,bytes)", zero, attestation);

row("transaction", "gas", "first generation, optimised");
row("---", "---:", "---:");
row("createReputation, short attestation", create(`0x${Buffer.from("PBTS-Tracker-v1.0").toString("hex")}`), "849,227");
row("createReputation, attestation of 9,800 bytes", create(`0x${"61".repeat(9800)}`), "1,090,644 or less");
row("addUser, one size zero", send(first, add, "user0", "salt123", hash, 0, 1024), "117,986");
row("addUser, both sizes", send(first, add, "user1", "salt123", hash, terabyte, two), "137,898");
row("addUserWithKey", send(first, addWithKey, "user2", "salt123", hash, terabyte, two, bls));
row("setUserKey", send(first, "setUserKey(string,bytes)", "user1", bls2));
row("updateUser, first", send(first, "updateUser(string,uint256,uint256)", "user0", 1024000, 2048000), "54,874");
row("updateUser, later", send(first, "updateUser(string,uint256,uint256)", "user0", 5000000, 10000000), "37,798");
row("migrateUserData", send(second, "migrateUserData(string)", "user1"), "154,960");
send(first, add, "salty", "s".repeat(64), hash, 1, 2);
row("migrateUserData, 64-byte salt", send(second, "migrateUserData(string)", "salty"), "207,329");
row("migrateUserData, two hops", send(third, "migrateUserData(string)", "user2"));
row("migrateUserData, nobody", send(second, "migrateUserData(string)", "nobody"), "47,578");
row("setOffchainDataUrl", send(first, "setOffchainDataUrl(string)", "ipfs://data"), "47,549");

const numbers = Array.from({ length: users }, (_, i) => 100 + i);
const [names, downs, ups] = [numbers.map(i => `user${i}`), numbers.map(i => terabyte + i), numbers.map(i => two + i)];
numbers.forEach((_, i) => {
    send(first, addWithKey, names[i], "salt123", hash, downs[i], ups[i], bls);
    send(legacy, add, names[i], "salt123", hash, downs[i], ups[i]);
});
const each = gas => Math.floor(gas / users);
const migrate = to => each(send(to, "migrateUsers(string[])", list(names)));
row(`addMembers, each of ${users}`, each(send(fresh, "addMembers(string[],uint256[],uint256[],bytes[])", list(names), list(downs), list(ups), list(numbers.map(() => bls)))));
row(`updateUsers, each of ${users}`, each(send(first, "updateUsers(string[],uint256[],uint256[])", list(names), list(ups), list(downs))), "37,798");
row(`migrateUsers, each of ${users}, with keys`, migrate(second), "154,960");
row(`migrateUsers, each of ${users}, with keys, from a batch`, migrate(third), "154,960");
row(`migrateUsers, each of ${users}, from the first generation`, migrate(afterLegacy), "154,960");

const anchor = (on, root, sequence) => {
    const gas = send(on, "anchor(bytes32,uint64,uint64,uint32,uint64)", root, "0xfffffffffffffff", "0xeeeeeeeeeeeeeee", 1_000_000, sequence);
    if (gas > 60_000) throw new Error(`an anchor took ${gas} gas`);
    return gas;
};
const anchored = make(zero);
row("anchor, first to 24th", anchor(anchored, hash, 1));
for (let sequence = 2; sequence < 25; sequence++) anchor(anchored, hash, sequence);
row("anchor, later", anchor(anchored, hash, 25));

// A member's leaf and a path of arbitrary siblings; what they lead to is anchored and claimed from.
const packed = (...parts) => `0x${parts.map(part => (typeof part === "bigint" ? part.toString(16).padStart(16, "0") : part.replace(/^0x/, ""))).join("")}`;
const keccak = data => cast("keccak", data).trim();
const heir = make(anchored);
const salt = "0x000102030405060708090a0b0c0d0e0f";
for (const [sequence, levels] of [[26, 0], [27, 10], [28, 20]]) {
    const username = `user${levels}`;
    const [length, text] = [username.length.toString(16).padStart(4, "0"), Buffer.from(username).toString("hex")];
    const member = keccak(packed(Buffer.from("pbts-member-v1\0").toString("hex"), salt, length, text, bls));
    let [up, down] = [BigInt(two), BigInt(terabyte)];
    let [node, path] = [keccak(packed("00", member, up, down)), "0x"];
    for (let level = 0; level < levels; level++) {
        const sibling = packed(keccak(packed(BigInt(level))), BigInt(two), BigInt(terabyte));
        path += sibling.slice(2);
        node = keccak(packed("01", node, up, down, sibling));
        [up, down] = [up + BigInt(two), down + BigInt(terabyte)];
    }
    anchor(anchored, node, sequence);
    const signature = "claimUser(string,bytes32,bytes16,bytes,uint64,uint64,uint64,uint32,bytes)";
    row(`claimUser, ${levels} levels`, send(heir, signature, username, hash, salt, bls, two, terabyte, sequence, 0, path));
}

row("retire", send(first, "retire(address)", second));
process.exit(0);
