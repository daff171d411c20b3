// The search for a customer.
import { clear, element, find, number, say, table, time } from './elements.js';

let asked = 0;

export function listen() {
  find('search').addEventListener('submit', async (submitted) => {
    submitted.preventDefault();
    const mine = asked += 1;
    const identifier = find('identifier').value.trim();
    clear('person');
    say('found', 'Searching.');
    let answer = { error: 'the page has lost its server' };
    try {
      const got = await fetch('api/person', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ identifier }), cache: 'no-store',
      });
      answer = await got.json();
    } catch {
      // Told below, as any other failure.
    }
    if (mine === asked) show(answer);
  });
}

function show(person) {
  if (person.error) {
    say('found', `${person.error[0].toUpperCase()}${person.error.slice(1)}.`);
    return;
  }
  const erased = person.erased ? ` Erased at ${person.erased}; this is what came after.` : '';
  say('found', `Found: ${number(person.entries)} entries.${erased}`);
  find('person').replaceChildren(
    element('dl', {},
      element('dt', {}, 'Profile'), element('dd', {}, person.profile_id),
      element('dt', {}, 'Former ids, before merges'), element('dd', {}, person.former_ids.join(', ') || 'none')),
    element('div', { id: 'identifiers' }), element('div', { id: 'timeline' }));
  table('identifiers', {
    caption: 'Identifiers', note: `of profile ${person.profile_id.slice(0, 8)}`, rows: person.identifiers, empty: 'None.',
    columns: [
      { head: 'Type', cell: (row) => row.type },
      { head: 'Value', cell: (row) => row.value },
      { head: 'Since', cell: (row) => time(row.since) },
      { head: 'Linked to', cell: (row) => row.linked_to },
    ],
  });
  table('timeline', {
    caption: 'Timeline, the newest first', note: `${number(person.timeline.length)} of ${number(person.entries)} entries; time in UTC`,
    rows: person.timeline, empty: 'Nothing has happened.',
    columns: [
      { head: 'At', cell: (row) => time(row.at) },
      { head: 'Kind', cell: (row) => row.kind },
      { head: 'Channel', cell: (row) => row.channel },
      { head: 'What', cell: (row) => row.what },
    ],
  });
}
