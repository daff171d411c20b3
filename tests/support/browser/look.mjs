// Looks at one HTML file in Chromium: faults by axe-core in light, dark and print, what is wider than the screen, what is
// fetched. Prints JSON. Usage: node look.mjs CHROMIUM FILE FOLDER-FOR-SCREENSHOTS, beside node_modules.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const [chromiumPath, file, folder] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), 'package.json'));
const { chromium } = require('playwright-core');
const axe = require.resolve('axe-core');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const views = [
  { name: 'phone', width: 360, scheme: 'light', media: 'screen' },
  { name: 'phone-dark', width: 360, scheme: 'dark', media: 'screen' },
  { name: 'desktop', width: 1280, scheme: 'light', media: 'screen' },
  { name: 'desktop-dark', width: 1280, scheme: 'dark', media: 'screen' },
  { name: 'print', width: 794, scheme: 'light', media: 'print' },
];

const browser = await chromium.launch({ executablePath: chromiumPath, args: flags });
const found = {};
for (const view of views) {
  const context = await browser.newContext({ viewport: { width: view.width, height: 900 }, colorScheme: view.scheme });
  const page = await context.newPage();
  const fetched = [];
  page.on('request', (request) => fetched.push(request.url()));
  await page.emulateMedia({ media: view.media, colorScheme: view.scheme });
  await page.goto(pathToFileURL(file).href);
  await page.screenshot({ path: join(folder, `${view.name}.png`), fullPage: true });
  const seen = await page.evaluate(() => ({
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    // Letters of charts as they are on the screen, in pixels.
    letters: Math.min(...[...document.querySelectorAll('figure svg text')].map((text) => {
      const svg = text.ownerSVGElement;
      return parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    })),
    folded: [...document.querySelectorAll('details:not(.charted) table')].filter((table) => table.checkVisibility()).length,
    tables: document.querySelectorAll('details:not(.charted) table').length,
  }));
  await page.addScriptTag({ path: axe });
  const result = await page.evaluate(() => axe.run());
  const faults = result.violations.map((one) => `${one.impact} ${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
  found[view.name] = { ...seen, faults, passes: result.passes.length, fetched };
  if (view.name === 'desktop') await page.pdf({ path: join(folder, 'page.pdf'), preferCSSPageSize: true });
  await context.close();
}
await browser.close();
console.log(JSON.stringify(found));
