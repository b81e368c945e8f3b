// The contracts tab: the chain of contracts, and the migrations that made it.
import { call, latest, Refused } from './api.js';
import { $, badge, element, number, replace, span, time } from './ui.js';

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
  const moves = await migrations();
  await anchor();
  if (!moves) return;
  replace($('links'), ...contracts.map((address, index) => element('li', { class: index === 0 ? 'active' : '' },
    index > 0 ? joint(moves.find(move => same(move.reputation_address, contracts[index - 1]) && same(move.referrer_address, address))) : null,
    element('div', { class: 'contract' },
      element('strong', {}, index === 0 ? 'Active contract' : index === contracts.length - 1 ? 'First contract' : 'Predecessor'),
      element('code', { class: 'long' }, address)))));
  if (contracts.length === 0) replace($('links'), element('li', {}, element('div', { class: 'contract' }, 'no contract yet')));
}

async function anchor() {
  const root = await latest('anchor', '/contract/anchor').catch(error => error.status === 404 ? {} : Promise.reject(error));
  if (!root) return;
  $('anchor-note').textContent = !root.root ? 'None yet.'
    : `Number ${number(root.sequence)}, of ${number(root.members)} members, taken ${time(new Date(root.taken_at) / 1000)}; ${root.state}`
      + (root.gas_used ? `, ${number(root.gas_used)} gas.` : '.');
  $('anchor-root').textContent = root.root ?? '';
}

/** Anchors the totals as they are now, and says why not where that does not go. */
export async function anchorNow() {
  $('anchor-now').disabled = true;
  try {
    await call('/contract/anchor?wait=30', 'POST');
    await anchor();
  } catch (error) {
    if (error instanceof Refused) throw error;
    $('anchor-note').textContent = error.message;
  } finally {
    $('anchor-now').disabled = false;
  }
}

const same = (one, other) => one?.toLowerCase() === other?.toLowerCase();

/** What joins a contract to the one it refers to, and the migration that did. */
function joint(move) {
  const said = !move ? 'refers to' : move.claims === 'lazy' ? `takes over whoever brings a proof, ${number(move.migrated)} so far, from` : `took over ${number(move.migrated)} of ${number(move.total)} users from`;
  return element('div', { class: 'joint' }, element('span', { class: 'rings', 'aria-hidden': true }), said);
}

export async function migrations() {
  const answer = await latest('migrations', '/migrations');
  if (!answer) return null;
  const all = answer.migrations;
  $('migration-note').textContent = all.length === 0 ? 'None yet. A migration moves all users to a new contract: POST /migrations.' : '';
  // The list is made anew; whoever was on one of its buttons stays there.
  const focused = document.activeElement?.dataset.id;
  replace($('migrations'), ...all.map(migration));
  if (focused) $('migrations').querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  return all;
}

function migration(move) {
  const done = move.migrated + move.failed_count;
  const share = move.claims === 'lazy' && move.state === 'completed' ? 1 : move.total > 0 ? done / move.total : move.state === 'completed' ? 1 : 0;
  const tone = { completed: 'good', failed: 'bad', cancelled: 'bad', paused: 'warn' }[move.state] ?? '';
  const fill = element('div');
  fill.style.width = `${(100 * share).toFixed(1)}%`;
  const order = (command, text) => element('button', { type: 'button', class: 'quiet', 'data-id': move.id, 'data-command': command }, text);
  return element('div', { class: 'migration' },
    element('div', { class: 'row' },
      badge(element('span'), move.state, tone), element('code', { class: 'long' }, move.id),
      ['pending', 'running'].includes(move.state) ? order('pause', 'Pause') : null,
      ['paused', 'failed'].includes(move.state) ? order('resume', 'Resume') : null),
    element('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Users moved', 'aria-valuemin': 0, 'aria-valuemax': move.total, 'aria-valuenow': done }, fill),
    element('p', { class: 'hint' },
      (move.claims === 'lazy' ? `By the root of ${number(move.total)} members, of whom ${number(move.migrated)} brought their proofs` :
        `${number(move.migrated)} of ${number(move.total)} users moved${move.method === 'anchor' ? ' by the root' : ''}, ${number(move.failed_count)} failed`) + `; ${move.phase}; gas ${number(move.gas_used)}` +
      (move.eta_seconds && move.state === 'running' ? `; about ${span(move.eta_seconds)} left` : '')),
    element('p', { class: 'hint' }, when(move)),
    element('p', { class: 'hint mono long' }, `${move.referrer_address} → ${move.reputation_address ?? 'not deployed yet'}`),
    move.problem ? element('p', { class: 'error' }, move.problem) : null,
    ...move.failed.slice(0, 5).map(failure => element('p', { class: 'error' }, `${failure.username}: ${failure.reason}`)));
}

function when(move) {
  const seconds = text => new Date(text) / 1000;
  if (!move.started_at) return 'Not started.';
  return `Started ${time(seconds(move.started_at))}${move.finished_at ? `, took ${span(seconds(move.finished_at) - seconds(move.started_at))}` : ''}.`;
}
