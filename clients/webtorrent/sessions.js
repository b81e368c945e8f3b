// The receiver's side: how much of a torrent has come from each sender, and how much of it is signed for.
import { randomBytes } from 'node:crypto';
import { fromJson, sign, toJson } from './vouchers.js';

const MiB = 1 << 20;

export class Sessions {
  #folder;
  #instance;
  #infohash;
  #keys;
  #all = new Map(); // sender (hex) -> what stands in its file
  #unsignedSince = new Map();

  constructor(folder, instance, infohash, keys) {
    [this.#folder, this.#instance, this.#infohash, this.#keys] = [folder, instance, infohash, keys];
    for (const session of folder.read()) this.#all.set(session.sender, session);
  }

  /** `session`, `opened`, `verified`, `acked` and the last `voucher`; undefined when nothing has come from the sender. */
  get = sender => this.#all.get(sender);
  flush = () => this.#folder.flush();
  unsigned = sender => this.#all.get(sender).verified - (this.#all.get(sender).voucher?.bytes ?? 0);
  /** Whether the senders have acknowledged everything. */
  get delivered() {
    return [...this.#all.values()].every(session => session.acked >= session.verified);
  }

  /** Counts bytes that are verified. They may be put on disk, or signed for, once the promise resolves. */
  add(sender, bytes, now) {
    let session = this.#all.get(sender);
    if (!session) {
      session = { sender, session: randomBytes(16).toString('hex'), opened: now, verified: 0, acked: 0, voucher: null };
      this.#all.set(sender, session);
    }
    if (this.unsigned(sender) === 0) this.#unsignedSince.set(sender, now);
    session.verified += bytes;
    return this.#folder.write(sender, session);
  }

  /** Whether the next voucher is due without anybody asking: after a quarter more, or after 5 seconds. */
  due(sender, now, pieceLength) {
    const unsigned = this.unsigned(sender);
    const quarter = (this.#all.get(sender).voucher?.bytes ?? 0) / 4;
    const step = Math.max(Math.min(Math.max(quarter, MiB), 16 * MiB), pieceLength);
    return unsigned > 0 && (unsigned >= step || now - (this.#unsignedSince.get(sender) ?? 0) >= 5);
  }

  /** Signs for everything verified. The voucher is on disk when the promise resolves, and may be sent then. */
  async sign(sender, now) {
    const session = this.#all.get(sender);
    const previous = session.voucher;
    const voucher = sign(this.#instance, {
      infohash: this.#infohash, sender_pk: Buffer.from(sender, 'hex'), receiver_pk: this.#keys.publicKey,
      session: Buffer.from(session.session, 'hex'), bytes: session.verified, opened: session.opened,
      // A clock that was set back must not make a voucher older than its session.
      signed_at: Math.max(now, session.opened),
    }, this.#keys.secret);
    session.voucher = toJson(voucher);
    this.#unsignedSince.set(sender, now);
    try {
      await this.#folder.write(sender, session);
    } catch (error) {
      session.voucher = previous; // what is not on disk must not be sent later as if it were
      throw error;
    }
    return voucher;
  }

  /** The last voucher again, signed anew when a sender would find it too old. */
  again(sender, now) {
    const { voucher } = this.#all.get(sender);
    return Math.abs(now - voucher.signed_at) > 180 ? this.sign(sender, now) : fromJson(voucher);
  }

  /** A sender cannot acknowledge more than was signed. Nothing waits for this write: a lost word comes again. */
  acknowledge(sender, { session, bytes }) {
    const mine = this.#all.get(sender);
    const acked = Math.min(bytes, mine?.voucher?.bytes ?? 0);
    if (mine?.session !== session.toString('hex') || acked <= mine.acked) return;
    mine.acked = acked;
    this.#folder.write(sender, mine).catch(() => {});
  }
}
