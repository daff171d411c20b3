// Elements of the page. All text goes in by textContent: what comes from events is never read as HTML.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

export const find = (id) => document.getElementById(id);

export function say(id, text) {
  const place = find(id);
  if (place.textContent !== text) place.textContent = text;
}

const whole = new Intl.NumberFormat('en');
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const percents = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

export const number = (value) => (value === null || value === undefined ? '-' : whole.format(value));
export const decimal = (value) => (value === null || value === undefined ? '-' : fine.format(value));
export const percent = (value) => (value === null || value === undefined ? '-' : percents.format(value));

export function points(value) {
  if (value === null || value === undefined) return '-';
  return `${value > 0 ? '+' : ''}${fine.format(value * 100)}`.replace('-', '\u2212');
}

export function time(moment) {
  if (!moment) return '-';
  const made = element('time', { datetime: moment, class: 'time' }, moment.replace('T', ' ').replace(/(\.\d+)?Z$/, ''));
  return made;
}

// A bar of a share (0 to 1) before the text that says it.
export function bar(share, text) {
  const inside = element('i');
  inside.style.width = `${Math.round(100 * Math.min(1, Math.max(0, share || 0)))}%`;
  return [element('span', { class: 'share', 'aria-hidden': 'true' }, inside), element('span', { class: 'after' }, text)];
}

// A table in the place of `id`, of `columns` [{head, cell(row), num}], the first of which names its row. Without rows,
// `empty` is said. What is there already is left alone when nothing of it has changed.
const shown = new WeakMap();

export function table(id, { caption, note, columns, rows, empty }) {
  const key = JSON.stringify([caption, note, rows]);
  const place = find(id);
  if (shown.get(place) === key) return;
  shown.set(place, key);
  if (!rows.length) {
    place.replaceChildren(element('p', { class: 'empty' }, empty));
    return;
  }
  const kind = (column) => (column.num ? { class: 'num' } : {});
  // On a phone wide tables become lists by `display: block`, which would take their roles away.
  const stacked = columns.length > 3;
  const role = (name) => (stacked ? { role: name } : {});
  const heads = columns.map((column) => element('th', { scope: 'col', ...role('columnheader'), ...kind(column) }, column.head));
  const body = rows.map((row) => element('tr', role('row'), ...columns.map((column, at) => {
    const cell = column.cell(row);
    const inside = Array.isArray(cell) ? cell : [cell];
    if (at === 0) return element('th', { scope: 'row', ...role('rowheader') }, ...inside);
    return element('td', { 'data-head': column.head, ...role('cell'), ...kind(column) }, ...inside);
  })));
  const about = element('caption', {}, caption, ...(note ? [element('span', {}, note)] : []));
  place.replaceChildren(element('table', stacked ? { class: 'stack', role: 'table' } : {}, about,
    element('thead', role('rowgroup'), element('tr', role('row'), ...heads)), element('tbody', role('rowgroup'), ...body)));
}

export function clear(id) {
  shown.delete(find(id));
  find(id).replaceChildren();
}
