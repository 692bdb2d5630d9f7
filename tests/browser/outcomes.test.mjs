// The page says so when something goes wrong: a set whose device or server is silent, a link that
// is pasted into an open tab, a device that is gone, an address that means nothing.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {inApi, live, setUp} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';
const plug = 'HW52ZDH1RF3J0033';

const stage = setUp();

/** The form of the display's time, with a value that is not the present one. */
async function filledForm(page) {
  const form = page.locator('form[data-command=lcdCfg]');
  await form.waitFor();
  const now = (await inApi(page, `/devices/${delta}`)).values['pd.lcdOffSec'];
  const asked = now === 1800 ? 600 : 1800;
  await form.locator('select.unit').selectOption('s');
  await form.locator('input[inputmode=decimal]').first().fill(String(asked));
  return {form, asked};
}

test('a set that is done without a reply is done', async () => {
  stage.gridloom('fault', 'on', 'no_reply', '--device', delta);
  const {page} = await stage.open(`/d/${delta}?tab=control`);
  const {form, asked} = await filledForm(page);
  await form.locator('button.primary').click();
  await form.locator('[data-state=applied]').waitFor();
  assert.equal((await inApi(page, `/devices/${delta}`)).values['pd.lcdOffSec'], asked);
  stage.gridloom('fault', 'off', 'no_reply', '--device', delta);
  await page.close();
});

test('a set whose answer is lost is unknown, and decided on return', async () => {
  const {page} = await stage.open(`/d/${delta}?tab=control`);
  await live(page);
  const {form, asked} = await filledForm(page);
  // The command reaches the server, and its answer does not reach the page.
  let asks = 0;
  await page.route('**/commands', async (route) => {
    await route.fetch();
    await route.abort('connectionreset');
  });
  await page.route('**/commands/*', async (route) => {
    asks++;
    if (asks === 1) await route.abort('connectionreset');
    else await route.continue();
  });
  await form.locator('button.primary').click();
  await form.locator('[data-state=unknown]').waitFor();
  assert.doesNotMatch(await form.textContent(), /Refused/);
  await form.locator('[data-state=applied]').waitFor();
  assert.ok(asks >= 2);
  assert.equal((await inApi(page, `/devices/${delta}`)).values['pd.lcdOffSec'], asked);
  await page.close();
});

test('a set that never reached the server is not sent, and the form keeps its value', async () => {
  const {page} = await stage.open(`/d/${delta}?tab=control`);
  await live(page);
  const {form, asked} = await filledForm(page);
  await page.route('**/commands', (route) => route.abort('connectionrefused'));
  await form.locator('button.primary').click();
  await form.locator('[data-state=lost]').waitFor();
  const typed = await form.locator('input[inputmode=decimal]').first().inputValue();
  assert.equal(typed, String(asked));
  await page.unroute('**/commands');
  await form.locator('button.primary').click();
  await form.locator('[data-state=applied]').waitFor();
  await page.close();
});

test('a sign-in link that is pasted into the tab that refused another signs in', async () => {
  const stranger = await stage.browser.newContext({locale: 'en-GB'});
  const {page} = await stage.open('/sign-in#t=spent', stranger);
  await page.waitForSelector('.sign-in [role=alert]');
  assert.equal(new URL(page.url()).hash, '');
  const entries = await page.evaluate(() => history.length);
  const link = stage.linkTo('demo');
  await page.evaluate((hash) => {
    location.hash = hash; // As the address bar does where the fragment alone differs.
  }, new URL(link).hash);
  await live(page);
  assert.equal(new URL(page.url()).hash, '');
  assert.ok((await page.evaluate(() => history.length)) <= entries + 1);
  await page.goBack();
  assert.doesNotMatch(page.url(), /#t=/);
  await stranger.close();
});

test('the page of a device that is removed says so, and leads back', async () => {
  const {page} = await stage.open(`/d/${plug}`);
  await page.waitForSelector('.device-head .state-live');
  stage.gridloom('device', 'remove', plug);
  await page.waitForSelector('.device-head', {state: 'detached'});
  assert.equal(await page.locator('.fields').count(), 0);
  assert.match(await page.textContent('main'), /no such device/);
  await page.locator('main a[href="/fleet"]').click();
  await page.waitForURL(/fleet/);
  await page.close();
});

test('an address that means nothing is no failure of a script', async () => {
  for (const [path, said] of [
    ['/d/%E0%A4%A', /no such page/],
    ['/nothing', /no such page/],
    ['/constructor', /no such page/],
    ['/history?at=garbage', /History/],
    ['/history?at=2026-99-99&period=month', /History/],
    [`/d/${delta}?tab=garbage`, /DELTA 2/],
    ['/d/NONE?embed', /no such device/],
  ]) {
    const {page} = await stage.open(path);
    await page.waitForSelector('main h1');
    assert.match(await page.textContent('main'), said, path);
    assert.doesNotMatch(await page.textContent('main'), /part of the page failed/, path);
    await page.close();
  }
});
