// Checks members' proofs as docs/proofs.md describes them; shares no code with the tracker.
//   node verify-proof.mjs FILE    a proof a line; prints for each "ok" or the step that does not hold
import { readFileSync } from 'node:fs';
import { keccak_256 } from '@noble/hashes/sha3.js';

const concat = (...parts) => Buffer.concat(parts.map(part => Buffer.from(part)));
const keccak = (...parts) => Buffer.from(keccak_256(concat(...parts)));
const u64 = number => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64BE(number); return bytes; };

/** JSON with every number as its text: totals have more digits than a double. */
const parse = text => JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g, token => token.startsWith('"') ? token : JSON.stringify({ number: token })));

class Wrong extends Error {
  constructor(step) { super(step); this.step = step; }
}

function integer(value) {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(value?.number ?? '')) throw new Wrong('format');
  const number = BigInt(value.number);
  if (number >= 2n ** 64n) throw new Wrong('format');
  return number;
}

function hash(value) {
  if (!/^0x[0-9a-f]{64}$/.test(value)) throw new Wrong('format');
  return Buffer.from(value.slice(2), 'hex');
}

function join(left, right) {
  const [up, down] = [left.up + right.up, left.down + right.down];
  if (up >= 2n ** 64n || down >= 2n ** 64n) throw new Wrong('sums');
  return { hash: keccak([1], left.hash, u64(left.up), u64(left.down), right.hash, u64(right.up), u64(right.down)), up, down };
}

function check(text) {
  let proof;
  try {
    proof = parse(text);
  } catch {
    throw new Wrong('format');
  }
  const [up, down, index, members] = ['up', 'down', 'index', 'members'].map(name => integer(proof[name]));
  const name = Buffer.from(proof.user_id, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(name.length);
  const key = Buffer.from(proof.public_key, 'base64');
  const commitment = keccak(Buffer.from('pbts-member-v1\0', 'latin1'), Buffer.from(proof.salt, 'hex'), length, name, key);
  let node = { hash: keccak([0], commitment, u64(up), u64(down)), up, down };
  if (index >= members || 2n ** BigInt(proof.path.length) < members || (proof.path.length > 0 && 2n ** BigInt(proof.path.length - 1) >= members)) throw new Wrong('path');
  proof.path.forEach((step, level) => {
    const sibling = { hash: hash(step.hash), up: integer(step.up), down: integer(step.down) };
    if (step.left !== ((index >> BigInt(level) & 1n) === 1n)) throw new Wrong('path');
    node = step.left ? join(sibling, node) : join(node, sibling);
  });
  if (!node.hash.equals(hash(proof.root))) throw new Wrong('root');
  if (node.up !== integer(proof.total_up) || node.down !== integer(proof.total_down)) throw new Wrong('totals');
}

for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (line === '') continue;
  try {
    check(line);
    console.log('ok');
  } catch (error) {
    console.log(error.step ?? 'format');
  }
}
