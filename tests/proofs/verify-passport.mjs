// Checks passports as docs/passports.md describes them; shares no code with the tracker.
//   node verify-passport.mjs FILE    a line each: {"passport":{…},"signature":"…","here":"instance id","now":seconds}
//   prints for each "ok" or the step that does not hold
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';

const ciphersuite = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const tolerance = 120n;

const concat = (...parts) => Buffer.concat(parts.map(part => Buffer.from(part)));
const keccak = (...parts) => Buffer.from(keccak_256(concat(...parts)));
const u64 = number => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64BE(number); return bytes; };
const word = value => concat(Buffer.alloc(32 - (typeof value === 'bigint' ? 8 : value.length)), typeof value === 'bigint' ? u64(value) : value);

class Wrong extends Error {
  constructor(step) { super(step); this.step = step; }
}

/** JSON with every number as its text: totals have more digits than a double. */
const parse = text => JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g, token => token.startsWith('"') ? token : JSON.stringify({ number: token })));

function check(condition, step = 'format') {
  if (!condition) throw new Wrong(step);
}

function fields(object, ...names) {
  check(object !== null && typeof object === 'object' && !Array.isArray(object));
  check(Object.keys(object).length === names.length && names.every(name => Object.hasOwn(object, name)));
  return object;
}

function integer(value, bits = 64n) {
  check(/^(0|[1-9][0-9]{0,19})$/.test(value?.number ?? ''));
  const number = BigInt(value.number);
  check(number < 2n ** bits);
  return number;
}

function hex(value, length) {
  check(typeof value === 'string' && new RegExp(`^[0-9a-f]{${2 * length}}$`).test(value));
  return Buffer.from(value, 'hex');
}

const prefixed = (value, length) => { check(typeof value === 'string' && value.startsWith('0x')); return hex(value.slice(2), length); };

function base64(value, length, step = 'format') {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
  check(bytes.length === length && bytes.toString('base64') === value, step);
  return bytes;
}

/** EIP-55: the case of the letters is the checksum. */
function address(value) {
  check(typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value));
  const digits = value.slice(2).toLowerCase();
  const sum = keccak(Buffer.from(digits, 'ascii')).toString('hex');
  check([...digits].every((digit, i) => value[2 + i] === (parseInt(sum[i], 16) >= 8 ? digit.toUpperCase() : digit)));
  return Buffer.from(digits, 'hex');
}

const text = value => { check(typeof value === 'string'); return keccak(Buffer.from(value, 'utf8')); };
const type = value => keccak(Buffer.from(value, 'utf8'));

const importType = 'Import(string issuer,uint64 up,uint64 down,uint64 asOf)';
const proofType = 'Proof(bytes32 root,uint64 totalUp,uint64 totalDown,uint64 members,uint64 sequence,uint64 block,bytes32 txHash)';
const passportType = 'Passport(bytes32 instance,address issuer,string userId,bytes publicKey,uint64 up,uint64 down,Import[] imports,uint64 memberSince,Proof proof,uint64 issued,uint64 expires)';

function readProof(json) {
  fields(json, 'user_id', 'public_key', 'up', 'down', 'salt', 'index', 'path', 'root', 'total_up', 'total_down', 'members', 'sequence', 'contract', 'chain_id', 'block', 'tx_hash');
  check(Array.isArray(json.path) && json.path.length <= 32);
  const members = integer(json.members, 32n);
  check(members > 0n);
  return {
    user: json.user_id, key: base64(json.public_key, 48), up: integer(json.up), down: integer(json.down), salt: hex(json.salt, 16), index: integer(json.index, 63n),
    path: json.path.map(step => {
      fields(step, 'hash', 'up', 'down', 'left');
      check(typeof step.left === 'boolean');
      return { hash: prefixed(step.hash, 32), up: integer(step.up), down: integer(step.down), left: step.left };
    }),
    root: prefixed(json.root, 32), totalUp: integer(json.total_up), totalDown: integer(json.total_down), members, sequence: integer(json.sequence, 63n),
    contract: address(json.contract), chain: integer(json.chain_id), block: integer(json.block), tx: prefixed(json.tx_hash, 32),
  };
}

function read(json) {
  fields(json, 'type', 'version', 'issuer', 'subject', 'native', 'imports', 'member_since', 'issued', 'expires', 'proof', 'signature');
  check(json.type === 'pbts-passport' && integer(json.version) === 1n && Array.isArray(json.imports) && json.imports.length <= 16);
  const { issuer, subject, native } = json;
  fields(issuer, 'instance', 'contract', 'chain_id', 'address');
  fields(subject, 'user_id', 'public_key');
  fields(native, 'up', 'down');
  const contract = issuer.contract === null ? null : address(issuer.contract);
  const chain = integer(issuer.chain_id);
  check((contract === null) === (chain === 0n));
  check(typeof subject.user_id === 'string' && /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Z}/]{1,64}$/u.test(subject.user_id) && !/^\.+$/.test(subject.user_id));
  return {
    instance: hex(issuer.instance, 32), contract, chain, issuer: address(issuer.address), user: subject.user_id, key: base64(subject.public_key, 48), up: integer(native.up), down: integer(native.down),
    imports: json.imports.map(one => {
      fields(one, 'issuer', 'up', 'down', 'as_of');
      check(typeof one.issuer === 'string');
      if (one.issuer.startsWith('0x')) address(one.issuer);
      else hex(one.issuer, 32);
      return { issuer: one.issuer, up: integer(one.up), down: integer(one.down), asOf: integer(one.as_of) };
    }),
    since: integer(json.member_since, 63n), issued: integer(json.issued, 63n), expires: integer(json.expires, 63n), proof: json.proof === null ? null : readProof(json.proof),
    signature: prefixed(json.signature, 65),
  };
}

/** The 66 bytes of EIP-712. */
function encode(passport) {
  const zero = Buffer.alloc(32);
  const domain = keccak(type('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'), text('PBTS passport'), text('1'), word(passport.chain), word(passport.contract ?? Buffer.alloc(20)));
  const proof = passport.proof ?? { root: zero, totalUp: 0n, totalDown: 0n, members: 0n, sequence: 0n, block: 0n, tx: zero };
  return concat([0x19, 0x01], domain, keccak(
    type(passportType + importType + proofType), passport.instance, word(passport.issuer), text(passport.user), keccak(passport.key), word(passport.up), word(passport.down),
    keccak(...passport.imports.map(one => keccak(type(importType), text(one.issuer), word(one.up), word(one.down), word(one.asOf)))),
    word(passport.since),
    keccak(type(proofType), proof.root, word(proof.totalUp), word(proof.totalDown), word(proof.members), word(proof.sequence), word(proof.block), proof.tx),
    word(passport.issued), word(passport.expires)));
}

function recover(digest, signature) {
  const v = signature[64];
  check(v === 27 || v === 28, 'issuer-signature');
  try {
    const signed = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact').addRecoveryBit(v - 27);
    check(!signed.hasHighS(), 'issuer-signature');
    return keccak(signed.recoverPublicKey(digest).toBytes(false).subarray(1)).subarray(12);
  } catch {
    throw new Wrong('issuer-signature');
  }
}

function checkProof(passport) {
  const { proof } = passport;
  if (proof === null) return;
  check(proof.user === passport.user && proof.key.equals(passport.key) && passport.contract !== null && proof.contract.equals(passport.contract) && proof.chain === passport.chain, 'proof');
  const name = Buffer.from(proof.user, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(name.length);
  let node = { hash: keccak([0], keccak(Buffer.from('pbts-member-v1\0', 'latin1'), proof.salt, length, name, proof.key), u64(proof.up), u64(proof.down)), up: proof.up, down: proof.down };
  check(proof.index < proof.members && 2n ** BigInt(proof.path.length) >= proof.members && (proof.path.length === 0 || 2n ** BigInt(proof.path.length - 1) < proof.members), 'proof');
  proof.path.forEach((step, level) => {
    check(step.left === ((proof.index >> BigInt(level) & 1n) === 1n), 'proof');
    const [left, right] = step.left ? [step, node] : [node, step];
    const [up, down] = [left.up + right.up, left.down + right.down];
    check(up < 2n ** 64n && down < 2n ** 64n, 'proof');
    node = { hash: keccak([1], left.hash, u64(left.up), u64(left.down), right.hash, u64(right.up), u64(right.down)), up, down };
  });
  check(node.hash.equals(proof.root) && node.up === proof.totalUp && node.down === proof.totalDown, 'proof');
  check(passport.up <= proof.up, 'anchored-leaf');
}

const bls = bls12_381.longSignatures;

function isHolder(passport, here, signature, encoded) {
  const message = concat(Buffer.from('passport' + here, 'ascii'), createHash('sha256').update(encoded).digest());
  try {
    const key = bls12_381.G1.Point.fromBytes(passport.key);
    key.assertValidity();
    return bls.verify(bls.Signature.fromBytes(base64(signature, 96, 'holder-signature')), bls.hash(message, ciphersuite), key);
  } catch {
    return false;
  }
}

function judge(line) {
  let offer;
  try {
    offer = parse(line);
  } catch {
    throw new Wrong('format');
  }
  const passport = read(offer.passport);
  const now = integer(offer.now);
  const encoded = encode(passport);
  check(recover(keccak(encoded), passport.signature).equals(passport.issuer), 'issuer-signature');
  check(passport.issued <= now + tolerance, 'not-yet-valid');
  check(passport.expires > now, 'expired');
  checkProof(passport);
  check(isHolder(passport, offer.here, offer.signature, encoded), 'holder-signature');
}

for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (line === '') continue;
  try {
    judge(line);
    console.log('ok');
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    console.log(error.step);
  }
}
