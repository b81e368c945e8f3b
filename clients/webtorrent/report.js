// Reports vouchers to the tracker, which credits them.
import { toJson } from './vouchers.js';

const most = 1000; // in a report
const every = 5000;
const later = 30; // seconds until a voucher is reported again that the tracker put off
const settledNow = new Set(['accepted', 'duplicate', 'bad_signature', 'expired', 'too_fast', 'malformed',
  'not_your_voucher', 'self_voucher']);

const seconds = () => Math.floor(Date.now() / 1000);
const at = (tracker, path) => new URL(path, tracker.endsWith('/') ? tracker : `${tracker}/`);

/** The `instance_id` of a tracker: 64 hexadecimal digits. */
export async function instanceOf(tracker) {
  const answer = await fetch(at(tracker, 'health'), { signal: AbortSignal.timeout(10_000) });
  const { instance_id: id } = await answer.json();
  if (!/^[0-9a-f]{64}$/i.test(id)) throw new Error(`${tracker} has no instance_id`);
  return id;
}

export class Reporter {
  #options;
  #earned;
  #events;
  #timer;
  #running = Promise.resolve();
  #notBefore = 0;

  /** `options`: tracker, userId, passkey. `events` gets 'credited' and 'warning'. */
  constructor(options, earned, events) {
    [this.#options, this.#earned, this.#events] = [options, earned, events];
    this.#timer = setInterval(() => this.report(), every);
    this.#timer.unref();
  }

  /** One report at a time; the last one asks for everything once more. */
  report(last = false) {
    this.#running = this.#running.then(() => this.#report(last)).catch(error => this.#events.emit('warning', error));
    return this.#running;
  }

  close() {
    clearInterval(this.#timer);
    return this.report(true);
  }

  async #report(last) {
    if (!last && seconds() < this.#notBefore) return;
    const records = this.#earned.unsettled(last ? Infinity : seconds()).slice(0, most);
    if (records.length === 0) return;
    const { tracker, userId, passkey } = this.#options;
    const sent = records.map(record => record.voucher.bytes); // newer vouchers may come before the answer
    this.#notBefore = seconds() + later; // unless the report succeeds
    const answer = await fetch(at(tracker, 'report'), {
      method: 'POST', headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(10_000),
      body: JSON.stringify({ user_id: userId, ...(passkey && { passkey }), vouchers: records.map(r => toJson(r.voucher)) }),
    });
    if (answer.status !== 200) {
      const wait = Number(answer.headers.get('retry-after'));
      if (wait > 0) this.#notBefore = seconds() + Math.min(Math.ceil(wait), 3600);
      const text = (await answer.text()).slice(0, 300);
      if (answer.status === 429 || answer.status === 503) return;
      throw new Error(`the tracker refused the report: ${answer.status} ${text}`);
    }
    const { voucher_results: results } = await answer.json();
    this.#notBefore = 0;
    const before = this.#earned.credited;
    records.forEach((record, i) => this.#apply(record, sent[i], results?.[i]));
    if (this.#earned.credited > before) this.#events.emit('credited', this.#earned.credited);
  }

  #apply(record, bytes, result) {
    const { status, total, credited } = result ?? {};
    const settled = settledNow.has(status);
    if (!settled) record.retryAt = seconds() + later;
    const sum = Number.isSafeInteger(total) ? total : record.credited + (Number(credited) || 0);
    this.#earned.settle(record, { bytes: settled ? bytes : 0, credited: sum });
    if (status !== 'accepted' && status !== 'duplicate')
      this.#events.emit('warning', new Error(`a voucher was not credited in full: ${status ?? 'no result'}`));
  }
}
