// A device that another account shares: what its page shows once the share ends.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {live, openPage, setUp} from './harness.mjs';

const sn = 'R331ZEB4ZEAL0528';

const stage = setUp({signedIn: false});

test('the page of a device whose share ends shows no values as live, until it is shared again', async () => {
  stage.gridloom('account', 'add', 'ann');
  stage.gridloom('device', 'share', sn, 'ann', 'monitor');
  const context = await stage.browser.newContext({locale: 'en-GB'});
  const {page} = await openPage(context, stage.server.url);
  await page.goto(stage.linkTo('ann'));
  await live(page);
  await page.goto(`${stage.server.url}/d/${sn}`);
  await page.waitForSelector('.device-head .state-live');

  stage.gridloom('device', 'share', sn, 'ann', 'none');
  await page.waitForSelector('.device-head', {state: 'detached'});
  assert.equal(await page.locator('.fields').count(), 0);
  assert.match(await page.textContent('main'), /not shared with you/);

  stage.gridloom('device', 'share', sn, 'ann', 'monitor');
  await page.reload();
  await page.waitForSelector('.device-head .state-live');

  // Each open page is told, also while no device reports.
  const pages = [];
  for (const path of ['/fleet', '/', '/fleet']) {
    const {page: opened} = await openPage(context, stage.server.url);
    await opened.goto(stage.server.url + path);
    await opened.waitForSelector(`main a[href="/d/${sn}"]`);
    pages.push(opened);
  }
  stage.gridloom('time', 'pause');
  stage.gridloom('device', 'share', sn, 'ann', 'none');
  for (const opened of pages) {
    await opened.waitForSelector(`main a[href="/d/${sn}"]`, {state: 'detached'});
  }
  await context.close();
});
