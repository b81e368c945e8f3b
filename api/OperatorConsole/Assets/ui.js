// What both pages use. Text from elsewhere (user ids above all) only ever becomes text nodes, never markup.

export const $ = id => document.getElementById(id);

/** element('td', { class: 'number' }, 'text', child): attributes, then children; strings become text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

export function replace(parent, ...children) {
  parent.replaceChildren(...children);
}

/**
 * Puts rows into a table's body. On a phone each row is a block of its own, where every cell says which column it is; a
 * browser that lays a table out like that has to be told that it is one still.
 */
export function fill(body, ...rows) {
  const table = body.closest('table');
  const columns = table.tHead ? [...table.tHead.rows[0].cells].map(cell => cell.textContent) : [];
  table.setAttribute('role', 'table');
  for (const row of rows) {
    row.setAttribute('role', 'row');
    [...row.cells].forEach((cell, index) => { cell.setAttribute('role', 'cell'); if (columns[index]) cell.dataset.column = columns[index]; });
  }
  body.replaceChildren(...rows);
}

/** Makes a badge say something in a tone: good, warn, bad or none. */
export function badge(made, text, tone = '') {
  made.className = `badge ${tone}`;
  made.textContent = text;
  return made;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

export function bytes(count) {
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit++; }
  return `${count.toLocaleString('en', { maximumFractionDigits: unit === 0 ? 0 : count < 10 ? 2 : 1 })} ${units[unit]}`;
}

export const number = count => count.toLocaleString('en');

export const plural = (count, name) => `${number(count)} ${name}${count === 1 ? '' : 's'}`;

export const rate = value => value < 10 ? value.toLocaleString('en', { maximumFractionDigits: 1 }) : number(Math.round(value));

export const ratio = user => user.ratio_infinite ? '∞' : (user.ratio ?? 1).toFixed(2);

export const time = seconds => new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19) + ' UTC';

export function span(seconds) {
  const [value, unit] = seconds < 90 ? [seconds, 's'] : seconds < 5400 ? [seconds / 60, 'min'] : seconds < 172800 ? [seconds / 3600, 'h'] : [seconds / 86400, 'd'];
  return `${Math.max(0, Math.round(value))} ${unit}`;
}

/** A user id as a path segment. */
export const segment = text => encodeURIComponent(text);
