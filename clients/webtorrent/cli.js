#!/usr/bin/env node
// Seeds or gets one torrent with vouchers. Prints one JSON object a line, for scripts.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import WebTorrent from 'webtorrent';
import { instanceOf, keyPair, pbts } from './index.js';

const usage = `pbts-webtorrent seed|get FILE.torrent --folder DIR --key KEYFILE --user NAME --tracker URL
  [--host ADDRESS] [--port P] [--state DIR] [--peer HOST:PORT]... [--exit-when-credited N]
PBTS_PASSKEY in the environment is your passkey, PBTS_ANNOUNCE an announce URL in place of those in the file.`;
const text = { type: 'string' };
const say = (event, more) => console.log(JSON.stringify({ event, ...more }));
const fail = message => {
  say('error', { message });
  process.exit(1);
};

let client;
try {
  await run();
} catch (error) {
  fail(error.message);
}

async function run() {
  const { values, positionals: [command, file] } = parseArgs({ allowPositionals: true, options: { folder: text, key: text,
    user: text, tracker: text, host: text, port: text, state: text,
    peer: { type: 'string', multiple: true, default: [] }, 'exit-when-credited': text } });
  const isGet = command === 'get';
  if ((!isGet && command !== 'seed') || !file || ['folder', 'key', 'user', 'tracker'].some(name => !values[name])) fail(usage);

  const key = JSON.parse(readFileSync(values.key, 'utf8'));
  const secretKey = Buffer.from(key.private_key, 'base64');
  if (keyPair(secretKey).publicKey.toString('base64') !== key.public_key) fail('the keys of the file do not fit each other');
  const instance = await instanceOf(values.tracker);

  // Only what the tracker is told of counts, so peers come from it alone. Other PBTS peers need not know encryption.
  // The port goes to `listen` as it is, which takes an address too.
  client = new WebTorrent({ torrentPort: { port: Number(values.port ?? 0), host: values.host }, dht: false, lsd: false,
    utPex: false, utp: false, natUpnp: false, natPmp: false, webSeeds: false, secure: 0 });
  client.on('error', error => fail(error.message));
  const torrent = client.add(readFileSync(file), { path: values.folder });
  const vouchers = pbts(torrent, { secretKey, instance, userId: values.user, tracker: values.tracker,
    stateFolder: values.state ?? `${values.key}.state`, passkey: process.env.PBTS_PASSKEY ?? key.passkey });

  let ending = false;
  async function end(code) {
    if (ending) return;
    ending = true;
    await vouchers.close();
    // The tracker is told of the end, but nobody waits for a tracker that is gone.
    setTimeout(() => process.exit(code), 3000).unref();
    client.destroy(() => process.exit(code));
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => end(0));

  torrent.on('infoHash', () => {
    if (process.env.PBTS_ANNOUNCE) torrent.announce = [process.env.PBTS_ANNOUNCE];
    for (const peer of values.peer) torrent.addPeer(peer);
  });
  torrent.on('warning', error => say('warning', { message: error.message }));
  vouchers.on('warning', error => say('warning', { message: error.message }));
  function credited(bytes) {
    say('credited', { bytes });
    if (bytes >= Number(values['exit-when-credited'] ?? Infinity)) end(0);
  }
  torrent.on('ready', () => {
    say('listening', { port: client.torrentPort });
    if (vouchers.earned.credited > 0) credited(vouchers.earned.credited); // before a restart
  });
  torrent.on('done', () => {
    say('done');
    if (isGet) setTimeout(() => end(1), 30_000);
  });
  vouchers.on('delivered', () => {
    say('delivered');
    if (isGet) end(0);
  });
  vouchers.on('credited', credited);
}
