// Trust scores: the tab with clusters, and a member's score beside the list of users.
import { call, latest } from './api.js';
import { $, bytes, element, fill, number, plural, segment, time } from './ui.js';

const listed = { clusters: [], next: null };

/** A score with as many digits as say something: most are far below 1. */
const score = value => value.toLocaleString('en', { maximumSignificantDigits: 3 });

function note({ running, problem, last, marked_seeds: marked }) {
  const parts = [running ? 'Being computed now.' : '', problem ? `The latest computation came to nothing: ${problem}.` : ''];
  parts.push(last === null ? 'Not computed yet.'
    : `${time(last.finished_at)}${last.asked ? ', asked for' : ''}: ${plural(last.members, 'member')} with a key, ${number(last.edges)} pairs that dealt with each other, ${plural(last.seeds, 'seed')} ${last.seeds_marked ? 'marked by you' : 'by age'}, ${plural(last.clusters, 'cluster')}.`);
  if (marked.length > 0) parts.push(`Marked as seeds: ${marked.join(', ')}.`);
  return parts.filter(Boolean).join(' ');
}

async function list(after) {
  const answer = await latest('trust', `/trust?limit=50${after === null ? '' : `&after=${segment(after)}`}`);
  if (!answer) return;
  Object.assign(listed, { clusters: after === null ? answer.clusters : [...listed.clusters, ...answer.clusters], next: answer.next });
  $('trust-note').textContent = note(answer);
  $('trust-more').hidden = listed.next === null;
  fill($('trust-rows'), ...listed.clusters.map(cluster => element('tr', {},
    element('td', {}, `${cluster.id}`),
    element('td', { class: 'number' }, number(cluster.members)),
    element('td', { class: 'number' }, bytes(cluster.inner)),
    element('td', { class: 'number' }, bytes(cluster.given)),
    element('td', { class: 'number' }, bytes(cluster.taken)),
    element('td', { class: 'number' }, score(cluster.trust_score)),
    element('td', { class: 'long' }, cluster.user_ids.join(', ') + (cluster.members > cluster.user_ids.length ? ', …' : '')))));
}

export const trust = () => list(null);

export const moreTrust = () => list(listed.next);

export async function computeTrust() {
  try {
    await call('/trust', 'POST');
  } catch (error) {
    if (!error.status) throw error; // Why it came to nothing is in the note.
  }
  await trust();
}

/** A member's score as a row of facts, and the field that makes it a seed. */
export async function trustScore(user) {
  const found = await call(`/user/${segment(user)}/trust-score`);
  const seed = element('input', { name: 'trust_seed', type: 'checkbox', checked: found.marked_seed });
  const said = element('p', { class: 'hint', role: 'status' });
  const set = async event => {
    event.preventDefault();
    try {
      await call(`/user/${segment(user)}/trust-seed`, seed.checked ? 'PUT' : 'DELETE');
      said.textContent = 'Set. It counts from the next computation on.';
    } catch (error) {
      said.textContent = error.message;
    }
  };
  const parts = found.trust_score === null ? ['none yet']
    : [score(found.trust_score), `${number(found.rank)} of ${number(found.scored)}`, found.seed && 'a seed', found.cluster && `in cluster ${found.cluster}`].filter(Boolean);
  return {
    row: ['Trust score', parts.join(', ')],
    field: element('form', { class: 'search', onsubmit: set }, element('label', {}, seed, ' Trust scores begin with this member'), element('button', { type: 'submit', class: 'quiet' }, 'Set'), said),
  };
}
