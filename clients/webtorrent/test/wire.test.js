// A bare peer on a socket that does what an honest client would not.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pbts } from '../index.js';
import { decodeAck, decodeVoucher, encodeAck, encodeRequest, encodeVoucher, names, sign, verify } from '../vouchers.js';
import { connectTo, end, makeTorrent, newFolder, newKey, startClient, startTracker, until } from './swarm.js';

after(end);
const MiB = 1 << 20;
const block = 16384;
const ids = Object.fromEntries(names.map((name, i) => [i + 11, name]));
const seconds = () => Math.floor(Date.now() / 1000);

async function seed(length, instance, keys = newKey()) {
  const tracker = await startTracker(instance);
  const made = await makeTorrent(length, tracker);
  const client = startClient();
  const torrent = client.add(made.torrent, { path: made.path });
  const vouchers = pbts(torrent, { secretKey: keys.secretKey, instance: tracker.instance, userId: 'u', tracker: tracker.url,
    stateFolder: newFolder() });
  await until(() => torrent.done && client.listening);
  return { ...made, tracker, client, torrent, vouchers, keys };
}

/** Asks for blocks of the file, as fast as they come, until nothing comes any more. `blocks()` says how many came. */
async function drain(peer, from, length) {
  let got = 0;
  peer.wire.setTimeout(0);
  for (let at = from; at + block <= length; at += block)
    peer.wire.request(Math.floor(at / 65536), at % 65536, block, error => error || got++);
  return () => got * block;
}

async function ready(peer) {
  peer.wire.interested();
  await until(() => !peer.wire.peerChoking);
  return peer;
}

test('who does not sign gets the credit and no more, is asked, choked, and goes on once it signs', async () => {
  const { client, torrent, tracker, keys } = await seed(6 * MiB);
  const bob = newKey();
  const peer = await ready(await connectTo(client.torrentPort, torrent.infoHash,
    { pbts_pk: bob.publicKey, pbts_instance: Buffer.from(tracker.instance, 'hex') }, ids));
  assert.deepEqual(peer.order, ['bitfield', 'extended']);
  const theirs = peer.got[0][1];
  assert.ok(keys.publicKey.equals(theirs.pbts_pk));
  assert.equal(Buffer.from(theirs.pbts_instance).toString('hex'), tracker.instance);
  assert.equal(new Set(names.map(name => theirs.m[name])).size, 3);
  const began = Date.now();
  const got = await drain(peer, 0, 3 * MiB);
  await until(() => got() === 2 * MiB && peer.of(names[2]).length === 1);
  await sleep(500);
  assert.equal(got(), 2 * MiB);
  assert.equal(Buffer.from(peer.of(names[2])[0]).toString(), 'de');

  // None of these is a reason to serve on, or to fall over.
  const other = newKey();
  const voucher = fields => sign(tracker.instance, { infohash: Buffer.from(torrent.infoHash, 'hex'),
    sender_pk: keys.publicKey, receiver_pk: bob.publicKey, session: Buffer.alloc(16, 5), bytes: 2 * MiB, opened: seconds(),
    signed_at: seconds(), ...fields }, bob.secret);
  const bad = [randomBytes(300), Buffer.alloc(0), Buffer.from('de'), Buffer.alloc(60000, 'l'),
    encodeVoucher(voucher({ signed_at: seconds() + 1000 })), encodeVoucher(voucher({ receiver_pk: other.publicKey })),
    encodeVoucher({ ...voucher(), signature: Buffer.from(other.secret.sign(Buffer.from('x')).toBytes()) }),
    encodeVoucher({ ...voucher(), signature: Buffer.alloc(96, 0xff) })];
  for (const payload of bad) for (const name of names) peer.wire.extended(theirs.m[name], payload);
  for (const handshake of ['', 'de', 'd1:mi1ee', 'd1:m3:abce', 'd1:md12:pbts_voucheri-1eee', 'd1:md12:pbts_voucheri11eee',
    'l'.repeat(5000)]) peer.wire.extended(0, Buffer.from(handshake));
  peer.wire.cancel(0, 0, 1 << 20);
  for (const request of [[0, 0, 0], [2 ** 32 - 1, 0, block], [0, 2 ** 31, block], [0, 0, 2 ** 32 - block]])
    peer.wire._message(6, request, null);
  await sleep(1500);
  assert.equal(peer.of(names[1]).length, 0);
  assert.equal(got(), 2 * MiB);

  await until(() => peer.wire.peerChoking);
  const waited = Date.now() - began;
  assert.ok(waited > 14_500 && waited < 18_000, `choked after ${waited} ms`);
  assert.ok(got() - 2 * MiB <= 2 * block, 'a little is forgiven');

  const good = voucher();
  peer.wire.extended(theirs.m[names[0]], encodeVoucher(good));
  await until(() => peer.of(names[1]).length === 1 && !peer.wire.peerChoking);
  assert.deepEqual(decodeAck(peer.of(names[1])[0]), { bytes: 2 * MiB, session: good.session });
  const more = await drain(peer, 2 * MiB, 6 * MiB);
  await until(() => more() === 4 * MiB);
  peer.wire.extended(theirs.m[names[0]], encodeVoucher(voucher({ bytes: 5, opened: good.opened })));
  await until(() => peer.of(names[1]).length === 2);
  assert.equal(decodeAck(peer.of(names[1])[1]).bytes, 2 * MiB, 'a lower one gets the word of what is held');
});

test('peers without PBTS are served, and so are those of another tracker', async () => {
  const { client, torrent, keys, tracker } = await seed(3 * MiB);
  const instance = Buffer.from(tracker.instance, 'hex');
  for (const [handshake, mine] of [[{}, {}], [{ pbts_pk: newKey().publicKey, pbts_instance: randomBytes(32) }, ids],
    [{ pbts_pk: newKey().publicKey }, ids], [{ pbts_pk: keys.publicKey, pbts_instance: instance }, ids],
    [{ pbts_pk: newKey().publicKey, pbts_instance: instance }, { 11: names[0] }],
    [{ pbts_pk: randomBytes(47), pbts_instance: instance }, ids]]) {
    const peer = await ready(await connectTo(client.torrentPort, torrent.infoHash, handshake, mine));
    const got = await drain(peer, 0, 3 * MiB);
    await until(() => got() === 3 * MiB);
    assert.equal(peer.got.length, 1);
    peer.socket.destroy();
  }
});

test("the page's handshake is understood, and its ids are used", async () => {
  const page = readFileSync(new URL('../../../docs/bep10.md', import.meta.url), 'utf8');
  const handshake = Buffer.from(page.match(/```hex handshake-voucher\n([^`]*)```/)[1].replace(/\s/g, ''), 'hex');
  const instance = page.match(/\| instance \| `([0-9a-f]+)`/)[1];
  const { client, torrent } = await seed(3 * MiB, instance);
  const peer = await ready(await connectTo(client.torrentPort, torrent.infoHash, {}, { 5: 'five', 6: 'six', 7: 'seven' }));
  peer.wire._push(handshake);
  const got = await drain(peer, 0, 3 * MiB);
  await until(() => peer.of('seven').length === 1 && got() === 2 * MiB);
});

test('a receiver signs for what it verified, answers once when asked in a flood, and signs the rest when it ends', async () => {
  const tracker = await startTracker();
  const { torrent: file, data } = await makeTorrent(4 * 65536, tracker);
  const [client, bob, alice] = [startClient(), newKey(), newKey()];
  const torrent = client.add(file, { path: newFolder() });
  const vouchers = pbts(torrent, { secretKey: bob.secretKey, instance: tracker.instance, userId: 'u', tracker: tracker.url,
    stateFolder: newFolder() });
  await until(() => torrent.ready && client.listening);
  const peer = await connectTo(client.torrentPort, torrent.infoHash,
    { pbts_pk: alice.publicKey, pbts_instance: Buffer.from(tracker.instance, 'hex') }, ids);
  const theirs = peer.got[0][1].m;
  const requests = [];
  peer.wire.on('request', (index, offset, length, respond) => requests.push({ index, offset, length, respond }));
  peer.wire.bitfield(Buffer.from([0xf0]));
  peer.wire.unchoke();
  const answer = async (n, spoil = 0) => {
    for (let i = 0; i < n; i++) {
      await until(() => requests.length > 0);
      const { index, offset, length, respond } = requests.shift();
      const bytes = Buffer.from(data.subarray(index * 65536 + offset, index * 65536 + offset + length));
      bytes[0] ^= spoil;
      respond(null, bytes);
    }
  };
  const newest = () => decodeVoucher(Buffer.from(peer.of(names[0]).at(-1) ?? ''))?.bytes;
  for (let i = 0; i < 50; i++) peer.wire.piece(3, 0, data.subarray(0, block)); // nobody asked for these
  peer.wire.extended(theirs[names[2]], encodeRequest());
  await answer(1, 1);
  await answer(3); // the piece fails
  await until(() => !torrent.bitfield.get(3) && requests.length > 0);
  assert.equal(peer.of(names[0]).length, 0, 'nothing is verified');
  await answer(8);
  await until(() => newest() > 0);
  await until(() => torrent.bitfield.buffer[0] !== 0 && newest() === 2 * 65536);
  const before = peer.of(names[0]).length;
  for (let i = 0; i < 200; i++) peer.wire.extended(theirs[names[2]], encodeRequest());
  await sleep(300);
  assert.ok(peer.of(names[0]).length <= before + 1);
  await answer(8);
  await until(() => torrent.done && newest() === 4 * 65536);
  const last = decodeVoucher(Buffer.from(peer.of(names[0]).at(-1)));
  assert.ok(verify(tracker.instance, last));
  assert.ok(!vouchers.delivered);
  peer.wire.extended(theirs[names[1]], encodeAck({ ...last, session: Buffer.alloc(16) }));
  peer.wire.extended(theirs[names[1]], encodeAck(last));
  await until(() => vouchers.delivered);
});
