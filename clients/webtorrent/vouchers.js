// The bytes of vouchers: what is signed, the three messages, and the form of a report (docs/bep10.md, section 8).
import { createHash } from 'node:crypto';
import { PublicKey, SecretKey, Signature, verify as blsVerify } from '@chainsafe/blst';

const largestBytes = Number.MAX_SAFE_INTEGER; // 2^53-1
const largestPayload = 2048;
const sizes = { infohash: 20, receiver_pk: 48, sender_pk: 48, session: 16, signature: 96 };

/** The names of the messages, in the order in which they are offered. */
export const names = ['pbts_voucher', 'pbts_voucher_ack', 'pbts_request_voucher'];

/** A field of a voucher as bytes, of the right length or not at all: the signed fields have no separators. */
export function bytesOf(value, length) {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'hex') : Buffer.from(value);
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes`);
  return bytes;
}

export function keyPair(secretKey) {
  const secret = SecretKey.fromBytes(bytesOf(secretKey, 32));
  return { secret, publicKey: Buffer.from(secret.toPublicKey().toBytes(true)) };
}

/** The 204 bytes that a receiver signs. */
export function message(instance, voucher) {
  const numbers = Buffer.alloc(24);
  [voucher.bytes, voucher.opened, voucher.signed_at].forEach((n, i) => numbers.writeBigUInt64BE(BigInt(n), 8 * i));
  return Buffer.concat([Buffer.from('pbts-voucher-v1\0', 'latin1'), bytesOf(instance, 32), bytesOf(voucher.infohash, 20),
    bytesOf(voucher.sender_pk, 48), bytesOf(voucher.receiver_pk, 48), bytesOf(voucher.session, 16), numbers]);
}

/** The identity of a session at a tracker. */
export const voucherId = (instance, voucher) =>
  createHash('sha256').update(message(instance, voucher).subarray(0, 180)).digest();

export function sign(instance, voucher, secret) {
  return { ...voucher, signature: Buffer.from(secret.sign(message(instance, voucher)).toBytes(true)) };
}

/** Whether the signature holds. Points that are not in their group, and the point at infinity, never do. */
export function verify(instance, voucher) {
  try {
    return blsVerify(message(instance, voucher), PublicKey.fromBytes(voucher.receiver_pk, true),
      Signature.fromBytes(voucher.signature, true, true), false, false);
  } catch {
    return false;
  }
}

export const encodeVoucher = ({ bytes, infohash, opened, receiver_pk, sender_pk, session, signature, signed_at }) =>
  encode({ bytes, infohash, opened, receiver_pk, sender_pk, session, signature, signed_at });
export const encodeAck = ({ bytes, session }) => encode({ bytes, session });
export const encodeRequest = () => encode({});

/** A voucher from its message, or null for a bad one. */
export function decodeVoucher(payload) {
  const d = decode(payload);
  if (d === null || !isBytes(d.bytes) || !isTime(d.opened) || !isTime(d.signed_at) || d.signed_at < d.opened) return null;
  for (const [name, size] of Object.entries(sizes)) if (!Buffer.isBuffer(d[name]) || d[name].length !== size) return null;
  const { bytes, infohash, opened, receiver_pk, sender_pk, session, signature, signed_at } = d;
  return { bytes, infohash, opened, receiver_pk, sender_pk, session, signature, signed_at };
}

/** `bytes` and `session` of an acknowledgement, or null for a bad one. */
export function decodeAck(payload) {
  const d = decode(payload);
  if (d === null || !isBytes(d.bytes) || !Buffer.isBuffer(d.session) || d.session.length !== 16) return null;
  return { bytes: d.bytes, session: d.session };
}

export const isRequest = payload => decode(payload) !== null;

/** The form in which a voucher is reported, and kept in files: hashes hexadecimal, keys and signature base64. */
export const toJson = v => ({ infohash: v.infohash.toString('hex'), sender_pk: v.sender_pk.toString('base64'),
  receiver_pk: v.receiver_pk.toString('base64'), session: v.session.toString('hex'), bytes: v.bytes, opened: v.opened,
  signed_at: v.signed_at, signature: v.signature.toString('base64') });

export const fromJson = j => ({ infohash: Buffer.from(j.infohash, 'hex'), sender_pk: Buffer.from(j.sender_pk, 'base64'),
  receiver_pk: Buffer.from(j.receiver_pk, 'base64'), session: Buffer.from(j.session, 'hex'), bytes: j.bytes,
  opened: j.opened, signed_at: j.signed_at, signature: Buffer.from(j.signature, 'base64') });

const isBytes = n => Number.isInteger(n) && n >= 1 && n <= largestBytes;
// Larger times than these are far beyond any clock's window, so that nothing is lost by calling them bad.
const isTime = n => Number.isInteger(n) && n >= 0;

// The names are given in their order already.
function encode(fields) {
  const out = [Buffer.from('d')];
  for (const [name, value] of Object.entries(fields)) {
    out.push(Buffer.from(`${name.length}:${name}`));
    if (typeof value === 'number') out.push(Buffer.from(`i${value}e`));
    else out.push(Buffer.from(`${value.length}:`), value);
  }
  return Buffer.concat([...out, Buffer.from('e')]);
}

/** The dictionary that is the whole payload, in canonical bencode; null for everything else. */
export function decode(payload) {
  if (payload.length > largestPayload) return null;
  // A copy, because the wire hands out views of its larger buffer, and what is kept should not hold on to that.
  const input = Buffer.from(payload);
  try {
    const [value, end] = decodeAt(input, 0);
    return end === input.length && isDictionary(value) ? value : null;
  } catch {
    return null;
  }
}

const isDictionary = value => typeof value === 'object' && !Buffer.isBuffer(value) && !Array.isArray(value);

function decodeAt(input, at) {
  const first = String.fromCharCode(input[at]);
  if (first === 'i') {
    const end = input.indexOf('e', at);
    const text = input.toString('latin1', at + 1, end);
    if (end < 0 || !/^(0|-?[1-9][0-9]*)$/.test(text)) throw new SyntaxError();
    const number = Number(text);
    return [Number.isSafeInteger(number) ? number : BigInt(text), end + 1];
  }
  if (first === 'l') {
    const list = [];
    for (at++; input[at] !== 0x65; ) {
      let item;
      [item, at] = decodeAt(input, at);
      list.push(item);
    }
    return [list, at + 1];
  }
  if (first === 'd') {
    const dictionary = Object.create(null);
    let previous = null;
    for (at++; input[at] !== 0x65; ) {
      const [key, afterKey] = decodeAt(input, at);
      if (!Buffer.isBuffer(key) || (previous !== null && Buffer.compare(previous, key) >= 0)) throw new SyntaxError();
      [dictionary[key.toString('latin1')], at] = decodeAt(input, afterKey);
      previous = key;
    }
    return [dictionary, at + 1];
  }
  const colon = input.indexOf(':', at);
  const text = colon < 0 ? '' : input.toString('latin1', at, colon);
  if (!/^(0|[1-9][0-9]{0,8})$/.test(text) || colon + 1 + Number(text) > input.length) throw new SyntaxError();
  return [input.subarray(colon + 1, colon + 1 + Number(text)), colon + 1 + Number(text)];
}
