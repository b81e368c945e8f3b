// Calls to the tracker with the administrator's token, which lives in this tab's sessionStorage and nowhere else.

const key = 'pbts-admin-token';

export const token = () => sessionStorage.getItem(key);
export const setToken = value => value === null ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, value);

export class Refused extends Error {}

const headers = () => token() ? { Authorization: `Bearer ${token()}` } : {};

export async function call(path, method = 'GET', body = undefined) {
  const response = await fetch(path, { method, headers: headers(), body: body && JSON.stringify(body), cache: 'no-store' });
  const answer = await response.json().catch(() => ({}));
  if (response.status === 401 || response.status === 403) throw new Refused(answer.error ?? 'not allowed');
  if (!response.ok) throw Object.assign(new Error(answer.error ?? `the tracker answered ${response.status}`), { status: response.status });
  return answer;
}

const newest = new Map();

/** As call, but null when `who` has asked again meanwhile: answers may overtake each other. */
export async function latest(who, path) {
  const turn = (newest.get(who) ?? 0) + 1;
  newest.set(who, turn);
  const answer = await call(path);
  return newest.get(who) === turn ? answer : null;
}

/** Server-sent events over fetch, because EventSource cannot send the token. Ends when the server does. */
export async function listen(path, signal, received) {
  const response = await fetch(path, { headers: headers(), cache: 'no-store', signal });
  if (response.status === 401 || response.status === 403) throw new Refused('not allowed');
  if (!response.ok) throw new Error(`the tracker answered ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    pending += value;
    const events = pending.split(/\r?\n\r?\n/);
    pending = events.pop();
    for (const event of events) {
      const data = event.split(/\r?\n/).filter(line => line.startsWith('data:')).map(line => line.slice(5).trimStart()).join('\n');
      if (data) received(JSON.parse(data));
    }
  }
}
