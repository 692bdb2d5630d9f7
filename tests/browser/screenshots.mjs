// Pictures of every page for the documents: dark and light, phone and desktop. The demo home lives
// through a day and a half, and stands still at noon; the same seed gives the same scene.
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {launch, live, openPage, startServer} from './harness.mjs';

const [folder] = process.argv.slice(2);
const station = 'R331ZEB4ZEAL0528';
const battery = 'HJ31ZDH2ZF690025';
const desktop = {width: 1280, height: 860};
const phone = {width: 390, height: 844};
const sizes = {desktop, phone};

/** Name, path, and what to wait for. */
const scenes = [
  ['device', `/d/${station}`, '.tile .spark path'],
  ['plots', `/d/${battery}?tab=plots`, '.plot canvas'],
  ['control', `/d/${station}?tab=control`, '.command'],
  ['history', '/history', '.bar-chart rect'],
  ['alarms', '/alarms', 'h1'],
  ['fleet', '/fleet', '.fleet-row'],
  ['settings', '/settings', '.session'],
  // Last: the server computes today's energies anew after some seconds only.
  ['home', '/', '.bar-chart rect'],
];

async function settle(page) {
  await page.waitForFunction(() => !document.querySelector('[aria-busy]'));
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

async function take(context, name, path, sign) {
  const {page, complaints} = await openPage(context, server.url);
  await page.goto(server.url + path);
  await page.waitForSelector(sign, {state: 'attached'});
  await settle(page);
  await page.screenshot({path: join(folder, `${name}.png`)});
  if (complaints.length > 0) console.error(`${name}: ${complaints.join('; ')}`);
  await page.close();
}

/** Until the devices' time stands still: the strip says so. */
async function waitForNoon(page) {
  await page.waitForFunction(
    () => /paused/.test(document.querySelector('.server-clock')?.textContent ?? ''),
    null,
    {timeout: 600_000},
  );
}

mkdirSync(folder, {recursive: true});
const server = await startServer({
  more: ['--start', '2026-06-20', '--until', '2026-06-21 12:40', '--speed', '1500'],
});
const browser = await launch();
try {
  const first = await browser.newContext({viewport: desktop, locale: 'en-GB'});
  const {page} = await openPage(first, server.url);
  await page.goto(server.link);
  await live(page);
  await waitForNoon(page);
  const storageState = await first.storageState();
  for (const colorScheme of ['dark', 'light']) {
    for (const [size, viewport] of Object.entries(sizes)) {
      const context = await browser.newContext({
        viewport,
        colorScheme,
        storageState,
        locale: 'en-GB',
      });
      for (const [name, path, sign] of scenes) {
        await take(context, `${name}-${size}-${colorScheme}`, path, sign);
      }
      await context.close();
    }
  }
  const wall = await browser.newContext({
    viewport: {width: 1600, height: 900},
    colorScheme: 'dark',
    storageState,
    locale: 'en-GB',
  });
  await take(wall, 'wall-desktop-dark', '/wall', '.flow svg');
  const german = await browser.newContext({
    viewport: phone,
    colorScheme: 'light',
    storageState,
    locale: 'de-DE',
  });
  await take(german, 'home-phone-german', '/', '.bar-chart rect');
  const nobody = await browser.newContext({viewport: phone, colorScheme: 'light', locale: 'en-GB'});
  await take(nobody, 'sign-in-phone-light', '/', 'form');
} finally {
  await browser.close();
  await server.stop();
  server.remove();
}
