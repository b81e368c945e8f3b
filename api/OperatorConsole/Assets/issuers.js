// The tab of trackers that are believed.
import { call, latest } from './api.js';
import { $, badge, bytes, element, fill, plural, segment, time } from './ui.js';

function state(issuer) {
  const now = Date.now() / 1000;
  if (issuer.valid_from !== null && issuer.valid_from > now) return [`from ${time(issuer.valid_from)}`, 'warn'];
  if (issuer.valid_until !== null && issuer.valid_until <= now) return ['ended', 'bad'];
  return issuer.weight === 0 ? ['weight 0', 'warn'] : ['believed', 'good'];
}

export async function issuers() {
  const answer = await latest('issuers', '/issuers');
  if (!answer) return;
  const found = answer.issuers;
  $('issuer-note').textContent = found.length === 0 ? 'No other tracker is believed.' : `${plural(found.length, 'issuer')}.`;
  fill($('issuer-rows'), ...found.map(issuer => element('tr', {},
    element('td', { class: 'long' }, issuer.name, element('span', { class: 'small' }, issuer.kind === 'contract' ? `contract ${issuer.contract} on chain ${issuer.chain_id}, of ${issuer.address}` : issuer.address),
      element('span', { class: 'small' }, issuer.instance === null ? 'instance: of its first passport' : `instance ${issuer.instance}`)),
    element('td', { class: 'number' }, `${issuer.weight} %`),
    element('td', { class: 'number' }, issuer.cap === null ? 'none' : bytes(issuer.cap)),
    element('td', { class: 'number' }, plural(issuer.least_age_days, 'day')),
    element('td', { class: 'number' }, issuer.imports),
    element('td', {}, badge(element('span'), ...state(issuer))),
    element('td', {}, element('button', { type: 'button', class: 'quiet', 'data-issuer': issuer.name, 'aria-label': `Remove issuer ${issuer.name}` }, 'Remove')))));
}

/** Adds an issuer, or changes what is filled in of the one of that name. */
export async function setIssuer() {
  const form = new FormData($('issuer-new'));
  const body = {};
  for (const name of ['address', 'contract', 'instance']) if (form.get(name).trim()) body[name] = form.get(name).trim();
  for (const name of ['chain_id', 'weight', 'least_age_days']) if (form.get(name)) body[name] = Number(form.get(name));
  if (form.get('cap')) body.cap = Math.round(Number(form.get('cap')) * 2 ** 30);
  try {
    await call(`/issuers/${segment(form.get('name').trim())}`, 'PUT', body);
    $('issuer-set').textContent = '';
    $('issuer-new').reset();
  } catch (error) {
    if (!error.status) throw error;
    $('issuer-set').textContent = error.message;
  }
  await issuers();
}

export async function removeIssuer(name) {
  try {
    await call(`/issuers/${segment(name)}`, 'DELETE');
  } catch (error) {
    if (error.status !== 404) throw error; // It was gone already.
  }
  await issuers();
}
