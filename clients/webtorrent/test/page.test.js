// The examples of docs/bep10.md and the shared vectors, byte for byte.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, decodeAck, decodeVoucher, encodeAck, encodeRequest, encodeVoucher, fromJson, isRequest, keyPair, message,
  sign, toJson, verify, voucherId } from '../vouchers.js';

const read = path => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const page = read('docs/bep10.md');
const block = (kind, name) => page.match(new RegExp(`\`\`\`${kind} ${name}\n([^\`]*)\`\`\``))[1];
const hex = name => block('hex', name).replace(/\s/g, '');
const row = name => page.match(new RegExp(`\\| ${name} \\| \`([0-9a-f]+)\` \\|`))[1];
const frame = (id, payload) => {
  const head = Buffer.alloc(6);
  head.writeUInt32BE(payload.length + 2);
  head.writeUInt8(20, 4);
  head.writeUInt8(id, 5);
  return Buffer.concat([head, payload]).toString('hex');
};
const payloadOf = frameHex => Buffer.from(frameHex, 'hex').subarray(6);
const bytes = value => Buffer.from(value, 'hex');

const vectors = JSON.parse(read('tests/vectors/pbts_vouchers.json'));
const voucherOf = (v, signed = v) => ({ infohash: bytes(v.infohash), sender_pk: bytes(v.sender_pk),
  receiver_pk: bytes(v.receiver_pk), session: bytes(v.session), bytes: Number(signed.bytes), opened: Number(v.opened),
  signed_at: Number(signed.signed_at), signature: bytes(signed.signature ?? '') });

test('the examples of the page', () => {
  const instance = row('instance');
  const keys = keyPair(row("receiver's secret key"));
  assert.equal(keys.publicKey.toString('hex'), row("receiver's public key"));
  const voucher = sign(instance, { infohash: bytes(row('infohash')), sender_pk: bytes(row("sender's public key")),
    receiver_pk: keys.publicKey, session: bytes(row('session')), bytes: 4194304, opened: 1700000000,
    signed_at: 1700000042 }, keys.secret);
  assert.equal(message(instance, voucher).toString('hex'), hex('voucher-message'));
  assert.equal(voucher.signature.toString('hex'), hex('voucher-signature'));
  assert.equal(voucherId(instance, voucher).toString('hex'), hex('voucher-id'));
  assert.equal(frame(5, encodeVoucher(voucher)), hex('voucher'));
  assert.equal(frame(6, encodeAck(voucher)), hex('voucher-ack'));
  assert.equal(frame(7, encodeRequest()), hex('request-voucher'));
  assert.deepEqual(decodeVoucher(payloadOf(hex('voucher'))), voucher);
  assert.deepEqual(decodeAck(payloadOf(hex('voucher-ack'))), { bytes: 4194304, session: voucher.session });
  assert.ok(isRequest(payloadOf(hex('request-voucher'))));
  const report = JSON.parse(block('json', 'report-voucher'));
  assert.deepEqual(toJson(voucher), report.vouchers[0]);
  assert.deepEqual(fromJson(report.vouchers[0]), voucher);
  assert.ok(verify(instance, voucher));
});

test("the page's session", () => {
  const session = JSON.parse(block('json', 'session'));
  const { secret } = keyPair(session.receiver_sk);
  for (const signed of session.vouchers) {
    const voucher = voucherOf({ ...session }, signed);
    assert.deepEqual(sign(session.instance_id, voucher, secret), voucher);
    assert.ok(verify(session.instance_id, voucher));
  }
});

test('the shared vectors', () => {
  for (const v of vectors.valid) {
    const voucher = voucherOf(v);
    assert.equal(message(v.instance_id, voucher).toString('hex'), v.message);
    assert.equal(voucherId(v.instance_id, voucher).toString('hex'), v.voucher_id);
    assert.deepEqual(sign(v.instance_id, voucher, keyPair(v.receiver_sk).secret), voucher);
    assert.ok(verify(v.instance_id, voucher));
    assert.deepEqual(toJson(voucher), v.report_json);
  }
  for (const v of vectors.invalid) assert.equal(verify(v.instance_id, voucherOf(v)), false, v.reason);
  for (const { kind, sub_id: id, frame: expected, voucher, ...ack } of vectors.wire) {
    const payload = payloadOf(expected);
    const again = { pbts_voucher: () => encodeVoucher(decodeVoucher(payload)),
      pbts_voucher_ack: () => encodeAck(decodeAck(payload)),
      pbts_request_voucher: () => (isRequest(payload) ? encodeRequest() : null) }[kind]();
    assert.equal(frame(Number(id), again), expected);
    if (voucher !== undefined) assert.deepEqual(decodeVoucher(payload), voucherOf(vectors.valid[voucher]));
    if (ack.bytes) assert.equal(decodeAck(payload).bytes, Number(ack.bytes));
  }
});

test('bad messages are nothing', () => {
  const good = payloadOf(hex('voucher'));
  const text = good.toString('latin1');
  const bad = from => assert.equal(decodeVoucher(Buffer.from(from, 'latin1')), null);
  for (let end = 0; end < good.length; end++) bad(good.subarray(0, end));
  for (const [from, to] of [['i4194304e', 'i0e'], ['i4194304e', 'i-1e'], ['i4194304e', 'i04194304e'], ['i4194304e', 'i-0e'],
    ['i4194304e', 'i9007199254740992e'], ['i4194304e', '7:4194304'], ['i1700000042e', 'i1699999999e'], ['d5:bytes', 'd6:bytes'],
    ['i1700000000e', 'i-1e'], ['8:infohash20:', '8:infohash19:'], ['d5:', 'd1:zi1e5:'],
    ['d5:bytesi4194304e', 'd5:bytesi4194304e5:bytesi4194304e']])
    bad(text.replace(from, to));
  bad(`${text}e`);
  bad(text.slice(0, -1) + '1:zi1e' + 'e'.repeat(2048));
  bad('l'.repeat(2048));
  bad('d'.repeat(2048));
  bad('999999999:');
  const unknown = Buffer.from(`${text.slice(0, -1)}1:zli99999999999999999999999edeee`, 'latin1');
  assert.deepEqual(decodeVoucher(unknown), decodeVoucher(good));
  for (const other of ['', 'e', 'de0:', 'i1e', 'le', 'd1:ae', 'd3:bade', 'di1ei1ee'])
    assert.equal(isRequest(Buffer.from(other)), false);
  assert.ok(isRequest(Buffer.from('d7:unknowni1ee')));
  assert.equal(decode(Buffer.from(`d1:a2040:${'x'.repeat(2040)}e`)), null);
});
