// The sender's side: the vouchers others have signed, and how much they may still get before they sign again.
import { fromJson, toJson } from './vouchers.js';

const MiB = 1 << 20;
const window = 600; // seconds between a voucher's signed_at and our clock
const mostSessions = 4096; // on disk, for one torrent: keys cost nothing, so somebody could sign with ever new ones
const mostDebtors = 4096;

export class Earned {
  #folder;
  #infohash;
  #publicKey;
  #pieceLength; // a function: a magnet link tells it late
  #records = new Map(); // receiver-session -> { voucher, settled, credited } as in its file, and what only memory knows
  #latest = new Map(); // receiver -> its record with the latest `opened`
  #debtors = new Map(); // receiver -> { unpaid, signed }
  credited = 0;

  constructor(folder, infohash, publicKey, pieceLength) {
    [this.#folder, this.#infohash, this.#publicKey, this.#pieceLength] = [folder, infohash, publicKey, pieceLength];
    for (const { voucher, settled, credited } of folder.read()) {
      this.#keep({ voucher: fromJson(voucher), settled, credited, retryAt: 0, saved: Promise.resolve() });
      this.credited += credited;
    }
  }

  /** What to do with a voucher from the peer of this key: 'take' it if its signature holds, say what is 'held', 'drop' it. */
  judge(voucher, peer, now) {
    const receiver = voucher.receiver_pk.toString('hex');
    if (!voucher.infohash.equals(this.#infohash) || !voucher.sender_pk.equals(this.#publicKey) || receiver !== peer ||
      voucher.receiver_pk.equals(this.#publicKey) || Math.abs(now - voucher.signed_at) > window) return 'drop';
    const latest = this.#latest.get(receiver)?.voucher;
    if (latest?.session.equals(voucher.session)) {
      if (latest.opened !== voucher.opened) return 'drop';
      return voucher.bytes > latest.bytes ? 'take' : 'held';
    }
    const old = (latest && voucher.opened <= latest.opened) || this.#records.has(nameOf({ voucher }));
    return old || this.#records.size >= mostSessions ? 'drop' : 'take';
  }

  /** What is held of a receiver's latest session, once it is on disk. */
  async held(receiver) {
    const record = this.#latest.get(receiver);
    await record.saved;
    return record.voucher;
  }

  /** Keeps a voucher whose signature holds, and credits it when it is on disk. */
  async take(voucher) {
    const receiver = voucher.receiver_pk.toString('hex');
    const previous = this.#latest.get(receiver);
    const same = previous?.voucher.session.equals(voucher.session);
    const record = same ? previous : { voucher, settled: 0, credited: 0, retryAt: 0 };
    const before = same ? previous.voucher : null;
    record.voucher = voucher;
    record.retryAt = 0;
    this.#keep(record);
    record.saved = this.#write(record);
    try {
      await record.saved;
    } catch (error) {
      if (before) {
        record.voucher = before;
      } else {
        this.#records.delete(nameOf(record));
        previous ? this.#latest.set(receiver, previous) : this.#latest.delete(receiver);
      }
      throw error;
    }
    if (previous && !same && previous.settled >= previous.voucher.bytes) this.#forget(previous);
    const debtor = this.#debtor(receiver, before?.bytes ?? 0);
    const more = voucher.bytes - (before?.bytes ?? 0);
    debtor.signed += more;
    debtor.unpaid = Math.max(0, debtor.unpaid - more);
  }

  /** How many bytes the receiver may get now: what it signs for comes on top of a start that anybody gets. */
  credit(receiver) {
    const { signed, unpaid } = this.#debtor(receiver);
    return Math.max(2 * MiB, 2 * this.#pieceLength()) + Math.min(signed, 64 * MiB) - unpaid;
  }

  flush = () => this.#folder.flush();
  unpaid = receiver => this.#debtors.get(receiver)?.unpaid ?? 0;

  served(receiver, bytes) {
    this.#debtor(receiver).unpaid += bytes;
  }

  /** Blocks on the way when a connection broke are never signed for. */
  forgive(bytes) {
    for (const [receiver, debtor] of this.#debtors) {
      debtor.unpaid -= bytes;
      if (debtor.unpaid <= 0) this.#debtors.delete(receiver);
    }
  }

  /** What the tracker has to be told of; what it put off only when the time has come. */
  unsettled(now) {
    return [...this.#records.values()].filter(r => r.settled < r.voucher.bytes && r.retryAt <= now);
  }

  /** The tracker is done with the first `bytes` of a session, and has credited `credited` of it so far. */
  settle(record, { bytes, credited }) {
    this.credited += Math.max(0, credited - record.credited);
    record.credited = Math.max(credited, record.credited);
    record.settled = Math.max(bytes, record.settled);
    const receiver = record.voucher.receiver_pk.toString('hex');
    if (record.settled >= record.voucher.bytes && this.#latest.get(receiver) !== record) this.#forget(record);
    else this.#write(record).catch(() => {}); // lost, the voucher is reported once more
  }

  #debtor(receiver, signed = this.#latest.get(receiver)?.voucher.bytes ?? 0) {
    let debtor = this.#debtors.get(receiver);
    if (!debtor) {
      if (this.#debtors.size >= mostDebtors) this.#debtors.delete(this.#debtors.keys().next().value);
      this.#debtors.set(receiver, (debtor = { unpaid: 0, signed }));
    }
    return debtor;
  }

  #keep(record) {
    const receiver = record.voucher.receiver_pk.toString('hex');
    this.#records.set(nameOf(record), record);
    const latest = this.#latest.get(receiver);
    if (!latest || latest.voucher.opened <= record.voucher.opened) this.#latest.set(receiver, record);
  }

  #write = record => this.#folder.write(nameOf(record), {
    voucher: toJson(record.voucher), settled: record.settled, credited: record.credited });

  #forget(record) {
    this.#records.delete(nameOf(record));
    this.#folder.write(nameOf(record), undefined).catch(() => {});
  }
}

const nameOf = ({ voucher }) => `${voucher.receiver_pk.toString('hex')}-${voucher.session.toString('hex')}`;
