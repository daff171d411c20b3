// Drives the live page in Chromium. Prints JSON. Usage: node live.mjs CHROMIUM URL FOLDER IDENTIFIER, beside node_modules.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [chromiumPath, url, folder, identifier] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), 'package.json'));
const { chromium } = require('playwright-core');
const axe = require.resolve('axe-core');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath: chromiumPath, args: flags });
const found = { views: {} };

// What the page is in each view, by axe-core, which has to be put past the page's own policy.
for (const [name, width, colorScheme] of [
  ['phone', 360, 'light'], ['phone-dark', 360, 'dark'], ['desktop', 1280, 'light'], ['desktop-dark', 1280, 'dark']]) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector('#uplift table');
  await page.fill('#identifier', identifier);
  await page.press('#identifier', 'Enter');
  await page.waitForSelector('#timeline table');
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await page.addScriptTag({ path: axe });
  const result = await page.evaluate(() => axe.run());
  found.views[name] = {
    wider: await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    faults: result.violations.map((one) => `${one.impact} ${one.id}: ${one.nodes[0].html.slice(0, 200)}`),
    passes: result.passes.length,
  };
  await context.close();
}

// The page under its own policy: what is fetched and said, by keyboard alone.
{
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  found.fetched = new Set();
  found.complaints = [];
  page.on('request', (request) => found.fetched.add(request.url()));
  page.on('console', (message) => found.complaints.push(message.text()));
  page.on('pageerror', (error) => found.complaints.push(error.message));
  await page.goto(url);
  await page.waitForSelector('#uplift table');
  found.focused = [];
  for (let nth = 0; nth < 20; nth += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const { activeElement: one } = document;
      return { name: one.id || one.textContent.trim(), visible: getComputedStyle(one).outlineStyle !== 'none' };
    });
    found.focused.push(at);
    if (at.name === 'identifier') break;
  }
  await page.keyboard.type(identifier);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#timeline table');
  found.person = await page.evaluate(() => ({
    said: document.getElementById('found').textContent, rows: document.querySelectorAll('#timeline tbody tr').length }));
  await page.fill('#identifier', 'user_id:nobody-has-this');
  await page.press('#identifier', 'Enter');
  await page.waitForFunction(() => document.getElementById('found').textContent.startsWith('Nothing'));
  found.nobody = await page.evaluate(() => document.getElementById('person').childElementCount);
  found.scroll = await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior);
  found.tables = await page.evaluate(() => [...document.querySelectorAll('table')].map((one) => ({
    caption: one.caption.textContent, heads: one.querySelectorAll('thead th[scope=col]').length,
    rows: one.querySelectorAll('tbody tr').length, named: one.querySelectorAll('tbody th[scope=row]').length })));
  found.landmarks = await page.evaluate(() => ['header', 'nav', 'main', 'footer'].map((one) => document.querySelectorAll(one).length));
  found.fetched = [...found.fetched];
  await context.close();
}

// Many updates of an open page, twenty minutes on a clock of its own: each answer differs, names are hostile, a process goes and comes back.
{
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const state = await (await context.request.get(new URL('api/state', url).href)).json();
  let asked = 0;
  const hostile = '<img src=x onerror="window.hurt=1"><b>bold</b>';
  await page.route('**/api/state', async (route) => {
    asked += 1;
    const next = structuredClone(state);
    next.problems = [];
    next.events.per_second = asked;
    next.events.channels = state.events.channels.map((one, at) => ({ ...one, per_second: asked % (at + 7), total: one.total + asked }));
    next.events.history = Array.from({ length: 90 }, (_, at) => (at * asked) % 50);
    next.decisions = state.decisions.map((one, at) => ({ ...one, campaign: at ? `c-${asked}` : hostile, why: hostile }));
    next.carts = state.carts.map((one) => ({ ...one, carts: one.carts + asked }));
    next.processes = state.processes.map((one) => ({ ...one, lag: asked }));
    next.dead_letters = [{ reason: hostile, why: '', count: asked }];
    if (asked === 300) {
      next.processes[0].up = false;
      next.problems = ['a process does not answer.'];
    }
    await route.fulfill({ json: next, headers: { ETag: `"${asked}"` } });
  });
  await page.clock.install();
  await page.goto(url);
  await page.waitForSelector('#latest table');
  await page.evaluate(() => {
    window.announced = [];
    new MutationObserver(() => window.announced.push(document.getElementById('status').textContent))
      .observe(document.getElementById('status'), { childList: true, characterData: true, subtree: true });
  });
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  const measure = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const named = Object.fromEntries(metrics.map((one) => [one.name, one.value]));
    return { elements: await page.evaluate(() => document.querySelectorAll('*').length), nodes: named.Nodes,
      listeners: named.JSEventListeners, heap: named.JSHeapUsedSize, asked };
  };
  const update = async () => {
    const wanted = asked + 1;
    await page.clock.runFor(2000);
    await page.waitForFunction((count) => document.getElementById('rate').textContent === new Intl.NumberFormat('en').format(count),
      wanted, { polling: 5 }).catch(() => { throw new Error(`update ${wanted} was not drawn`); });
  };
  for (let nth = 0; nth < 100; nth += 1) await update();
  found.early = await measure();
  for (let nth = 100; nth < 600; nth += 1) await update();
  found.late = await measure();
  found.announced = await page.evaluate(() => window.announced);
  found.hurt = await page.evaluate(() => ({ ran: window.hurt === 1, made: document.querySelectorAll('main td img, main th img, main b').length,
    told: document.querySelector('#latest tbody th').textContent.includes('<img') }));
  await page.click('#pause');
  const before = asked;
  await page.clock.runFor(60000);
  found.paused = asked - before;
  await page.click('#pause');
  await page.waitForFunction(() => document.getElementById('pause').getAttribute('aria-pressed') === 'false');
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.clock.runFor(2000);
  const hidden = asked;
  await page.clock.runFor(60000);
  found.hidden = asked - hidden;
  await page.unroute('**/api/state');
  await page.route('**/api/state', (route) => route.abort());
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.waitForFunction(() => document.getElementById('status').textContent.includes('lost its server'));
  await page.unroute('**/api/state');
  await page.clock.runFor(2000);
  await page.waitForFunction(() => !document.getElementById('status').textContent.includes('lost its server'));
  await context.close();
}
await browser.close();
console.log(JSON.stringify(found));
