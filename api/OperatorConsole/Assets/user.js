// The public page of one user: what the tracker says, and how many vouchers it rests on.
import { $, bytes, number, ratio, segment, time } from './ui.js';

/** What a receipt is worth for a torrent that is not registered: nobody signs its size. */
const worth = {
  fixed: 'A receipt for a torrent that is not registered here counts 16 KiB, whatever was sent.',
  refuse: 'Receipts count only for torrents that are registered here.',
  claimed: 'A receipt for a torrent that is not registered here counts what its uploader says.',
};
const noSuchUser = 'There is no such user on this tracker.';
let user, path;

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

function show(answer, settings) {
  document.title = `${user} – PBTS reputation`;
  $('name').textContent = user;
  $('proof').textContent = answer.proof_of_possession ? 'key proven' : 'key not proven';
  $('proof').classList.add(answer.proof_of_possession ? 'good' : 'warn');
  $('since').textContent = time(answer.registered_at);
  $('rotations').textContent = answer.key_rotations > 0 ? `, key replaced ${number(answer.key_rotations)} times` : '';
  $('ratio').textContent = ratio(answer);
  $('uploaded').textContent = bytes(answer.total_uploaded);
  $('downloaded').textContent = bytes(answer.total_downloaded);
  const unverified = 'as reported: this tracker verifies no signatures now';
  $('uploaded-by').textContent = settings.verify_signatures ? 'signed for by those who downloaded' : unverified;
  $('downloaded-by').textContent = settings.verify_signatures ? 'signed for by this member' : unverified;
  $('terms').textContent = settings.verify_signatures ? worth[settings.unregistered_receipts] ?? '' : 'Without verification anybody can report any transfer.';
  $('claimed').textContent = `${bytes(answer.claimed_uploaded)} ↑ ${bytes(answer.claimed_downloaded)} ↓`;
  $('key').textContent = answer.public_key;
  $('vouchers').textContent = answer.vouchers === 1 ? '1 voucher' : `${number(answer.vouchers)} vouchers`;
  $('user').hidden = false;
}

const run = action => action().catch(error => { $('problem').textContent = error.message; $('problem').hidden = false; });
run(async () => { read(); show(...await Promise.all([get(path), get('/config')])); });
