// Whole clients against a small tracker: what is signed, acknowledged, reported, and kept over a restart.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pbts } from '../index.js';
import { end, makeTorrent, newFolder, newKey, startClient, startTracker, until } from './swarm.js';

after(end);
const MiB = 1 << 20;

function run(tracker, file, path, { key = newKey(), stateFolder = newFolder(), ...more } = {}) {
  const client = startClient(more);
  const torrent = client.add(file, { path });
  const vouchers = pbts(torrent, { secretKey: key.secretKey, instance: tracker.instance, userId: 'user',
    tracker: tracker.url, stateFolder });
  const warnings = [];
  vouchers.on('warning', error => warnings.push(error));
  return { client, torrent, vouchers, key, stateFolder, warnings, stop: async () => {
    await vouchers.close();
    await new Promise(resolve => client.destroy(resolve));
  } };
}

test('a download from two senders is signed for to the byte, and credited', async () => {
  const tracker = await startTracker();
  const { torrent, length, path, data } = await makeTorrent(7 * MiB + 12345, tracker);
  const seeds = [run(tracker, torrent, path), run(tracker, torrent, path)];
  await until(() => seeds.every(seed => seed.torrent.done));
  const into = newFolder();
  const get = run(tracker, torrent, into, { downloadLimit: 8 * MiB });
  await until(() => get.torrent.infoHash && get.client.listening);
  for (const seed of seeds) get.torrent.addPeer(`127.0.0.1:${seed.client.torrentPort}`);
  await until(() => get.vouchers.delivered);
  assert.ok(readFileSync(join(into, 'file.bin')).equals(data));
  await until(() => tracker.total === length);
  await until(() => seeds[0].vouchers.earned.credited + seeds[1].vouchers.earned.credited === length);
  for (const { vouchers } of seeds) {
    assert.ok(vouchers.earned.credited > 0);
    assert.equal(vouchers.earned.unpaid(get.key.publicKey.toString('hex')), 0, 'each is paid for its own blocks');
  }
  for (const one of [get, ...seeds]) {
    await one.stop();
    assert.deepEqual(one.warnings, []);
  }
  assert.equal(tracker.reports[0].user_id, 'user');
});

test('a restart of either side goes on with the session', async () => {
  const tracker = await startTracker();
  const { torrent, length, path } = await makeTorrent(6 * MiB, tracker);
  let seed = run(tracker, torrent, path);
  const into = newFolder();
  let get = run(tracker, torrent, into, { downloadLimit: 4 * MiB });
  await until(() => get.torrent.progress > 0.4);
  await get.stop();
  const before = tracker.total;
  await until(() => tracker.credited.size === 1);
  await seed.stop();
  seed = run(tracker, torrent, path, { key: seed.key, stateFolder: seed.stateFolder });
  get = run(tracker, torrent, into, { key: get.key, stateFolder: get.stateFolder });
  await until(() => get.torrent.infoHash && get.client.listening && seed.torrent.done);
  get.torrent.addPeer(`127.0.0.1:${seed.client.torrentPort}`);
  await until(() => get.vouchers.delivered);
  await seed.stop();
  await get.stop();
  assert.equal(tracker.credited.size, 1, 'one session');
  // Bytes are counted before they are stored, so what a stop cut off comes twice, and is signed for twice.
  assert.ok(tracker.total >= length && tracker.total < length + MiB && tracker.total > before, `${tracker.total}`);
});

test('a tracker that is busy is asked again, and what it refuses for good is settled', async () => {
  const tracker = await startTracker();
  const { torrent, length, path } = await makeTorrent(MiB, tracker);
  // Encrypted, as WebTorrent has it unless it is told otherwise.
  const seed = run(tracker, torrent, path, { secure: 1 });
  const get = run(tracker, torrent, newFolder(), { secure: 1 });
  tracker.answer = [503, { error: 'busy' }, { 'retry-after': '1' }];
  await until(() => get.vouchers.delivered);
  await until(() => tracker.reports.length > 0);
  assert.equal(tracker.total, 0);
  tracker.answer = null;
  await until(() => tracker.total === length);
  tracker.answer = [200, { voucher_results: [{ index: 0, status: 'receiver is unknown to this test' }] }];
  await seed.stop();
  await get.stop();
  assert.deepEqual(seed.vouchers.earned.unsettled(Infinity), []);
});

function spawnCli(...args) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../cli.js', import.meta.url)), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const events = [];
  let rest = '';
  child.stdout.on('data', data => {
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    events.push(...lines.map(line => JSON.parse(line)));
  });
  const exit = new Promise(resolve => child.once('close', resolve));
  return { child, events, exit, event: name => events.find(({ event }) => event === name) };
}

test('the command line, with a kill in between', async () => {
  const tracker = await startTracker();
  const { length, path, data, file } = await makeTorrent(48 * MiB, tracker, 262144);
  const options = (into, user) => {
    const key = newKey();
    const keyFile = join(newFolder(), 'key.json');
    writeFileSync(keyFile, JSON.stringify({ private_key: key.secretKey.toString('base64'),
      public_key: key.publicKey.toString('base64') }));
    return [file, '--folder', into, '--key', keyFile, '--user', user, '--tracker', tracker.url, '--host', '127.0.0.1'];
  };
  const alice = options(path, 'alice');
  const seed = spawnCli('seed', ...alice);
  await until(() => seed.event('listening')?.port > 0);
  const into = newFolder();
  const state = newFolder();
  const get = ['get', ...options(into, 'bob'), '--state', state, '--peer', `127.0.0.1:${seed.event('listening').port}`];
  const killed = spawnCli(...get);
  const isCounted = () => readdirSync(state, { recursive: true }).some(name => name.endsWith('.json'));
  await until(isCounted);
  killed.child.kill('SIGKILL');
  await killed.exit;
  const again = spawnCli(...get);
  assert.equal(await again.exit, 0);
  assert.deepEqual(again.events.map(({ event }) => event), ['listening', 'done', 'delivered']);
  assert.ok(readFileSync(join(into, 'file.bin')).equals(data));
  seed.child.kill('SIGTERM');
  assert.equal(await seed.exit, 0);
  assert.ok(tracker.total >= length, `${tracker.total}`);
  assert.equal(seed.events.at(-1).event, 'credited');
  assert.equal(seed.events.at(-1).bytes, tracker.total);
  assert.equal(tracker.credited.size, 1);
  assert.equal(await spawnCli(...get).exit, 0, 'there is nothing left to do');
  assert.equal(await spawnCli('seed', ...alice, '--exit-when-credited', `${tracker.total}`).exit, 0);
  const wrong = spawnCli('seed', file);
  assert.equal(await wrong.exit, 1);
  assert.equal(wrong.events[0].event, 'error');
});
