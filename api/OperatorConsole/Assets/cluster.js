// The cluster tab: figures, charts, silos and front ends, from one snapshot a second.
import { Chart } from './chart.js';
import { $, badge, bytes, element, fill, number, rate, span } from './ui.js';

const announces = new Chart($('announce-chart'), 'Announces a second');
const receipts = new Chart($('receipt-chart'), 'Receipts a second');
let last = null;

const identity = process => `${process.name} ${process.address} ${process.started_at}`;
const sum = (processes, figure) => processes.reduce((total, process) => total + figure(process), 0);

/** The name of the silo at this address, as far as it is known. */
export const siloName = address => last?.silos.find(silo => silo.address === address)?.name ?? address;

/** Growth a second of one counter. Counters begin anew with a process, so it is taken process by process. */
function growth(silo, field, seconds) {
  const before = last?.silos.find(other => identity(other) === identity(silo));
  return before?.answers && silo.answers && seconds > 0 ? Math.max(0, silo[field] - before[field]) / seconds : 0;
}

const reports = new Map();

/** The same for a front end, which reports less often than it is looked at: between its last two reports. */
function frontGrowth(front, field) {
  const key = identity(front);
  const seen = new Date(front.seen_at);
  let [newest, before] = reports.get(key) ?? [];
  // When a report was made is known to some milliseconds.
  if (!newest || seen - newest.seen > 500) reports.set(key, [newest, before] = [{ ...front, seen }, newest]);
  return front.answers && before ? Math.max(0, newest[field] - before[field]) * 1000 / (newest.seen - before.seen) : 0;
}

function health(made, processes) {
  const well = processes.filter(process => process.answers).length;
  badge(made, processes.length === 0 ? 'none' : `${well} of ${processes.length} answer`, well === processes.length && well > 0 ? 'good' : well > 0 ? 'warn' : 'bad');
}

function row(process, state, cells) {
  return element('tr', {},
    element('td', {}, process.name, element('span', { class: 'small' }, `${process.address} on ${process.host}`)),
    element('td', {}, state),
    ...cells.map(text => element('td', { class: 'number' }, text)));
}

function siloRow(silo, seconds, now) {
  const lost = silo.status === 'active' && !silo.answers;
  const state = badge(element('span'), lost ? 'not answering' : silo.status, lost ? 'warn' : silo.status === 'active' ? 'good' : silo.status === 'dead' ? '' : 'warn');
  const figures = [rate(growth(silo, 'announces', seconds)), number(silo.swarms), number(silo.peers), number(silo.verifying), number(silo.committing), bytes(silo.memory)];
  return row(silo, state, [...figures.map(text => silo.answers ? text : '–'), silo.status === 'dead' ? '–' : span((now - new Date(silo.started_at)) / 1000)]);
}

function frontRow(front, now) {
  const state = front.answers ? badge(element('span'), 'active', 'good') : badge(element('span'), `silent for ${span((now - new Date(front.seen_at)) / 1000)}`, 'warn');
  const figures = [...['served', 'put_off', 'refused'].map(field => rate(frontGrowth(front, field))), bytes(front.memory)];
  return row(front, state, [...figures, span((now - new Date(front.started_at)) / 1000)].map(text => front.answers ? text : '–'));
}

export function cluster(snapshot) {
  const now = new Date(snapshot.at);
  const seconds = last ? (now - new Date(last.at)) / 1000 : 0;
  const { silos, front_ends: fronts } = snapshot;
  const members = silos.filter(silo => silo.status !== 'dead');
  if (seconds > 0) {
    const perSecond = sum(silos, silo => growth(silo, 'announces', seconds));
    const credited = sum(silos, silo => growth(silo, 'receipts', seconds));
    $('announce-rate').textContent = rate(perSecond);
    $('receipt-rate').textContent = rate(credited);
    announces.add(perSecond, rate);
    receipts.add(credited, rate);
    $('put-off-rate').textContent = rate(sum(fronts, front => frontGrowth(front, 'put_off')));
    $('refusal-rate').textContent = rate(sum(fronts, front => frontGrowth(front, 'refused')));
  }
  $('peers').textContent = number(sum(silos, silo => silo.peers));
  $('swarm-count').textContent = number(sum(silos, silo => silo.swarms));
  $('user-count').textContent = snapshot.users === null ? '–' : number(snapshot.users);
  $('receipt-count').textContent = number(sum(silos, silo => silo.receipts));
  $('refused-count').textContent = number(sum(silos, silo => silo.refused_receipts));
  health($('silo-health'), members);
  health($('front-health'), fronts);
  badge($('database-health'), snapshot.database ? 'answers' : 'does not answer', snapshot.database ? 'good' : 'bad');
  const lost = members.filter(silo => silo.status === 'active' && !silo.answers).length;
  const problems = [snapshot.database ? null : 'The database does not answer: announces go on, reports and registrations are refused.',
    lost > 0 ? `${lost} of the silos do not answer.` : null].filter(Boolean);
  $('alarm').textContent = problems.join(' ');
  $('alarm').hidden = problems.length === 0;
  fill($('members'), ...silos.map(silo => siloRow(silo, seconds, now)));
  fill($('fronts'), ...fronts.map(front => frontRow(front, now)));
  last = snapshot;
}
