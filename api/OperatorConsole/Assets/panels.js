// The other tabs: each function fetches what its tab shows and shows it.
import { call, latest } from './api.js';
import { siloName } from './cluster.js';
import { facts, link, mark, show } from './detail.js';
import { history, siteFacts } from './site.js';
import { trustScore } from './trust.js';
import { $, badge, bytes, element, fill, number, plural, ratio, replace, segment, span, time } from './ui.js';

const count = (list, name) => plural(list.length, name);
const form = id => new URLSearchParams(new FormData($(id)));

export async function swarms() {
  const answer = await latest('swarms', `/console/api/swarms?${form('swarm-search')}`);
  if (!answer) return;
  const found = answer.swarms;
  $('swarm-note').textContent = found.length === 0 ? 'No active swarm.' : `${count(found, 'swarm')}${found.length === 50 ? ', the first in this order' : ''}.`;
  fill($('swarm-rows'), ...found.map(swarm => element('tr', {},
    element('td', { class: 'mono' }, link(swarm.info_hash, event => showSwarm(swarm.info_hash, event.target))),
    element('td', { class: 'number' }, number(swarm.seeders)),
    element('td', { class: 'number' }, number(swarm.leechers)),
    element('td', {}, siloName(swarm.silo)))));
}

async function showSwarm(infoHash, button) {
  mark(button);
  let content;
  try {
    const swarm = await latest('swarm', `/console/api/swarms/${segment(infoHash)}`);
    if (!swarm) return;
    content = facts([
      ['Seeders', number(swarm.seeders)], ['Leechers', number(swarm.leechers)], ['Downloading now', number(swarm.downloaders)],
      ['Completed downloads', number(swarm.completed)], ['Held by', swarm.silos.map(silo => `${siloName(silo)} (${silo})`).join(', ') || 'no silo']]);
  } catch (error) {
    content = element('p', { class: 'error' }, error.message);
  }
  show($('swarm-detail'), element('code', {}, infoHash), content);
}

/** What is listed, and what to ask for the page behind it. */
const listed = { query: '', users: [], next: null };

export async function users() {
  await Promise.all([proof(), list(`${form('user-search')}`)]);
}

export const moreUsers = () => list(listed.query, listed.next);

async function proof() {
  const answer = await latest('proof', '/console/api/proof');
  if (!answer) return;
  $('proven-share').textContent = answer.share === null ? '–' : `${(100 * answer.share).toLocaleString('en', { maximumFractionDigits: 1 })} %`;
  $('credited').textContent = bytes(answer.credited);
  $('claimed').textContent = bytes(answer.claimed);
  $('proving').textContent = number(answer.members_proving);
  $('member-count').textContent = number(answer.members);
}

async function list(query, before = null) {
  const answer = await latest('users', `/console/api/users?${query}${before === null ? '' : `&before=${segment(before)}`}`);
  if (!answer) return;
  const found = before === null ? answer.users : [...listed.users, ...answer.users];
  Object.assign(listed, { query, users: found, next: answer.next_before });
  $('user-note').textContent = found.length === 0 ? 'No such user.' : `${count(found, 'user')}${listed.next === null ? '' : ', the first in this order'}.`;
  $('user-more').hidden = listed.next === null;
  fill($('user-rows'), ...found.map(user => element('tr', {},
    element('td', {}, link(user.user_id, event => showUser(user, event.target)), element('span', { class: 'small' }, user.proven ? 'key proven' : 'key not proven')),
    element('td', { class: 'number' }, bytes(user.uploaded)),
    element('td', { class: 'number' }, bytes(user.downloaded)),
    element('td', { class: 'number' }, ratio(user)),
    element('td', { class: 'number' }, bytes(Math.max(0, user.unproven))))));
}

/** A field for what the operator sets for one member; empty: as for the others. */
function setting(user, name, label, value, attributes, usual) {
  const field = element('input', { name, type: 'number', min: 0, value: value ?? '', placeholder: `${usual}`, ...attributes });
  const note = element('p', { class: 'hint', role: 'status' });
  const set = async event => {
    event.preventDefault();
    try {
      await call(`/user/${segment(user)}/${name}`, 'PUT', { [name]: field.value === '' ? null : Number(field.value) });
      note.textContent = 'Set.';
    } catch (error) {
      note.textContent = error.message;
    }
  };
  return element('form', { class: 'search', onsubmit: set }, element('label', {}, label, field), element('button', { type: 'submit', class: 'quiet' }, 'Set'), note);
}

/** Whether a member may announce, and download. */
function admission(user, known) {
  const reason = element('input', { name: 'disabled', maxlength: 200, value: known.disabled ?? '', placeholder: 'not disabled' });
  const download = element('input', { name: 'can_download', type: 'checkbox', checked: known.can_download });
  const note = element('p', { class: 'hint', role: 'status' });
  const set = async event => {
    event.preventDefault();
    try {
      // What is left out would be set to its default.
      const { member } = await call(`/api/v1/members/${segment(user)}`);
      const { group_id, donor, lifetime } = member;
      await call('/api/v1/members', 'PUT', { members: [{ user_id: user, disabled: reason.value.trim() || null, can_download: download.checked, group_id, donor, lifetime }] });
      note.textContent = 'Set. It holds everywhere within a second.';
    } catch (error) {
      note.textContent = error.message;
    }
  };
  return element('form', { class: 'search', onsubmit: set }, element('label', {}, 'Disabled, because ', reason), element('label', {}, download, ' May download'),
    element('button', { type: 'submit', class: 'quiet' }, 'Set'), note);
}

/** How far a member is let, and what stands behind its totals. */
function standing(user, known) {
  const rows = [
    ['Came', { open: 'by itself', invite: `by an invite of ${known.invited_by ?? 'the administration'}`, site: 'through the administration' }[known.origin] ?? known.origin],
    ['Trust', `${known.trust}${known.own_trust === null ? ', as others of its origin' : ', set for it'}`],
    ['Limit', known.limit === null ? 'none' : `${bytes(known.limit)}, ${bytes(known.may_download)} left`],
    ['Sent', `${bytes(known.sent_bytes)} credited in ${plural(known.sent_sessions, 'session')}`],
    ['Received', `${bytes(known.received_bytes)} debited in ${plural(known.received_sessions, 'session')}`]];
  const fields = [
    admission(user, known),
    setting(user, 'trust', 'Trust, 0 to 1 ', known.own_trust, { max: 1, step: 'any' }, known.trust),
    setting(user, 'invites', 'Invites in all ', known.own_invites, { max: 10000, step: 1 }, known.invites)];
  return { rows, fields };
}

async function showUser(user, button) {
  mark(button);
  let evidence, did = '', known = { rows: [], fields: [] }, site = [];
  try {
    const found = await latest('standing', `/console/api/users/${segment(user.user_id)}`);
    if (!found) return;
    known = standing(user.user_id, found);
    site = await siteFacts(user.user_id);
    const { row, field } = await trustScore(user.user_id);
    known = { rows: [...known.rows, row], fields: [...known.fields, field] };
    did = await history(user.user_id);
    const answer = await latest('user', `/user/${segment(user.user_id)}/receipts?limit=20`);
    if (!answer) return;
    const { receipts } = answer;
    evidence = receipts.length === 0 ? element('p', { class: 'hint' }, 'No receipts yet.')
      : element('div', { class: 'scroll' }, element('table', {}, element('tbody', {}, ...receipts.map(receipt => element('tr', {},
        element('td', {}, receipt.direction, element('span', { class: 'small' }, time(receipt.credited_at))),
        element('td', { class: 'number' }, bytes(receipt.bytes)),
        element('td', {}, receipt.counterpart ?? 'unknown', element('span', { class: 'small mono' }, `${receipt.infohash} piece ${receipt.piece_index}`)))))));
  } catch (error) {
    evidence = element('p', { class: 'error' }, error.message);
  }
  show($('user-detail'), user.user_id, facts([
    ['Uploaded', `${bytes(user.uploaded)} proven, ${bytes(user.claimed_uploaded)} claimed`],
    ['Downloaded', `${bytes(user.downloaded)} proven, ${bytes(user.claimed_downloaded)} claimed`],
    ['Ratio', ratio(user)], ['Key', user.proven ? 'proven' : 'not proven'],
    ['Registered', time(new Date(user.registered_at) / 1000)],
    ['Public page', element('a', { href: `/u/${segment(user.user_id)}` }, 'reputation and evidence')],
    ...known.rows, ...site]),
  ...known.fields, did, element('h3', {}, 'Latest receipts'), evidence);
}

export async function configuration() {
  const inForce = await call('/config');
  for (const field of ['verify_signatures', 'receipt_window', 'tee_mode']) $('change').elements[field].value = inForce[field];

  const { settings } = await call('/console/api/configuration');
  replace($('settings'), ...settings.flatMap(setting => [element('dt', {}, setting.name), element('dd', {}, setting.value)]));
}

/** Sends what differs from what is in force. */
export async function change() {
  const { verify_signatures: verify, receipt_window: window, tee_mode: mode } = Object.fromEntries(new FormData($('change')));
  const inForce = await call('/config');
  const wanted = { verify_signatures: verify === 'true', receipt_window: Number(window), tee_mode: mode };
  const changed = Object.fromEntries(Object.entries(wanted).filter(([field, value]) => value !== inForce[field]));
  if (Object.keys(changed).length === 0) {
    $('change-note').textContent = 'Nothing to change.';
    return;
  }
  if (changed.verify_signatures === false && !confirm('Without verification anybody can claim any transfer. Take receipts at their word?')) return;
  try {
    await call('/config', 'POST', changed);
    $('change-note').textContent = `Changed: ${Object.entries(changed).map(([field, value]) => `${field} is ${value}`).join(', ')}.`;
  } catch (error) {
    if (!error.status) throw error;
    $('change-note').textContent = error.message;
  }
  await configuration();
}

export async function audit() {
  const { entries } = await call('/console/api/audit?limit=100');
  fill($('audit-rows'), ...entries.map(entry => element('tr', {},
    element('td', {}, time(new Date(entry.at) / 1000)),
    element('td', { class: 'mono long' }, entry.action),
    element('td', { class: 'mono' }, entry.address),
    element('td', {}, badge(element('span'), entry.outcome, entry.outcome.startsWith('done') ? 'good' : 'bad')))));
}
