// The other tabs: each function fetches what its tab shows and shows it.
import { call, latest } from './api.js';
import { $, bytes, element, number, ratio, replace, segment, span, time } from './ui.js';

const count = (list, name) => `${number(list.length)} ${name}${list.length === 1 ? '' : 's'}`;
const form = id => new URLSearchParams(new FormData($(id)));
const link = (text, onclick) => element('button', { type: 'button', class: 'link', onclick }, text);
const facts = pairs => element('dl', { class: 'settings' }, ...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));

function close(panel) {
  return element('button', { type: 'button', class: 'quiet', onclick: () => { panel.hidden = true; } }, 'Close');
}

export async function swarms() {
  const answer = await latest('swarms', `/console/api/swarms?${form('swarm-search')}`);
  if (!answer) return;
  const found = answer.swarms;
  $('swarm-note').textContent = found.length === 0 ? 'No active swarm.' : `${count(found, 'swarm')}${found.length === 50 ? ', the first in this order' : ''}.`;
  replace($('swarm-rows'), ...found.map(swarm => element('tr', {},
    element('td', { class: 'mono' }, link(swarm.info_hash, () => showSwarm(swarm.info_hash))),
    element('td', { class: 'number' }, number(swarm.seeders)),
    element('td', { class: 'number' }, number(swarm.leechers)),
    element('td', { class: 'mono' }, swarm.silo))));
}

async function showSwarm(infoHash) {
  const panel = $('swarm-detail');
  try {
    const swarm = await latest('swarm', `/console/api/swarms/${segment(infoHash)}`);
    if (!swarm) return;
    replace(panel, element('h2', { class: 'mono long' }, swarm.info_hash), facts([
      ['Seeders', number(swarm.seeders)], ['Leechers', number(swarm.leechers)], ['Downloading now', number(swarm.downloaders)],
      ['Completed downloads', number(swarm.completed)], ['Held by', swarm.silos.join(', ') || 'no silo']]), close(panel));
  } catch (error) {
    replace(panel, element('p', { class: 'error' }, error.message), close(panel));
  }
  panel.hidden = false;
}

export async function users() {
  const answer = await latest('users', `/console/api/users?${form('user-search')}`);
  if (!answer) return;
  const found = answer.users;
  $('user-note').textContent = found.length === 0 ? 'No such user.' : `${count(found, 'user')}${found.length === 50 ? ', the first by name' : ''}.`;
  replace($('user-rows'), ...found.map(user => element('tr', {},
    element('td', {}, link(user.user_id, () => showUser(user)), element('span', { class: 'small' }, user.proven ? 'key proven' : 'key not proven')),
    element('td', { class: 'number' }, bytes(user.uploaded)),
    element('td', { class: 'number' }, bytes(user.downloaded)),
    element('td', { class: 'number' }, ratio(user)))));
}

async function showUser(user) {
  const panel = $('user-detail');
  let evidence;
  try {
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
  replace(panel, element('h2', { class: 'long' }, user.user_id), facts([
    ['Uploaded', `${bytes(user.uploaded)} proven, ${bytes(user.claimed_uploaded)} claimed`],
    ['Downloaded', `${bytes(user.downloaded)} proven, ${bytes(user.claimed_downloaded)} claimed`],
    ['Ratio', ratio(user)], ['Key', user.proven ? 'proven' : 'not proven'],
    ['Registered', time(new Date(user.registered_at) / 1000)],
    ['Public page', element('a', { href: `/u/${segment(user.user_id)}` }, 'reputation and evidence')]]),
  element('h2', {}, 'Latest receipts'), evidence, close(panel));
  panel.hidden = false;
}

export async function chain() {
  let status;
  try {
    status = await call('/contract/status');
  } catch (error) {
    $('chain-note').textContent = error.status === 404 ? 'This tracker has no chain.' : error.message;
    return;
  }
  const pending = status.pending_transactions > 0 ? ` ${number(status.pending_transactions)} transactions wait for the chain.` : '';
  $('chain-note').textContent = (!status.configured ? 'No chain is configured (RPC).' : status.connected
    ? `Connected to chain ${status.chain_id}; account ${status.account_address ?? 'none'}.` : `Not connected: ${status.problem ?? 'no answer'}.`) + pending;
  // The newest contract is where writes go; each refers to the one whose users it took over.
  const contracts = [status.reputation_address, ...(status.referrers ?? []).filter(address => address !== status.reputation_address)].filter(Boolean);
  replace($('links'), ...contracts.map((address, index) => element('li', { class: index === 0 ? 'active' : '' },
    element('strong', {}, index === 0 ? 'Active contract' : index === 1 ? 'its predecessor' : 'predecessor before'),
    element('span', { class: 'small mono' }, address))));
  if (contracts.length === 0) replace($('links'), element('li', {}, 'no contract yet'));
  await migrations();
}

export async function migrations() {
  const answer = await latest('migrations', '/migrations');
  if (!answer) return;
  const all = answer.migrations;
  $('migration-note').textContent = all.length === 0 ? 'None yet. A migration moves all users to a new contract: POST /migrations.' : '';
  // The list is made anew; whoever was on one of its buttons stays there.
  const focused = document.activeElement?.dataset.id;
  replace($('migrations'), ...all.map(migration));
  if (focused) $('migrations').querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

function migration(move) {
  const done = move.migrated + move.failed_count;
  const share = move.total > 0 ? done / move.total : move.state === 'completed' ? 1 : 0;
  const tone = { completed: 'good', failed: 'bad', cancelled: 'bad', paused: 'warn' }[move.state] ?? '';
  const fill = element('div');
  fill.style.width = `${(100 * share).toFixed(1)}%`;
  const order = (command, text) => element('button', { type: 'button', class: 'quiet', 'data-id': move.id, 'data-command': command }, text);
  return element('div', { class: 'migration' },
    element('div', { class: 'row' },
      element('span', { class: `badge ${tone}` }, move.state), element('code', { class: 'long' }, move.id),
      ['pending', 'running'].includes(move.state) ? order('pause', 'Pause') : null,
      ['paused', 'failed'].includes(move.state) ? order('resume', 'Resume') : null),
    element('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Users moved', 'aria-valuemin': 0, 'aria-valuemax': move.total, 'aria-valuenow': done }, fill),
    element('p', { class: 'hint' },
      `${number(move.migrated)} of ${number(move.total)} users moved, ${number(move.failed_count)} failed; ${move.phase}; gas ${number(move.gas_used)}` +
      (move.eta_seconds && move.state === 'running' ? `; about ${span(move.eta_seconds)} left` : '')),
    element('p', { class: 'hint mono long' }, `${move.referrer_address} → ${move.reputation_address ?? 'not deployed yet'}`),
    move.problem ? element('p', { class: 'error' }, move.problem) : null,
    ...move.failed.slice(0, 5).map(failure => element('p', { class: 'error' }, `${failure.username}: ${failure.reason}`)));
}

export async function configuration() {
  const { settings } = await call('/console/api/configuration');
  replace($('settings'), ...settings.flatMap(setting => [element('dt', {}, setting.name), element('dd', {}, setting.value)]));
}

export async function audit() {
  const { entries } = await call('/console/api/audit?limit=100');
  replace($('audit-rows'), ...entries.map(entry => element('tr', {},
    element('td', {}, time(new Date(entry.at) / 1000)),
    element('td', { class: 'mono long' }, entry.action),
    element('td', { class: 'mono' }, entry.address),
    element('td', {}, element('span', { class: `badge ${entry.outcome === 'done' ? 'good' : 'bad'}` }, entry.outcome)))));
}
