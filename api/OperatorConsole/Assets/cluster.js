// The cluster tab: figures, charts and members, from one snapshot a second.
import { Chart } from './chart.js';
import { $, bytes, element, number, rate, replace, span } from './ui.js';

const announces = new Chart($('announce-chart'), 'Announces a second');
const receipts = new Chart($('receipt-chart'), 'Receipts a second');
let last = null;

const name = silo => `${silo.address} ${silo.started_at}`;
const sum = (silos, field) => silos.reduce((total, silo) => total + silo[field], 0);

/** Counters begin anew with a silo, so growth is taken silo by silo. */
function growth(silo, field, seconds) {
  const before = last?.silos.find(other => name(other) === name(silo));
  return before?.answers && silo.answers && seconds > 0 ? Math.max(0, silo[field] - before[field]) / seconds : 0;
}

function state(silo) {
  const lost = silo.status === 'active' && !silo.answers;
  const tone = silo.status === 'active' ? lost ? 'warn' : 'good' : silo.status === 'dead' ? '' : 'warn';
  return element('span', { class: `badge ${tone}` }, lost ? 'not answering' : silo.status);
}

function row(silo, seconds, now) {
  const figure = text => element('td', { class: 'number' }, silo.answers ? text : '–');
  return element('tr', {},
    element('td', {}, silo.name, element('span', { class: 'small' }, `${silo.address} on ${silo.host}`)),
    element('td', {}, state(silo)),
    figure(rate(growth(silo, 'announces', seconds))), figure(number(silo.swarms)), figure(number(silo.peers)),
    figure(number(silo.verifying)), figure(number(silo.committing)), figure(bytes(silo.memory)),
    element('td', { class: 'number' }, silo.status === 'dead' ? '–' : span((now - new Date(silo.started_at)) / 1000)));
}

export function cluster(snapshot) {
  const now = new Date(snapshot.at);
  const seconds = last ? (now - new Date(last.at)) / 1000 : 0;
  const silos = snapshot.silos;
  if (seconds > 0) {
    const perSecond = silos.reduce((total, silo) => total + growth(silo, 'announces', seconds), 0);
    const credited = silos.reduce((total, silo) => total + growth(silo, 'receipts', seconds), 0);
    $('announce-rate').textContent = rate(perSecond);
    $('receipt-rate').textContent = rate(credited);
    announces.add(perSecond, rate);
    receipts.add(credited, rate);
  }
  $('peers').textContent = number(sum(silos, 'peers'));
  $('swarm-count').textContent = number(sum(silos, 'swarms'));
  $('user-count').textContent = snapshot.users === null ? '–' : number(snapshot.users);
  $('receipt-count').textContent = number(sum(silos, 'receipts'));
  $('refused-count').textContent = number(sum(silos, 'refused_receipts'));
  const problems = [];
  if (!snapshot.database) problems.push('The database does not answer: announces go on, reports and registrations are refused.');
  const lost = silos.filter(silo => silo.status === 'active' && !silo.answers).length;
  if (lost > 0) problems.push(`${lost} of the silos do not answer.`);
  $('alarm').textContent = problems.join(' ');
  $('alarm').hidden = problems.length === 0;
  replace($('members'), ...silos.map(silo => row(silo, seconds, now)));
  last = snapshot;
}
