// The operator's console: logging in, the tabs, and who shows what.
import { call, listen, Refused, setToken, token } from './api.js';
import { anchorNow, chain, migrations } from './contracts.js';
import { audit, change, configuration, moreUsers, swarms, users } from './panels.js';
import { cluster } from './cluster.js';
import { issuers, removeIssuer, setIssuer } from './issuers.js';
import { endInvite, invite, invites } from './registry.js';
import { torrents } from './site.js';
import { makeToken, revokeToken, tokens } from './tokens.js';
import { computeTrust, moreTrust, trust } from './trust.js';
import { $ } from './ui.js';

const panels = { cluster: null, swarms, users, trust, torrents, invites, tokens, issuers, chain, configuration, audit };
const refreshEvery = { chain: 2000, audit: 3000 };
let stream = null;
let timer = null;

function connection(text, state) {
  $('connection').textContent = text;
  $('connection').className = `badge ${state}`;
}

function askToken(problem) {
  stream?.abort();
  stream = null;
  clearInterval(timer);
  setToken(null);
  connection('not connected', '');
  $('console').hidden = true;
  $('leave').hidden = true;
  $('login').hidden = false;
  $('login-error').textContent = problem;
  $('token').value = '';
  $('token').focus();
}

/** What a panel or the stream ran into: a refusal means logging in again. */
function failed(error) {
  if (error instanceof Refused) askToken('The token was not accepted.');
  else connection(error.message, 'bad');
}

async function follow() {
  const mine = stream = new AbortController();
  while (!mine.signal.aborted) {
    try {
      await listen('/console/api/events', mine.signal, snapshot => {
        connection('live', 'good');
        cluster(snapshot);
      });
    } catch (error) {
      if (mine.signal.aborted) return;
      if (error instanceof Refused) return failed(error);
    }
    connection('connecting again', 'warn');
    await new Promise(resume => setTimeout(resume, 1000));
  }
}

function open(name) {
  for (const tab of document.querySelectorAll('[role=tab]')) {
    const chosen = tab.getAttribute('aria-controls') === name;
    tab.setAttribute('aria-selected', chosen);
    tab.tabIndex = chosen ? 0 : -1;
    $(tab.getAttribute('aria-controls')).hidden = !chosen;
  }
  history.replaceState(null, '', `#${name}`);
  clearInterval(timer);
  const refresh = () => Promise.resolve(panels[name]?.()).catch(failed);
  refresh();
  if (refreshEvery[name]) timer = setInterval(refresh, refreshEvery[name]);
}

function enter() {
  $('login').hidden = true;
  $('console').hidden = false;
  $('leave').hidden = !token();
  follow();
  open(Object.hasOwn(panels, location.hash.slice(1)) ? location.hash.slice(1) : 'cluster');
}

$('login').addEventListener('submit', async event => {
  event.preventDefault();
  setToken($('token').value.trim());
  try {
    await call('/console/api/configuration');
    enter();
  } catch (error) {
    askToken(error instanceof Refused ? 'The token was not accepted.' : error.message);
  }
});
$('leave').addEventListener('click', () => askToken(''));

const tabs = document.querySelector('[role=tablist]');
tabs.addEventListener('click', event => event.target.closest('[role=tab]') && open(event.target.closest('[role=tab]').getAttribute('aria-controls')));
tabs.addEventListener('keydown', event => {
  const all = [...tabs.children];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = event.key === 'Home' ? all[0] : event.key === 'End' ? all.at(-1) : step && all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  if (!next) return;
  event.preventDefault();
  next.focus();
  open(next.getAttribute('aria-controls'));
});
for (const [form, panel] of [['swarm-search', swarms], ['user-search', users], ['torrent-search', torrents], ['invite-new', invite], ['api-token-new', makeToken], ['issuer-new', setIssuer], ['change', change]])
  $(form).addEventListener('submit', event => { event.preventDefault(); panel().catch(failed); });
$('anchor-now').addEventListener('click', () => anchorNow().catch(failed));
$('migrations').addEventListener('click', event => {
  const { id, command } = event.target.dataset;
  if (command) call(`/migrations/${encodeURIComponent(id)}/${command}`, 'POST').then(migrations).catch(failed);
});

for (const [button, does] of [['user-more', moreUsers], ['trust-more', moreTrust], ['trust-run', computeTrust]])
  $(button).addEventListener('click', () => does().catch(failed));
$('invite-rows').addEventListener('click', event => {
  if (event.target.dataset.invite) endInvite(event.target.dataset.invite).catch(failed);
});

$('api-token-rows').addEventListener('click', event => {
  if (event.target.dataset.token) revokeToken(event.target.dataset.token).catch(failed);
});

$('issuer-rows').addEventListener('click', event => {
  if (event.target.dataset.issuer) removeIssuer(event.target.dataset.issuer).catch(failed);
});

const session = await call('/console/api/session').catch(() => ({ allowed: false, token_configured: true }));
if (session.allowed || token()) enter();
else askToken(session.token_configured ? '' : 'No token is configured on this tracker, so the console opens only for its own user on its own machine.');
