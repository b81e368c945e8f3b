// What there is to say of one row of a list, beside the list.
import { element, replace } from './ui.js';

export const link = (text, onclick) => element('button', { type: 'button', class: 'link', onclick }, text);
export const facts = pairs => element('dl', { class: 'settings' }, ...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));

let opener = null;

/** Shows it, and takes the reader there. */
export function show(panel, heading, ...content) {
  const title = element('h2', { class: 'long', tabindex: -1 }, heading);
  const close = () => { panel.hidden = true; mark(null); (opener?.isConnected ? opener : panel.closest('section').querySelector('input')).focus(); };
  // Nothing is given back: false would keep every other key from the fields in the panel.
  panel.onkeydown = event => { if (event.key === 'Escape') close(); };
  replace(panel, title, ...content, element('button', { type: 'button', class: 'quiet', onclick: close }, 'Close'));
  panel.hidden = false;
  title.focus();
}

export function mark(button) {
  opener?.removeAttribute('aria-current');
  button?.setAttribute('aria-current', 'true');
  if (button) opener = button;
}
