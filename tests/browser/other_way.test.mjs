// A house whose balcony inverter feeds more in than the house takes: a power that flows the other
// way has a word that says so, and the figures of a card add up.
import assert from 'node:assert/strict';
import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {inApi, live, newFolder, setUp} from './harness.mjs';

const battery = 'HJ31ZDH2ZF690025';
const folder = newFolder();
const home = join(folder, 'bungalow.yaml');
writeFileSync(
  home,
  `home: A house that feeds back
sites:
  house:
    household: {people: 1, kwh: 300}
    roofs:
      south: {azimuth: 180, tilt: 35}
    devices:
      - {sn: ${battery}, name: Home battery, plug: meter, panels: [south, south]}
      - {sn: HW513000SF767194, name: Balcony inverter, plug: feed_in, panels: [south, south]}
`,
);
after(() => rmSync(folder, {recursive: true}));

const stage = setUp({server: {home: ['--home', home], more: ['--start', '2026-06-20T12:30']}});

test('a load that feeds back is said to, on the card and on the page of its device', async () => {
  const {page} = await stage.open('/');
  await live(page);
  const card = page.locator('.device-card', {has: page.locator(`a[href="/d/${battery}"]`)});
  const row = card.locator('.figures > div.of-home');
  await page.waitForFunction(
    (sn) => document.querySelector(`.device-card:has(a[href="/d/${sn}"]) .of-home dt`) !== null,
    battery,
  );
  const {devices} = await inApi(page, '/home');
  const {loadPower_w: load_w} = devices.find(({sn}) => sn === battery);
  assert.ok(load_w < -10, `${load_w} W`);
  assert.equal(await row.locator('dt span').textContent(), 'Fed back');
  assert.match(await row.locator('dd').textContent(), /^\d+ W$/);
  await page.goto(`${stage.server.url}/d/${battery}`);
  await page.locator('.tile.of-home').getByText('Fed back').waitFor();
  await page.close();
});
