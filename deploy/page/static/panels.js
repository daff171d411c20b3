// The panels of the page, each drawn from its part of the state (deploy/page/gathering.py).
import { bar, clear, decimal, element, find, number, percent, points, say, table, time } from './elements.js';

const VERDICTS = {
  more: 'customers buy more because of it', less: 'customers buy less because of it', 'not shown': 'no effect is shown yet',
  'too early': 'too early to say', 'one arm': 'nobody to compare with', 'sample ratio': 'the arms are not as drawn: trust nothing here',
};

export function draw(state) {
  problems(state.problems);
  events(state.events);
  flow(state.flow, state.time);
  carts(state.carts_now, state.carts, state);
  decisions(state.decisions, state.decided, state);
  campaigns(state.campaigns, state);
  messages(state.messages, state.delivered, state);
  letters(state.dead_letters);
  processes(state.processes);
  asked(state.asked);
}

const days = (state) => (state.days ? `${state.days[0]} to ${state.days[1]}` : '');
const waiting = (state, name, empty) => (state.asked[name] ? empty : 'ClickHouse has not been asked yet.');

let listed = '';
function problems(list) {
  find('problems').hidden = !list.length;
  if (listed === JSON.stringify(list)) return;
  listed = JSON.stringify(list);
  find('problems').querySelector('ul').replaceChildren(...list.map((one) => element('li', {}, one)));
}

function events({ per_second: perSecond, seconds, channels, history }) {
  say('rate', decimal(perSecond));
  const highest = Math.max(1, ...history);
  const step = 300 / Math.max(1, history.length - 1);
  const line = history.map((value, at) => `${(at * step).toFixed(1)},${(58 - (56 * value) / highest).toFixed(1)}`).join(' ');
  find('history').querySelector('polyline').setAttribute('points', line);
  find('history').setAttribute('aria-label', `Events a second, the last three minutes: now ${decimal(perSecond)}, at most ${decimal(Math.max(0, ...history))}`);
  const most = Math.max(...channels.map((row) => row.per_second), 0);
  table('channels', {
    caption: 'By channel', note: `a second, over the last ${seconds} seconds; and in all since the workers were started`, rows: channels,
    empty: 'No event has come in since the workers were started.',
    columns: [
      { head: 'Channel', cell: (row) => row.channel },
      { head: 'A second', num: true, cell: (row) => bar(most ? row.per_second / most : 0, decimal(row.per_second)) },
      { head: 'In all', num: true, cell: (row) => number(row.total) },
    ],
  });
}

let staged = '';
function flow(stages, held) {
  const key = JSON.stringify([stages, held.held, held.holder]);
  if (staged !== key) {
    staged = key;
    const holding = (stage) => held.held && stage.stage === 'raw topics';
    find('stages').replaceChildren(...stages.map((stage) => element('li', holding(stage) ? { class: 'held' } : {},
      element('strong', {}, stage.stage),
      element('span', { class: 'count' }, number(stage.count)),
      element('span', { class: 'what' }, stage.what),
      ...(stage.waiting === null ? [] : [element('span', { class: 'waiting' },
        stage.waiting ? `${number(stage.waiting)} wait before it` : 'nothing waits before it')]),
      ...(holding(stage) ? [element('span', { class: 'hold' }, 'Time is held here.')] : []))));
  }
  const reached = held.reached ? held.reached.replace('T', ' ').replace('Z', ' UTC') : '';
  const merges = held.pending_merges ? ` ${number(held.pending_merges)} changes of identity are not settled yet.` : '';
  say('time', reached ? `All sources have been read up to ${reached}: ${number(held.behind)} seconds ago.${merges}`
    : 'No worker tells how far time has come.');
  const { holder, dead } = held;
  let told = '';
  if (holder) {
    told = `${holder.topic}, partition ${holder.partition}, is the farthest behind: `
      + (holder.since ? `read up to ${holder.since.replace('T', ' ').replace('Z', ' UTC')}.` : 'nothing of it has been read.')
      + (held.held ? ' Nothing younger is decided until it is read.' : ' That is as it should be.');
  }
  if (dead.length) told += ` Declared dead, so that time does not wait: ${dead.join(', ')}.`;
  say('holder', told);
}

function carts(now, fates, state) {
  say('carts-now', `Now: ${number(now.open || 0)} open, ${number(now.abandoned || 0)} abandoned.`);
  table('fates', {
    caption: 'Carts opened', note: days(state), rows: fates, empty: waiting(state, 'carts', 'No cart was opened.'),
    columns: [
      { head: 'Step or fate', cell: (row) => row.step },
      { head: 'Carts', num: true, cell: (row) => number(row.carts) },
      { head: 'Share', num: true, cell: (row) => bar(row.share, percent(row.share)) },
    ],
  });
}

function decisions(rows, decided, state) {
  const told = Object.entries(decided).map(([outcome, count]) => `${number(count)} ${outcome.replace('_', ' ')}`);
  say('decided', told.length ? `Since the workers were started: ${told.join(', ')}.` : '');
  table('latest', {
    caption: 'The latest decisions', note: 'time in UTC', rows, empty: waiting(state, 'decisions', 'Nothing has been decided.'),
    columns: [
      { head: 'Campaign and step', cell: (row) => `${row.campaign} / ${row.step}` },
      { head: 'At', cell: (row) => time(row.at) },
      { head: 'Outcome', cell: (row) => row.outcome.replace('_', ' ') },
      { head: 'Why', cell: (row) => row.why },
      { head: 'Because of', cell: (row) => row.trigger.replaceAll('_', ' ') },
    ],
  });
}

function campaigns(rows, state) {
  table('uplift', {
    caption: 'Uplift by campaign', note: `${days(state)}; difference in percentage points, with its 95 % interval`, rows,
    empty: waiting(state, 'campaigns', 'No campaign has compared anybody.'),
    columns: [
      { head: 'Campaign', cell: (row) => row.campaign },
      { head: 'Treated', num: true, cell: (row) => `${percent(row.treatment_rate)} of ${number(row.treatment)}` },
      { head: 'Held out', num: true, cell: (row) => `${percent(row.control_rate)} of ${number(row.control)}` },
      { head: 'Difference', num: true, cell: (row) => (row.low === null || row.high === null ? points(row.difference)
        : `${points(row.difference)} (${points(row.low)} to ${points(row.high)})`) },
      { head: 'Verdict', cell: (row) => VERDICTS[row.verdict] || row.verdict },
    ],
  });
}

function messages(rows, delivered, state) {
  const count = (name) => ({ head: name[0].toUpperCase() + name.slice(1), num: true, cell: (row) => number(row[name]) });
  table('became', {
    caption: 'What became of messages, by channel', note: days(state), rows, empty: waiting(state, 'messages', 'No message was sent.'),
    columns: [{ head: 'Channel', cell: (row) => row.channel },
      ...['sent', 'delivered', 'opened', 'clicked', 'bounced', 'unsubscribed', 'complained'].map(count)],
  });
  if (!delivered.length) {
    clear('delivered');
    return;
  }
  table('delivered', {
    caption: 'Handed on by the dispatcher since it was started', rows: delivered, empty: '',
    columns: [
      { head: 'Channel', cell: (row) => row.channel },
      { head: 'Outcome', cell: (row) => row.outcome },
      { head: 'Messages', num: true, cell: (row) => number(row.count) },
    ],
  });
}

function letters(rows) {
  table('letters', {
    caption: 'By reason', rows, empty: 'None.',
    columns: [
      { head: 'Reason', cell: (row) => row.reason },
      { head: 'Records', num: true, cell: (row) => number(row.count) },
      { head: 'That is', cell: (row) => row.why },
    ],
  });
}

function processes(rows) {
  table('health', {
    caption: 'Each process', note: 'memory in MiB, processor in percent of one; time in UTC', rows, empty: 'No process is known.',
    columns: [
      { head: 'Process', cell: (row) => row.name },
      { head: 'State', cell: (row) => (row.up ? 'up' : element('span', { class: 'down' }, row.address ? 'does not answer' : 'does not run')) },
      { head: 'Since', cell: (row) => time(row.since) },
      { head: 'Started again', num: true, cell: (row) => number(row.restarts) },
      { head: 'Lag', num: true, cell: (row) => number(row.lag) },
      { head: 'Memory', num: true, cell: (row) => (row.memory === null ? '-' : number(Math.round(row.memory / 1048576))) },
      { head: 'Processor', num: true, cell: (row) => percent(row.processor) },
      { head: 'Metrics', cell: (row) => row.address || '-' },
    ],
  });
}

function asked(answers) {
  const told = Object.entries(answers).map(([name, answer]) => `${name} ${answer.at.slice(11, 19)}`);
  say('asked', told.length ? `ClickHouse was asked of ${told.join(', ')} (UTC): again when something was written, and when it costs the sinks little.` : '');
}
