// The pages of a home with two thousand devices. They have lived a quarter of an hour and stand still:
// what is tested is the page, not how many reports come.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {checkEveryPage} from './every_page.mjs';
import {checkAccess} from './harness.mjs';

const families = {delta_2: 1000, power_stream: 400, power_ocean: 200, smart_plug: 400};

const stage = checkEveryPage({
  devices: 2000,
  sn: 'R331SIM00000001',
  refresh_s: 60,
  // Those that show many devices, or what is summed of them. The plots of a device are not within
  // the budget here: they weigh 155 KB, of which the home is 25.
  shown: ['home', 'device', 'day', 'year', 'alarms', 'fleet', 'wall', 'card'],
  server: {
    home: [
      '--demo',
      '--demo-home',
      Object.entries(families)
        .map((one) => one.join('='))
        .join(),
    ],
    more: ['--past', '15m', '--paused'],
  },
});

test('an outage is an alarm of each device, of which a hundred are shown at once', async () => {
  stage.gridloom('fault', 'on', 'disconnect');
  const {page, complaints} = await stage.open('/alarms');
  const shown = page.locator('.alarm.active');
  await page.waitForFunction(
    () => document.querySelector('#active-title .muted')?.textContent === '2000',
  );
  assert.equal(await shown.count(), 100);
  await checkAccess(page, 'an outage');
  await page.getByRole('button', {name: 'Show more (1900 left)'}).click();
  await page.waitForFunction(() => document.querySelectorAll('.alarm.active').length === 200);
  assert.deepEqual(complaints, []);
  await page.close();
});
