// Vouchers on the wires of one torrent: agreeing, signing for what comes, serving no further than the credit.
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Earned } from './earned.js';
import { Folder } from './folder.js';
import { Reporter } from './report.js';
import { Sessions } from './sessions.js';
import { bytesOf, decodeAck, decodeVoucher, encodeAck, encodeRequest, encodeVoucher, isRequest, keyPair, names,
  verify } from './vouchers.js';

const [voucherName, ackName, requestName] = names;
const mostHeld = 8192; // requests of a connection that wait for credit
const longestBlock = 128 << 10;
const seconds = () => Math.floor(Date.now() / 1000);

/** An extension as bittorrent-protocol wants it: a class for each name, because `wire.use` gives one id a name. */
function extension(name, onMessage) {
  class Extension {
    onMessage = onMessage;
  }
  Extension.prototype.name = name;
  return Extension;
}

class Connection {
  peer = null; // the other side's key (hex) once vouchers are agreed on
  waitingSince = null; // when a request first found no credit
  withheld = false; // choked because nobody signed
  voucher = null; // the newest that waits for its check
  checking = false;
  committed = 0; // bytes of requests that are being answered
  held = [];
  #ids = {};

  constructor(wire, owner) {
    [this.wire, this.owner] = [wire, owner];
    const handlers = [payload => owner.onVoucher(this, payload), payload => owner.onAck(this, payload),
      payload => owner.onRequest(this, payload)];
    names.forEach((name, i) => wire.use(extension(name, payload => this.peer && handlers[i](payload))));
    Object.assign(wire.extendedHandshake, { pbts_pk: owner.keys.publicKey, pbts_instance: owner.instance });
    // The bitfield must come first, and WebTorrent has put off sending it just before it wants to send this.
    const sendHandshake = wire._sendExtendedHandshake.bind(wire);
    wire._sendExtendedHandshake = () => {
      wire._extendedHandshakeSent = true;
      queueMicrotask(sendHandshake);
    };
    wire.on('extended', (what, handshake) => what === 'handshake' && this.#agree(handshake));
    // On an incoming connection the other side's handshake may have been read already.
    this.#agree(wire.peerExtendedHandshake);
    wire.on('upload', bytes => {
      this.committed = Math.max(0, this.committed - bytes);
      if (this.peer) owner.earned.served(this.peer, bytes);
    });
    this.#countBlocks();
    this.#holdRequests();
    for (const end of ['close', 'end', 'finish']) wire.once(end, () => owner.onClosed(this));
  }

  send(name, payload) {
    if (this.#ids[name] && !this.wire.destroyed) this.wire.extended(this.#ids[name], payload);
  }

  // The first complete handshake decides for the whole connection; a later one can only change the ids.
  #agree(handshake) {
    const { m, pbts_pk: key, pbts_instance: instance } = handshake ?? {};
    if (typeof m !== 'object' || m === null) return;
    for (const name of names)
      if (Object.hasOwn(m, name)) this.#ids[name] = Number.isInteger(m[name]) && m[name] >= 1 && m[name] <= 255 ? m[name] : 0;
    const isKey = ArrayBuffer.isView(key) && key.length === 48 && !this.owner.keys.publicKey.equals(key);
    const isOurs = ArrayBuffer.isView(instance) && this.owner.instance.equals(instance);
    if (this.peer || !this.#ids[voucherName] || !this.#ids[ackName] || !isKey || !isOurs) return;
    this.peer = Buffer.from(key).toString('hex');
    this.owner.earned.served(this.peer, this.wire.uploaded);
    this.owner.onAgreed(this);
  }

  // A block counts for the wire whose answer filled a gap of its piece. WebTorrent throws every other block away.
  #countBlocks() {
    const { wire, owner } = this;
    const request = wire.request.bind(wire);
    wire.request = (index, offset, length, callback) => {
      const piece = owner.torrent.pieces[index];
      request(index, offset, length, (error, block) => {
        const missing = piece?.missing;
        callback(error, block);
        if (!error && piece && piece.missing < missing) owner.onBlock(this, index, piece, missing - piece.missing);
      });
    };
  }

  // WebTorrent answers requests as they come. At the end of the credit they have to wait, so they are taken before it.
  #holdRequests() {
    const { wire, owner } = this;
    const [onRequest, onCancel, choke, unchoke] =
      ['_onRequest', '_onCancel', 'choke', 'unchoke'].map(name => wire[name].bind(wire));
    this.answer = ([index, offset, length]) => {
      this.committed += length;
      onRequest(index, offset, length);
    };
    wire._onRequest = (...request) => {
      const [index, offset, length] = request;
      if (!this.peer || wire.amChoking || length > longestBlock) return onRequest(...request);
      const isBad = length <= 0 || offset < 0 || !owner.torrent.bitfield?.get(index);
      if (isBad || this.held.length + wire.peerRequests.length >= mostHeld) return this.#refuse(request);
      if (this.held.length === 0 && owner.hasCredit(this, length)) return this.answer(request);
      this.held.push(request);
      owner.onWaiting(this);
    };
    wire._onCancel = (...request) => {
      const i = this.held.findIndex(held => held.every((n, j) => n === request[j]));
      if (i >= 0) this.held.splice(i, 1);
      onCancel(...request);
    };
    wire.choke = () => {
      choke();
      this.waitingSince = null;
      for (const request of this.held.splice(0)) this.#refuse(request);
    };
    wire.unchoke = () => this.withheld || unchoke();
  }

  #refuse(request) {
    if (this.wire.hasFast) this.wire.reject(...request);
  }
}

/** The vouchers of one torrent. Emits 'delivered', 'credited' (bytes) and 'warning' (an Error). */
class Vouchers extends EventEmitter {
  #peers = new Map(); // key -> { connections, asked, repeat, met, busy, again, sentAt }
  #blocks = new Map(); // piece index -> { piece, from: connection -> bytes }
  #timers = [];
  #closing = null;
  #wasDelivered = false;

  constructor(torrent, options) {
    super();
    this.on('warning', () => {}); // warnings need no listener
    [this.torrent, this.options] = [torrent, options];
    this.keys = keyPair(options.secretKey);
    this.instance = bytesOf(options.instance, 32);
    if (torrent.infoHash) this.#begin();
    else torrent.once('infoHash', () => this.#begin());
    if (torrent.store) this.#countBeforeStoring();
    else torrent.once('metadata', () => this.#countBeforeStoring());
    torrent.on('wire', wire => wire.type !== 'webSeed' && new Connection(wire, this));
    torrent.on('done', () => setImmediate(() => this.#pumpAll())); // after all who listen for 'done'
    torrent.once('close', () => this.close(0));
  }

  get delivered() {
    return this.torrent.done && this.sessions.delivered;
  }

  /** Signs and asks a last time, waits a moment for the answers, and reports. Call it before the torrent is destroyed. */
  close(wait = 2000) {
    return (this.#closing ??= this.#close(wait));
  }

  #begin() {
    const { torrent, options, keys } = this;
    this.infohash = bytesOf(torrent.infoHash, 20);
    // A state belongs to the tracker and to the key that signs.
    const owner = `${this.instance.toString('hex').slice(0, 16)}-${keys.publicKey.toString('hex').slice(0, 16)}`;
    const folder = side => new Folder(join(options.stateFolder, owner, torrent.infoHash, side));
    this.sessions = new Sessions(folder('received'), this.instance, this.infohash, keys);
    this.earned = new Earned(folder('earned'), this.infohash, keys.publicKey, () => torrent.pieceLength || 0);
    this.reporter = new Reporter(options, this.earned, this);
    this.#timers = [setInterval(() => this.#tick(), 1000), setInterval(() => this.earned.forgive(16 << 10), 10_000)];
    for (const timer of this.#timers) timer.unref();
  }

  // WebTorrent stores a piece once it is verified. It must have been counted before: what is on our disk and not counted
  // is never signed for. A piece that failed has become another object, so its blocks count for nobody.
  #countBeforeStoring() {
    const { store } = this.torrent;
    const put = store.put.bind(store);
    store.put = (index, bytes, callback = () => {}) => {
      const blocks = this.#blocks.get(index);
      this.#blocks.delete(index);
      const peers = new Map();
      for (const [{ peer }, n] of blocks?.from ?? []) if (peer) peers.set(peer, (peers.get(peer) ?? 0) + n);
      Promise.all([...peers].map(([peer, n]) => this.sessions.add(peer, n, seconds())))
        .then(() => put(index, bytes, callback), callback);
      for (const peer of peers.keys()) this.#pump(peer);
    };
  }

  onBlock(connection, index, piece, bytes) {
    let blocks = this.#blocks.get(index);
    if (blocks?.piece !== piece) this.#blocks.set(index, (blocks = { piece, from: new Map() }));
    blocks.from.set(connection, (blocks.from.get(connection) ?? 0) + bytes);
  }

  onAgreed(connection) {
    const peer = this.#peers.get(connection.peer) ?? { connections: new Set(), sentAt: 0 };
    this.#peers.set(connection.peer, peer);
    peer.connections.add(connection);
    peer.met = true;
    setImmediate(() => this.#pump(connection.peer)); // not before our own handshake is out
  }

  onClosed(connection) {
    const peer = this.#peers.get(connection.peer);
    connection.held = [];
    peer?.connections.delete(connection);
    if (peer?.connections.size === 0) this.#peers.delete(connection.peer);
  }

  // As receiver

  onAck({ peer }, payload) {
    const ack = decodeAck(payload);
    if (ack) this.sessions.acknowledge(peer, ack);
    this.#tellDelivered();
  }

  onRequest(connection, payload) {
    const peer = this.#peers.get(connection.peer);
    if (!peer || !isRequest(payload)) return;
    peer.asked = peer.repeat = true;
    this.#pump(connection.peer);
  }

  #pumpAll() {
    for (const key of this.#peers.keys()) this.#pump(key);
    this.#tellDelivered();
  }

  // One signature at a time for each sender; what comes meanwhile is in the next.
  async #pump(key) {
    const peer = this.#peers.get(key);
    if (!peer || !this.sessions.get(key)) return;
    peer.again = true;
    if (peer.busy) return;
    peer.busy = true;
    try {
      while (peer.again) {
        peer.again = false;
        await this.#sign(key, peer);
      }
    } catch (error) {
      this.emit('warning', error);
    } finally {
      peer.busy = false;
    }
  }

  async #sign(key, peer) {
    const now = seconds();
    const { voucher, acked } = this.sessions.get(key);
    const { asked, repeat, met } = peer;
    peer.repeat = peer.met = false;
    const isWanted = asked || met || this.torrent.done || this.#closing;
    const isNew = this.sessions.due(key, now, this.torrent.pieceLength) || (isWanted && this.sessions.unsigned(key) > 0);
    // Nobody needs the same one more than once a second. Who asks and gets nothing new gets the next as soon as there is one.
    const isOld = voucher && ((met && acked < voucher.bytes) || (repeat && Date.now() - peer.sentAt >= 1000));
    if (!isNew && !isOld) return;
    if (isNew) peer.asked = false;
    peer.sentAt = Date.now();
    const next = await (isNew ? this.sessions.sign(key, now) : this.sessions.again(key, now));
    [...peer.connections].at(-1)?.send(voucherName, encodeVoucher(next));
  }

  #tellDelivered() {
    if (!this.#wasDelivered && this.delivered) this.emit('delivered');
    this.#wasDelivered = this.delivered;
  }

  // As sender

  async onVoucher(connection, payload) {
    const voucher = decodeVoucher(payload);
    if (voucher) connection.voucher = voucher;
    if (!voucher || connection.checking) return;
    connection.checking = true;
    try {
      while (connection.voucher) {
        await nextTurn(); // what has come already may replace it
        const newest = connection.voucher;
        connection.voucher = null;
        await this.#check(connection, newest);
      }
    } catch (error) {
      this.emit('warning', error);
    } finally {
      connection.checking = false;
    }
  }

  async #check(connection, voucher) {
    const verdict = this.earned.judge(voucher, connection.peer, seconds());
    if (verdict === 'drop') return;
    if (verdict === 'take') {
      // An honest peer never signs wrong; the pause keeps the others from paying for somebody who does.
      if (!verify(this.instance, voucher)) return sleep(1000, undefined, { ref: false });
      await this.earned.take(voucher);
    }
    connection.send(ackName, encodeAck(await this.earned.held(connection.peer)));
    this.#resume(connection.peer);
  }

  hasCredit(connection, length) {
    let committed = 0;
    for (const other of this.#peers.get(connection.peer)?.connections ?? []) {
      if (other.wire.peerRequests.length === 0) other.committed = 0; // cancelled requests were never answered
      committed += other.committed;
    }
    return this.earned.credit(connection.peer) >= committed + length;
  }

  onWaiting(connection) {
    if (connection.waitingSince !== null) return;
    connection.waitingSince = Date.now();
    connection.send(requestName, encodeRequest());
  }

  #resume(key) {
    for (const connection of this.#peers.get(key)?.connections ?? []) {
      while (connection.held.length > 0 && this.hasCredit(connection, connection.held[0][2]))
        connection.answer(connection.held.shift());
      if (connection.held.length > 0) continue;
      connection.waitingSince = null;
      if (!connection.withheld || !this.hasCredit(connection, 16 << 10)) continue;
      connection.withheld = false;
      if (connection.wire.peerInterested) connection.wire.unchoke();
    }
  }

  #tick() {
    this.#pumpAll();
    for (const [key, { connections }] of this.#peers) {
      this.#resume(key);
      for (const connection of connections) {
        if (connection.waitingSince === null || Date.now() - connection.waitingSince < 15_000) continue;
        connection.withheld = true;
        connection.wire.choke();
      }
    }
  }

  async #close(wait) {
    const end = Date.now() + wait;
    const isOpen = key => {
      const { acked = 0, verified = 0 } = this.sessions.get(key) ?? {};
      return acked < verified || this.earned.unpaid(key) > 0;
    };
    await null; // from here on #closing is set, and everything unsigned is signed for
    this.#pumpAll();
    for (const [key, { connections }] of this.#peers)
      if (this.earned.unpaid(key) > 0) for (const connection of connections) connection.send(requestName, encodeRequest());
    while (Date.now() < end && [...this.#peers.keys()].some(isOpen)) await sleep(50);
    for (const timer of this.#timers) clearInterval(timer);
    await this.reporter?.close();
    await Promise.all([this.sessions?.flush(), this.earned?.flush()]);
  }
}

/**
 * Exchanges vouchers with the peers of a torrent. Call it right after `client.add`, before there are wires. Options:
 * `secretKey` (32 bytes), `instance` (the tracker's `instance_id`), `userId`, `tracker` (URL), `stateFolder`, `passkey`.
 */
export const pbts = (torrent, options) => new Vouchers(torrent, options);
