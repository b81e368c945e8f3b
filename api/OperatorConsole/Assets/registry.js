// The tab of who is let in: invites.
import { call, latest } from './api.js';
import { $, badge, element, fill, number, plural, time } from './ui.js';

/** What has become of an invite, and how good that is. */
function state(invite) {
  return invite.revoked_at ? ['ended', 'bad'] : invite.used === invite.uses ? ['used up', ''] : invite.expires_at * 1000 < Date.now() ? ['expired', 'warn'] : ['good', 'good'];
}

export async function invites() {
  const answer = await latest('invites', '/invites?limit=100');
  if (!answer) return;
  const found = answer.invites;
  $('invite-note').textContent = found.length === 0 ? 'No invite yet.' : `${plural(found.length, 'invite')}${answer.next_before ? ', the newest' : ''}.`;
  fill($('invite-rows'), ...found.map(invite => element('tr', {},
    element('td', {}, `${invite.id}`, element('span', { class: 'small' }, `made ${time(invite.made_at)}`), element('span', { class: 'small' }, `until ${time(invite.expires_at)}`)),
    element('td', {}, invite.maker ?? 'the administration'),
    element('td', { class: 'number' }, `${number(invite.used)} of ${number(invite.uses)}`),
    element('td', { class: 'long' }, invite.used_by.join(', ') + (invite.used > invite.used_by.length ? ', …' : '')),
    element('td', {}, badge(element('span'), ...state(invite))),
    element('td', {}, state(invite)[0] !== 'good' ? null
      : element('button', { type: 'button', class: 'quiet', 'data-invite': invite.id, 'aria-label': `End invite ${invite.id}` }, 'End')))));
}

/** Makes an invite and shows its token, which nobody will see again. */
export async function invite() {
  const { uses, days } = Object.fromEntries(new FormData($('invite-new')));
  try {
    const made = await call('/invites', 'POST', { uses: Number(uses), expires: Number(days) * 86400 });
    $('invite-made').replaceChildren(`Invite ${made.id}, shown once: `, element('code', {}, made.token));
  } catch (error) {
    if (!error.status) throw error;
    $('invite-made').textContent = error.message;
  }
  await invites();
}

export async function endInvite(id) {
  try {
    await call(`/invites/${id}`, 'DELETE');
  } catch (error) {
    if (error.status !== 404) throw error; // It was gone already.
  }
  await invites();
}
