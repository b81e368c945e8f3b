// Judges cases of BLS12-381 by programs that share no code with the tracker: blst, and for every sixteenth case also noble.
//   node bls-cases.mjs FILE    a case a line, its kind and its arguments in hex, lists with commas; prints a verdict for each
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { bls12_381 } from '@noble/curves/bls12-381.js';

const blst = createRequire(new URL('../audit/', import.meta.url))('@chainsafe/blst');
const domain = { DST: 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_' };
const scheme = bls12_381.longSignatures;
const bytes = hex => Buffer.from(hex, 'hex');
const list = text => text.split(',').map(bytes);
const hex = array => Buffer.from(array).toString('hex');

/** What the function gives, or "bad" when it throws. */
const or = (bad, judge) => { try { return judge(); } catch { return bad; } };

const byBlst = {
  sign: (secret, message) => or('bad', () => {
    const key = blst.SecretKey.fromBytes(bytes(secret));
    return `${key.toPublicKey().toHex().slice(2)} ${key.sign(bytes(message)).toHex().slice(2)}`;
  }),
  key: key => or('bad', () => blst.PublicKey.fromBytes(bytes(key), true).toHex().slice(2)),
  aggregate: signatures => or('bad', () =>
    blst.aggregateSignatures(list(signatures).map(one => blst.Signature.fromBytes(one, true, false))).toHex().slice(2)),
  verify: (key, message, signature) => or(false, () =>
    blst.verify(bytes(message), blst.PublicKey.fromBytes(bytes(key)), blst.Signature.fromBytes(bytes(signature)), true, true)),
  all: (keys, messages, signature) => or(false, () =>
    blst.aggregateVerify(list(messages), list(keys).map(key => blst.PublicKey.fromBytes(key)), blst.Signature.fromBytes(bytes(signature)), true, true)),
  fast: (keys, message, signature) => or(false, () =>
    blst.fastAggregateVerify(bytes(message), list(keys).map(key => blst.PublicKey.fromBytes(key, true)), blst.Signature.fromBytes(bytes(signature)), true)),
};

const { G1, G2, fields } = bls12_381;
function point(group, encoded, infinity) {
  const one = group.Point.fromBytes(encoded);
  if (one.is0() && !infinity) throw new Error('infinity');
  if (!one.is0()) one.assertValidity();
  return one;
}

/** Whether the product of the pairings of keys and messages is that of the generator and the signature. */
function holds(pairs, signature) {
  const terms = [...pairs, [G1.Point.BASE.negate(), signature]].filter(([, g2]) => !g2.is0());
  return fields.Fp12.eql(bls12_381.pairingBatch(terms.map(([g1, g2]) => ({ g1, g2 }))), fields.Fp12.ONE);
}

const hash = message => scheme.hash(message, domain.DST);
const byNoble = {
  sign: (secret, message) => or('bad', () => {
    // noble reduces what the others refuse.
    const scalar = BigInt(`0x${secret}`);
    if (scalar === 0n || scalar >= fields.Fr.ORDER) throw new Error('out of range');
    return `${hex(scheme.getPublicKey(bytes(secret)).toBytes())} ${hex(scheme.sign(hash(bytes(message)), bytes(secret)).toBytes())}`;
  }),
  key: key => or('bad', () => hex(point(G1, bytes(key), false).toBytes())),
  aggregate: signatures => or('bad', () => {
    const sum = list(signatures).map(one => point(G2, one, true)).reduce((all, one) => all.add(one));
    // noble does not write infinity.
    return sum.is0() ? `c0${'00'.repeat(95)}` : hex(sum.toBytes());
  }),
  verify: (key, message, signature) => or(false, () => holds([[point(G1, bytes(key), false), hash(bytes(message))]], point(G2, bytes(signature), true))),
  all: (keys, messages, signature) => or(false, () => {
    const all = list(messages);
    return holds(list(keys).map((key, i) => [point(G1, key, false), hash(all[i])]), point(G2, bytes(signature), true));
  }),
  fast: (keys, message, signature) => or(false, () =>
    holds([[list(keys).map(key => point(G1, key, false)).reduce((sum, one) => sum.add(one)), hash(bytes(message))]], point(G2, bytes(signature), true))),
};

let batches = 0;
const verdicts = readFileSync(process.argv[2], 'utf8').split('\n').filter(line => line.length > 0).map((line, number) => {
  const [kind, ...rest] = line.split(' ');
  // A batch's verdict is that of each of its items.
  const judge = judges => kind === 'batch'
    ? rest.map(item => judges.verify(...item.split(','))).join(' ')
    : String(judges[kind](...rest));
  const verdict = judge(byBlst);
  if (kind === 'batch' ? batches++ % 32 > 0 : number % 16 > 0) return verdict;
  const other = judge(byNoble);
  return verdict === other ? verdict : `blst says ${verdict}, noble ${other}`;
});
console.log(verdicts.join('\n'));
