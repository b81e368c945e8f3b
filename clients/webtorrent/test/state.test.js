// What both sides keep on disk, what the sender refuses, and how far its credit goes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Earned } from '../earned.js';
import { Folder } from '../folder.js';
import { Sessions } from '../sessions.js';
import { keyPair, sign, verify } from '../vouchers.js';

const MiB = 1 << 20;
const root = mkdtempSync(join(tmpdir(), 'pbts-state-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newPath = () => join(root, `${folders++}`);
const instance = Buffer.alloc(32, 9);
const infohash = Buffer.alloc(20, 7);
const alice = keyPair(Buffer.alloc(32, 1));
const bob = keyPair(Buffer.alloc(32, 2));
const [aliceKey, bobKey] = [alice, bob].map(keys => keys.publicKey.toString('hex'));
const now = 1_700_000_000;

const sessionsIn = path => new Sessions(new Folder(path), instance, infohash, bob);
const earnedIn = path => new Earned(new Folder(path), infohash, alice.publicKey, () => 16384);
const voucher = fields => sign(instance, { infohash, sender_pk: alice.publicKey, receiver_pk: bob.publicKey,
  session: Buffer.alloc(16, 3), bytes: 1000, opened: now, signed_at: now, ...fields }, bob.secret);

test('a receiver goes on with its session after a restart', async () => {
  const path = newPath();
  let sessions = sessionsIn(path);
  assert.ok(sessions.delivered);
  await Promise.all([sessions.add(aliceKey, 1000, now), sessions.add(aliceKey, 500, now)]);
  const first = await sessions.sign(aliceKey, now + 1);
  assert.ok(verify(instance, first));
  assert.equal(first.bytes, 1500);
  sessions = sessionsIn(path);
  assert.equal(sessions.unsigned(aliceKey), 0);
  assert.deepEqual(await sessions.again(aliceKey, now + 2), first);
  assert.equal((await sessions.again(aliceKey, now + 400)).signed_at, now + 400);
  assert.ok(!sessions.delivered);
  sessions.acknowledge(aliceKey, { session: Buffer.alloc(16), bytes: 1500 });
  assert.ok(!sessions.delivered);
  sessions.acknowledge(aliceKey, { session: first.session, bytes: 99999 });
  assert.ok(sessions.delivered);
  await sessions.add(aliceKey, 1, now + 500);
  sessions = sessionsIn(path);
  assert.ok(!sessions.delivered);
  const next = await sessions.sign(aliceKey, now - 1000); // the clock was set back
  assert.deepEqual([next.bytes, next.session, next.opened, next.signed_at], [1501, first.session, now, now]);
});

test('when a voucher is due', async () => {
  const sessions = sessionsIn(newPath());
  await sessions.add(aliceKey, MiB - 1, now);
  assert.ok(!sessions.due(aliceKey, now + 4, 16384));
  assert.ok(sessions.due(aliceKey, now + 5, 16384));
  await sessions.add(aliceKey, 1, now);
  assert.ok(sessions.due(aliceKey, now, 16384));
  assert.ok(!sessions.due(aliceKey, now, 4 * MiB));
  await sessions.add(aliceKey, 31 * MiB, now);
  await sessions.sign(aliceKey, now);
  await sessions.add(aliceKey, 8 * MiB - 1, now);
  assert.ok(!sessions.due(aliceKey, now, 16384));
  await sessions.add(aliceKey, 1, now);
  assert.ok(sessions.due(aliceKey, now, 16384));
  await sessions.add(aliceKey, 1000 * MiB, now);
  await sessions.sign(aliceKey, now);
  assert.ok(!sessions.due(aliceKey, now + 9, 16384));
  await sessions.add(aliceKey, 16 * MiB, now + 9);
  assert.ok(sessions.due(aliceKey, now + 9, 16384));
});

test('what a sender refuses', async () => {
  const earned = earnedIn(newPath());
  const judge = (fields, peer = bobKey, time = now) => earned.judge(voucher(fields), peer, time);
  assert.equal(judge({}), 'take');
  assert.equal(judge({ infohash: Buffer.alloc(20) }), 'drop');
  assert.equal(judge({ sender_pk: bob.publicKey }), 'drop');
  assert.equal(judge({}, aliceKey), 'drop');
  assert.equal(earned.judge(voucher({ receiver_pk: alice.publicKey }), aliceKey, now), 'drop');
  assert.equal(judge({}, bobKey, now + 601), 'drop');
  assert.equal(judge({}, bobKey, now - 601), 'drop');
  assert.equal(judge({}, bobKey, now + 600), 'take');
  await earned.take(voucher({}));
  assert.equal(judge({}), 'held');
  assert.equal(judge({ bytes: 999 }), 'held');
  assert.equal(judge({ bytes: 1001, opened: now - 1 }), 'drop');
  assert.equal(judge({ bytes: 1001 }), 'take');
  const other = Buffer.alloc(16, 4);
  assert.equal(judge({ session: other }), 'drop');
  assert.equal(judge({ session: other, opened: now - 1 }), 'drop');
  assert.equal(judge({ session: other, opened: now + 1, signed_at: now + 1, bytes: 1 }), 'take');
  await earned.take(voucher({ session: other, opened: now + 1, signed_at: now + 1, bytes: 1 }));
  assert.equal(judge({ bytes: 5000 }), 'drop');
  assert.equal(judge({ bytes: 5000, opened: now + 2, signed_at: now + 2 }), 'drop');
});

test('a sender keeps vouchers until they are settled, and the latest session beyond that', async () => {
  const path = newPath();
  let earned = earnedIn(path);
  await earned.take(voucher({}));
  await earned.take(voucher({ bytes: 3000 }));
  const later = { session: Buffer.alloc(16, 4), opened: now + 5, signed_at: now + 5, bytes: 70 };
  await earned.take(voucher(later));
  earned = earnedIn(path);
  let records = earned.unsettled(now);
  assert.deepEqual(records.map(r => r.voucher.bytes).sort(), [3000, 70].sort());
  assert.equal((await earned.held(bobKey)).bytes, 70);
  for (const record of records) earned.settle(record, { bytes: record.voucher.bytes, credited: record.voucher.bytes });
  assert.equal(earned.credited, 3070);
  await sleep(100);
  assert.equal(readdirSync(path).length, 1);
  earned = earnedIn(path);
  assert.deepEqual(earned.unsettled(now), []);
  assert.equal(earned.judge(voucher({ bytes: 9000 }), bobKey, now), 'drop');
  assert.equal(earned.judge(voucher(later), bobKey, now), 'held');
  await earned.take(voucher({ ...later, bytes: 71 }));
  records = earnedIn(path).unsettled(now);
  assert.deepEqual(records.map(r => [r.voucher.bytes, r.settled]), [[71, 70]]);
});

test('credit grows with what is signed, up to a bound', async () => {
  const earned = earnedIn(newPath());
  assert.equal(earned.credit(bobKey), 2 * MiB);
  earned.served(bobKey, 2 * MiB);
  assert.equal(earned.credit(bobKey), 0);
  earned.forgive(16384);
  assert.equal(earned.credit(bobKey), 16384);
  await earned.take(voucher({ bytes: MiB }));
  assert.equal(earned.credit(bobKey), 2 * MiB + 16384);
  await earned.take(voucher({ bytes: 200 * MiB }));
  assert.equal(earned.credit(bobKey), 66 * MiB);
  earned.served(bobKey, 66 * MiB);
  assert.equal(earned.credit(bobKey), 0);
  for (let i = 0; i < 5000; i++) earned.served(`stranger ${i}`, 1);
  assert.equal(new Earned(new Folder(newPath()), infohash, alice.publicKey, () => 8 * MiB).credit(bobKey), 16 * MiB);
});

test('a damaged file is an error, a write cut short is not', () => {
  const path = newPath();
  sessionsIn(path);
  writeFileSync(join(path, 'x.json.tmp'), '{"sen');
  assert.ok(sessionsIn(path).delivered);
  assert.deepEqual(readdirSync(path), []);
  writeFileSync(join(path, 'x.json'), '{"sen');
  assert.throws(() => sessionsIn(path), /x\.json cannot be read/);
});

test('a kill at any moment loses no voucher that was sent', async () => {
  const path = newPath();
  const code = `
    import { Sessions } from ${JSON.stringify(new URL('../sessions.js', import.meta.url).href)};
    import { Folder } from ${JSON.stringify(new URL('../folder.js', import.meta.url).href)};
    import { keyPair } from ${JSON.stringify(new URL('../vouchers.js', import.meta.url).href)};
    import { writeSync } from 'node:fs';
    const s = new Sessions(new Folder(${JSON.stringify(path)}), Buffer.alloc(32, 9), Buffer.alloc(20, 7),
      keyPair(Buffer.alloc(32, 2)));
    for (;;) {
      s.add('${aliceKey}', 10, ${now});
      writeSync(1, (await s.sign('${aliceKey}', ${now})).bytes + '\\n');
    }`;
  let before = 0;
  for (const ms of [150, 300, 10]) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', data => (out += data));
    await new Promise(resolve => child.stdout.once('data', resolve));
    await sleep(ms);
    child.kill('SIGKILL');
    await new Promise(resolve => child.once('close', resolve));
    const sent = Number(out.slice(0, out.lastIndexOf('\n')).split('\n').at(-1));
    const { voucher: kept } = sessionsIn(path).get(aliceKey);
    assert.ok(sent > before && kept.bytes >= sent, `${before} ${sent} ${kept.bytes}`);
    before = kept.bytes;
  }
});
