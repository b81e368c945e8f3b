// The public page of one user: what the tracker says, and the receipts it rests on.
import { $, bytes, element, number, ratio, segment, time } from './ui.js';

const noSuchUser = 'There is no such user on this tracker.';
let user, path;
let before = null;

/** Throws when the address is no text. */
function read() {
  try {
    user = decodeURIComponent(location.pathname.slice('/u/'.length));
  } catch {
    throw new Error(noSuchUser);
  }
  path = `/user/${segment(user)}`;
}

async function get(url) {
  const response = await fetch(url, { cache: 'no-store', referrerPolicy: 'no-referrer' });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(response.status === 404 ? noSuchUser : answer.error ?? `The tracker answered ${response.status}.`);
  return answer;
}

function show(answer) {
  document.title = `${user} – PBTS reputation`;
  $('name').textContent = user;
  $('proof').textContent = answer.proof_of_possession ? 'key proven' : 'key not proven';
  $('proof').classList.add(answer.proof_of_possession ? 'good' : 'warn');
  $('since').textContent = time(answer.registered_at);
  $('rotations').textContent = answer.key_rotations > 0 ? `, key replaced ${number(answer.key_rotations)} times` : '';
  $('ratio').textContent = ratio(answer);
  $('uploaded').textContent = bytes(answer.total_uploaded);
  $('downloaded').textContent = bytes(answer.total_downloaded);
  $('claimed').textContent = `${bytes(answer.claimed_uploaded)} ↑ ${bytes(answer.claimed_downloaded)} ↓`;
  $('key').textContent = answer.public_key;
  $('user').hidden = false;
}

async function more() {
  const page = await get(`${path}/receipts?limit=50${before ? `&before=${segment(before)}` : ''}`);
  for (const receipt of page.receipts)
    $('receipts').append(element('tr', {},
      element('td', {}, time(receipt.credited_at), element('span', { class: 'small mono' }, receipt.id)),
      element('td', {}, receipt.direction),
      element('td', { class: 'number' }, number(receipt.bytes))));
  if (!$('receipts').firstChild)
    $('receipts').append(element('tr', {}, element('td', { colspan: 3, class: 'hint' }, 'No receipts yet.')));
  before = page.next_before;
  $('more').hidden = !before;
}

const run = action => action().catch(error => { $('problem').textContent = error.message; $('problem').hidden = false; });
$('more').addEventListener('click', () => run(more));
run(async () => { read(); show(await get(path)); await more(); });
