// A device that another account shares: what its page shows once the share ends.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {after, before, test} from 'node:test';
import {launch, live, openPage, startServer} from './harness.mjs';

const sn = 'R331ZEB4ZEAL0528';

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  server?.remove();
});

const gridloom = (...words) =>
  execFileSync(process.env.GRIDLOOM, [...words, '--data', server.data], {encoding: 'utf8'});

test('the page of a device whose share ends shows no values as live, until it is shared again', async () => {
  gridloom('account', 'add', 'ann');
  gridloom('device', 'share', sn, 'ann', 'monitor');
  const [link] = gridloom('sign-in', '--account', 'ann').match(/http:\S+/);
  const context = await browser.newContext({locale: 'en-GB'});
  const {page} = await openPage(context, server.url);
  await page.goto(link);
  await live(page);
  await page.goto(`${server.url}/d/${sn}`);
  await page.waitForSelector('.device-head .state-live');

  gridloom('device', 'share', sn, 'ann', 'none');
  await page.waitForSelector('.device-head', {state: 'detached'});
  assert.equal(await page.locator('.fields').count(), 0);
  assert.match(await page.textContent('main'), /not shared with you/);

  gridloom('device', 'share', sn, 'ann', 'monitor');
  await page.reload();
  await page.waitForSelector('.device-head .state-live');
});
