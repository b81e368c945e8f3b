// For tests: a small tracker that answers announces and credits vouchers, torrents, keys, and a bare peer on a socket.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import createTorrent from 'create-torrent';
import Wire from 'bittorrent-protocol';
import WebTorrent from 'webtorrent';
import { fromJson, keyPair, verify } from '../vouchers.js';

export const folder = mkdtempSync(join(tmpdir(), 'pbts-swarm-'));
const ends = [() => rmSync(folder, { recursive: true, force: true })];
export const end = async () => {
  for (const step of ends.reverse()) await step();
};

export async function until(condition, ms = 20_000) {
  for (const last = Date.now() + ms; !condition(); await sleep(20))
    if (Date.now() > last) throw new Error(`not in time: ${condition}`);
}

export async function startTracker(instance = randomBytes(32).toString('hex')) {
  const peers = new Map(); // peer id -> port
  const tracker = { instance, credited: new Map(), reports: [], answer: null,
    get total() { return [...this.credited.values()].reduce((sum, n) => sum + n, 0); } };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://x');
    const json = (status, body, headers) => response.writeHead(status, headers).end(JSON.stringify(body));
    if (url.pathname === '/health') return json(200, { instance_id: instance });
    if (url.pathname === '/announce') {
      const query = /peer_id=([^&]*)/.exec(url.search)[1];
      const others = [...peers].filter(([id]) => id !== query)
        .map(([, port]) => Buffer.from([127, 0, 0, 1, port >> 8, port & 255]));
      if (url.searchParams.get('event') === 'stopped') peers.delete(query);
      else peers.set(query, Number(url.searchParams.get('port')));
      const list = Buffer.concat(others);
      return response.end(Buffer.concat([Buffer.from(`d8:intervali60e5:peers${list.length}:`), list, Buffer.from('e')]));
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const report = JSON.parse(Buffer.concat(chunks));
    tracker.reports.push(report);
    if (tracker.answer) return json(...tracker.answer);
    json(200, { voucher_results: report.vouchers.map((v, index) => {
      if (!verify(instance, fromJson(v))) return { index, status: 'bad_signature' };
      const before = tracker.credited.get(v.session) ?? 0;
      const total = Math.max(before, v.bytes);
      tracker.credited.set(v.session, total);
      return { index, status: total > before ? 'accepted' : 'duplicate', credited: total - before, total };
    }) });
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => (server.closeAllConnections(), server.close()));
  return Object.assign(tracker, { url: `http://127.0.0.1:${server.address().port}` });
}

let names = 0;
export const newFolder = () => {
  const path = join(folder, `f${names++}`);
  mkdirSync(path);
  return path;
};

/** A torrent of random bytes, whole in a folder of its own. */
export async function makeTorrent(length, tracker, pieceLength = 65536) {
  const [data, name, path] = [randomBytes(length), 'file.bin', newFolder()];
  writeFileSync(join(path, name), data);
  data.name = name;
  const torrent = Buffer.from(await promisify(createTorrent)(data, { name, pieceLength,
    announceList: [[`${tracker.url}/announce`]] }));
  writeFileSync(join(path, 'file.torrent'), torrent);
  return { torrent, length, path, data, file: join(path, 'file.torrent') };
}

export const newKey = () => {
  for (;;) {
    const secretKey = randomBytes(32);
    secretKey[0] &= 0x3f; // below the order of the group
    return { secretKey, ...keyPair(secretKey) };
  }
};

export function startClient(options) {
  const client = new WebTorrent({ torrentPort: { port: 0, host: '127.0.0.1' }, dht: false, lsd: false, utPex: false, utp: false,
    natUpnp: false, natPmp: false, webSeeds: false, secure: 0, ...options });
  ends.push(() => client.destroyed || new Promise(resolve => client.destroy(resolve)));
  return client;
}

/** A bare peer: `wire` speaks the protocol, and the test does the rest. `got` has the extended messages. */
export async function connectTo(port, infoHash, handshake, ids) {
  const [socket, wire] = [connect(port, '127.0.0.1'), new Wire()];
  socket.on('error', () => {});
  socket.pipe(wire).pipe(socket);
  ends.push(() => socket.destroy());
  const got = [];
  wire.extendedHandshake = handshake;
  for (const [id, name] of Object.entries(ids)) wire.extendedMapping[id] = name;
  const order = [];
  for (const name of ['bitfield', 'extended']) wire.on(name, () => order.push(name));
  wire.on('extended', (name, payload) => got.push([name, payload]));
  wire.handshake(infoHash, randomBytes(20));
  await until(() => got.length > 0);
  wire.on('error', () => {});
  return { wire, got, socket, order, of: name => got.filter(([n]) => n === name).map(([, payload]) => payload) };
}
