// Asks for the state every two seconds while the page can be seen, draws it, and says what has changed for the worse.
import { find, say } from './elements.js';
import { draw } from './panels.js';
import { listen } from './person.js';

const EVERY = 2000;
const PATIENCE = 10000;
let tag = '';
let paused = false;
let timer = 0;
let asking = false;

function status(text, good) {
  say('status', text);
  find('status').className = good ? 'good' : 'bad';
}

function told(state) {
  const { problems, processes } = state;
  if (problems.length) return `${problems.length === 1 ? 'One thing' : `${problems.length} things`} to look at: ${problems[0]}`;
  return `All ${processes.length} processes run, and time is not held.`;
}

async function ask() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch('api/state', { headers: tag ? { 'If-None-Match': tag } : {}, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status === 200) {
      const state = await answer.json();
      tag = answer.headers.get('ETag') || '';
      draw(state);
      status(told(state), !state.problems.length);
    } else if (answer.status !== 304) {
      throw new Error(String(answer.status));
    } else if (find('status').dataset.lost) {
      tag = '';
    }
    delete find('status').dataset.lost;
    say('fresh', `Updated ${new Date().toLocaleTimeString('en-GB')}`);
  } catch {
    find('status').dataset.lost = 'yes';
    status('The page has lost its server and tries again. Numbers are old.', false);
  } finally {
    asking = false;
  }
}

function plan() {
  clearInterval(timer);
  if (paused || document.hidden) return;
  ask();
  timer = setInterval(ask, EVERY);
}

find('pause').addEventListener('click', () => {
  paused = !paused;
  find('pause').setAttribute('aria-pressed', String(paused));
  if (paused) say('fresh', `${find('fresh').textContent}, paused`);
  plan();
});
document.addEventListener('visibilitychange', plan);
listen();
plan();
