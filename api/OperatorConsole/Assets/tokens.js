// The tab of tokens for programs.
import { call, latest } from './api.js';
import { $, badge, element, fill, plural, time } from './ui.js';

export async function tokens() {
  const answer = await latest('tokens', '/api/v1/tokens');
  if (!answer) return;
  const found = answer.tokens;
  $('api-token-note').textContent = found.length === 0 ? 'No token yet.' : `${plural(found.length, 'token')}.`;
  fill($('api-token-rows'), ...found.map(token => element('tr', {},
    element('td', { class: 'long' }, token.name, element('span', { class: 'small' }, `made ${time(token.made_at)}`)),
    element('td', {}, token.scopes.join(', ')),
    element('td', {}, token.last_used_at === null ? 'never' : time(token.last_used_at)),
    element('td', {}, token.revoked_at === null ? badge(element('span'), 'good', 'good') : badge(element('span'), 'revoked', 'bad')),
    element('td', {}, token.revoked_at !== null ? null
      : element('button', { type: 'button', class: 'quiet', 'data-token': token.id, 'aria-label': `Revoke token ${token.name}` }, 'Revoke')))));
}

/** Makes a token and shows it, which nobody will see again. */
export async function makeToken() {
  const form = new FormData($('api-token-new'));
  try {
    const made = await call('/api/v1/tokens', 'POST', { name: form.get('name'), scopes: form.getAll('scopes') });
    $('api-token-made').replaceChildren(`Token of ${made.name}, shown once: `, element('code', { class: 'long' }, made.token));
  } catch (error) {
    if (!error.status) throw error;
    $('api-token-made').textContent = error.message;
  }
  await tokens();
}

export async function revokeToken(id) {
  // Whoever has it next to this list copies it no more.
  $('api-token-made').textContent = '';
  try {
    await call(`/api/v1/tokens/${id}`, 'DELETE');
  } catch (error) {
    if (error.status !== 404) throw error; // It was gone already.
  }
  await tokens();
}
