// Checks a member's evidence as docs/evidence.md describes it; shares no code with the tracker.
//   node audit.mjs FILE    prints one JSON document; exit code 0 only when all fits
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { PublicKey, Signature, verify } from '@chainsafe/blst';

const longestLine = 16 << 20;
const largestTotal = 2n ** 63n - 1n;
const largestVoucher = 2n ** 53n - 1n;
const tolerance = 180n;

const sha256 = bytes => createHash('sha256').update(bytes).digest();

/** The lines of a file as bytes, without their ends; null for one that is too long. */
async function* lines(path) {
  let rest = Buffer.alloc(0);
  let tooLong = false;
  for await (const chunk of createReadStream(path)) {
    rest = Buffer.concat([rest, chunk]);
    for (let at; (at = rest.indexOf(10)) >= 0; rest = rest.subarray(at + 1), tooLong = false)
      yield tooLong || at > longestLine ? null : rest.subarray(0, at);
    if (rest.length > longestLine) [tooLong, rest] = [true, Buffer.alloc(0)];
  }
  if (tooLong || rest.length > 0) yield tooLong ? null : rest;
}

/** Whether the line ends with the hash of what stands before. */
function isIntact(line) {
  const content = line.subarray(0, Math.max(0, line.length - 77));
  return content.length > 0 && line.subarray(content.length).equals(Buffer.from(`,"sha256":"${sha256(content).toString('hex')}"}`));
}

/** JSON with every number as its text: totals have more digits than a double. */
const parse = line => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line)
  .replace(/"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g, token => token.startsWith('"') ? token : JSON.stringify({ number: token })));

class Wrong extends Error {}

function field(object, name, read) {
  const value = object !== null && typeof object === 'object' ? object[name] : undefined;
  const result = value === undefined ? undefined : read(value);
  if (result === undefined) throw new Wrong(`${name} is missing or not what it should be`);
  return result;
}

const integer = value => typeof value?.number === 'string' && /^-?[0-9]+$/.test(value.number) ? BigInt(value.number) : undefined;
const integerOrNull = value => value === null ? null : integer(value);
const text = value => typeof value === 'string' ? value : undefined;
const hex = length => value => typeof value === 'string' && new RegExp(`^[0-9a-fA-F]{${2 * length}}$`).test(value) ? Buffer.from(value, 'hex') : undefined;
function base64(length) {
  return value => {
    const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
    return bytes.length === length && bytes.toString('base64') === value ? bytes : undefined;
  };
}
const sum = value => ({ count: field(value, 'count', integer), uploaded: field(value, 'uploaded', integer), downloaded: field(value, 'downloaded', integer) });

function readHeader(json) {
  if (field(json, 'version', integer) !== 1n) throw new Wrong('version is not 1');
  const keys = new Map(field(json, 'keys', value => Array.isArray(value) ? value : undefined)
    .map(key => [field(key, 'public_key', base64(48)).toString('hex'), { proven: field(key, 'proven_at', integer), retired: field(key, 'retired_at', integerOrNull) }]));
  return {
    instance: field(json, 'instance_id', hex(32)), user: field(json, 'user_id', text), since: field(json, 'since', integer), at: field(json, 'at', integer), keys,
    uploaded: field(json, 'total_uploaded', integer), downloaded: field(json, 'total_downloaded', integer),
    vouchers: field(json, 'vouchers', sum), receipts: field(json, 'receipts', sum),
    imported: Object.values(field(json, 'imported', value => typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined)).map(sum),
  };
}

const readVoucher = json => ({
  id: field(json, 'id', hex(32)), infohash: field(json, 'infohash', hex(20)), sender: field(json, 'sender_pk', base64(48)), receiver: field(json, 'receiver_pk', base64(48)),
  session: field(json, 'session', hex(16)), bytes: field(json, 'bytes', integer), opened: field(json, 'opened', integer), signedAt: field(json, 'signed_at', integer),
  signature: field(json, 'signature', base64(96)), credited: field(json, 'credited', integer), first: field(json, 'first_report', integer), last: field(json, 'last_report', integer),
});

/** The 204 bytes that the receiver signs. */
function message(voucher, instance) {
  const numbers = Buffer.alloc(24);
  [voucher.bytes, voucher.opened, voucher.signedAt].forEach((number, i) => numbers.writeBigInt64BE(number, 8 * i));
  return Buffer.concat([Buffer.from('pbts-voucher-v1\0', 'latin1'), instance, voucher.infohash, voucher.sender, voucher.receiver, voucher.session, numbers]);
}

const points = new Map();

function isSigned(voucher, instance) {
  try {
    const key = voucher.receiver.toString('hex');
    if (!points.has(key)) {
      if (points.size > 10000) points.clear();
      points.set(key, PublicKey.fromBytes(voucher.receiver, true));
    }
    return verify(message(voucher, instance), points.get(key), Signature.fromBytes(voucher.signature, true, true), false, false);
  } catch {
    return false;
  }
}

/** What is wrong with a voucher; undefined when nothing is. */
function judge(voucher, header, state) {
  const signed = message({ ...voucher, bytes: 0n, opened: 0n, signedAt: 0n }, header.instance);
  if (!sha256(signed.subarray(0, 180)).equals(voucher.id)) return 'wrong_id';
  if (state.last && Buffer.compare(state.last, voucher.id) >= 0) return 'out_of_order';
  state.last = voucher.id;
  const { bytes, opened, signedAt, credited } = voucher;
  if (bytes < 1n || bytes > largestVoucher || opened < 0n || signedAt < opened || credited < 0n || credited > bytes) return 'wrong_number';
  const [sending, receiving] = [header.keys.get(voucher.sender.toString('hex')), header.keys.get(voucher.receiver.toString('hex'))];
  if (!sending === !receiving) return 'not_the_members';
  const { retired } = sending ?? receiving;
  if (retired !== null && signedAt - tolerance > retired) return 'key_retired';
  if (!isSigned(voucher, header.instance)) return 'bad_signature';
  const total = state.sum;
  total.count++;
  total[sending ? 'uploaded' : 'downloaded'] += credited;
}

async function audit(path) {
  const faults = [];
  const state = { sum: { count: 0n, uploaded: 0n, downloaded: 0n }, last: null };
  let header = null;
  let ended = false;
  let [number, vouchers] = [0, 0n];
  const fail = (line, code) => faults.push({ line, code });
  for await (const line of lines(path)) {
    number++;
    if (line === null || !isIntact(line)) {
      fail(number, 'damaged');
      if (number === 1) break;
      continue;
    }
    try {
      const json = parse(line);
      const type = field(json, 'type', text);
      if (ended || (number === 1 ? type !== 'evidence' : type !== 'voucher' && type !== 'end')) {
        fail(number, 'misplaced');
      } else if (number === 1) {
        header = readHeader(json);
      } else if (type === 'end') {
        ended = true;
        const [count, next] = [field(json, 'vouchers', integer), field(json, 'next', value => value === null ? value : hex(32)(value))];
        if (next !== null || count !== vouchers) fail(number, 'cut_off');
      } else {
        vouchers++;
        const code = judge(readVoucher(json), header, state);
        if (code) fail(number, code);
      }
    } catch (error) {
      if (!(error instanceof Wrong || error instanceof SyntaxError || error instanceof TypeError)) throw error;
      fail(number, 'malformed');
    }
    if (header === null) break;
  }
  if (number === 0) fail(1, 'cut_off');
  if (header !== null) {
    if (!ended) fail(number, 'cut_off');
    if (['count', 'uploaded', 'downloaded'].some(name => state.sum[name] !== header.vouchers[name])) fail(1, 'wrong_sum');
    const whole = name => {
      const all = [header.vouchers, header.receipts, ...header.imported].reduce((total, part) => total + part[name], 0n);
      return all < largestTotal ? all : largestTotal;
    };
    if (whole('uploaded') !== header.uploaded || whole('downloaded') !== header.downloaded) fail(1, 'wrong_total');
  }
  return { success: faults.length === 0, user_id: header?.user ?? null, vouchers: Number(vouchers), faults };
}

const result = await audit(process.argv[2]);
console.log(JSON.stringify(result));
process.exitCode = result.success ? 0 : 1;
