// What the site says of its torrents and members.
import { call, latest } from './api.js';
import { facts, link, mark, show } from './detail.js';
import { $, badge, bytes, element, fill, number, plural, segment, span, time } from './ui.js';

const statuses = ['approved', 'pending', 'rejected', 'postponed', 'deleted'];
const perCent = (down, up) => `${down} % of a download, ${up} % of an upload`;

export async function torrents() {
  const answer = await latest('torrents', `/console/api/torrents?${new URLSearchParams(new FormData($('torrent-search')))}`);
  if (!answer) return;
  const found = answer.torrents;
  $('torrent-note').textContent = found.length === 0 ? 'No such torrent is registered.' : `${plural(found.length, 'torrent')}${found.length === 50 ? ', the newest' : ''}.`;
  fill($('torrent-rows'), ...found.map(torrent => element('tr', {},
    element('td', { class: 'long' }, link(torrent.name ?? torrent.infohash, event => showTorrent(torrent, event.target)), torrent.name === null ? null : element('span', { class: 'small mono' }, torrent.infohash)),
    element('td', { class: 'number' }, torrent.size === null ? '–' : bytes(torrent.size)),
    element('td', { class: 'number' }, torrent.size === null ? '–' : torrent.pieces > 0 ? `${number(torrent.pieces)} of ${bytes(torrent.piece_length)}` : 'version 2 only'),
    element('td', {}, ...labels(torrent.site)),
    element('td', {}, torrent.size === null ? 'the site, without a file' : torrent.publisher ?? 'the administration',
      torrent.size === null ? null : element('span', { class: 'small' }, time(torrent.published_at))))));
}

/** What the site says of a torrent, in a few words. */
function labels(said) {
  if (said === null) return ['–'];
  const marks = [[said.status, said.status === 'approved' ? 'good' : said.status === 'pending' || said.status === 'postponed' ? 'warn' : 'bad']];
  if (said.featured) marks.push(['featured', 'good']);
  if (said.download_factor === 0) marks.push(['freeleech', 'good']);
  return [...marks.flatMap(([text, tone]) => [badge(element('span'), text, tone), ' ']), said.id === null ? null : element('span', { class: 'small' }, `number ${said.id}`)];
}

/** A moment as a field for one shows it, in UTC; and back. */
const toField = seconds => seconds === null ? '' : new Date(seconds * 1000).toISOString().slice(0, 16);
const fromField = text => text === '' ? null : Date.parse(`${text}Z`) / 1000;

async function showTorrent(torrent, button) {
  mark(button);
  let said;
  try {
    const answer = await latest('torrent', `/api/v1/torrents/${torrent.infohash}`);
    if (!answer) return;
    said = answer.torrent;
  } catch (error) {
    if (error.status !== 404) throw error;
    said = { infohash: torrent.infohash, id: null, status: 'approved', reason: null, download_factor: 100, upload_factor: 100, factors_until: null, times_completed: 0, featured: false };
  }
  const status = element('select', { name: 'status' }, ...statuses.map(name => element('option', { selected: name === said.status }, name)));
  const reason = element('input', { name: 'reason', maxlength: 200, value: said.reason ?? '', placeholder: 'no reason' });
  const factor = (name, value) => element('input', { name, type: 'number', min: 0, max: 1000, step: 1, required: true, value: `${value}` });
  const [down, up] = [factor('download_factor', said.download_factor), factor('upload_factor', said.upload_factor)];
  const until = element('input', { name: 'factors_until', type: 'datetime-local', value: toField(said.factors_until) });
  const featured = element('input', { name: 'featured', type: 'checkbox', checked: said.featured });
  const note = element('p', { class: 'hint', role: 'status' });
  const set = async event => {
    event.preventDefault();
    try {
      await call('/api/v1/torrents', 'PUT', { torrents: [{
        infohash: said.infohash, id: said.id, status: status.value, reason: reason.value.trim() || null, download_factor: Number(down.value), upload_factor: Number(up.value),
        factors_until: fromField(until.value), times_completed: said.times_completed }] });
      await call(`/api/v1/torrents/${said.infohash}/featured`, 'PUT', { featured: featured.checked });
      note.textContent = 'Set. It holds everywhere within a second.';
      await torrents();
    } catch (error) {
      note.textContent = error.message;
    }
  };
  const form = element('form', { class: 'search', onsubmit: set },
    element('label', {}, 'Status ', status), element('label', {}, 'Reason for clients ', reason),
    element('label', {}, 'Credited of a download, per cent ', down), element('label', {}, 'Credited of an upload, per cent ', up),
    element('label', {}, 'Both until, UTC (empty: for good) ', until), element('label', {}, featured, ' Featured'),
    element('button', { type: 'submit', class: 'quiet' }, 'Set'),
    element('button', { type: 'button', class: 'quiet', onclick: () => { down.value = '0'; form.requestSubmit(); } }, 'Make freeleech'), note);
  show($('torrent-detail'), torrent.name ?? torrent.infohash, facts([
    ['Info hash', element('code', { class: 'long' }, torrent.infohash)], ["The site's number", said.id === null ? 'none' : `${said.id}`],
    ['Completed elsewhere', number(said.times_completed)]]), form);
}

/** What the site knows of a member, as rows of facts. */
export async function siteFacts(user) {
  const [{ member }, { groups }] = await Promise.all([call(`/api/v1/members/${segment(user)}`), call('/api/v1/groups')]);
  const group = groups.find(known => known.id === member.group_id);
  const flags = [member.donor && 'donor', member.lifetime && 'lifetime'].filter(Boolean).join(', ');
  return [
    ['Group', member.group_id === null ? 'none' : group === undefined ? `${member.group_id}, which is not known` : `${group.name} (${group.id}): ${perCent(group.download_factor, group.upload_factor)}`],
    ['Credited', `${bytes(member.credited_uploaded)} up, ${bytes(member.credited_downloaded)} down`],
    ['Of it brought', `${bytes(member.baseline_uploaded)} up, ${bytes(member.baseline_downloaded)} down`],
    ['Freeleech', member.freeleech_until === null ? 'no' : `until ${time(member.freeleech_until)}`],
    ['Now', `seeds ${number(member.seeding)}, leeches ${number(member.leeching)}`],
    ['Flags', flags || 'none']];
}

/** What a member did with torrents. */
export async function history(user) {
  const { entries, next } = await call(`/api/v1/history?user_id=${segment(user)}&limit=20`);
  return element('div', {}, element('h3', {}, next === null ? 'Torrents' : 'Torrents, the first twenty'), entries.length === 0 ? element('p', { class: 'hint' }, 'Nothing yet.')
    : element('div', { class: 'scroll' }, element('table', { class: 'history' }, element('tbody', {}, ...entries.map(entry => element('tr', {},
      element('td', {}, element('span', { class: 'mono long' }, entry.infohash), element('span', { class: 'small' }, `${entry.client}, last seen ${time(entry.last_seen)}`)),
      element('td', { class: 'number' }, `${bytes(entry.uploaded)} up`, element('span', { class: 'small' }, `${bytes(entry.credited_uploaded)} credited`)),
      element('td', { class: 'number' }, `${bytes(entry.downloaded)} down`, element('span', { class: 'small' }, `${bytes(entry.credited_downloaded)} credited`)),
      element('td', {}, `${entry.completed_at === null ? 'not completed' : 'completed'}, seeded ${span(entry.seed_time)}`)))))));
}
