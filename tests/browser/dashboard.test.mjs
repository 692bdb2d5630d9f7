// The dashboard as its users have it: a real server, a real browser.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {inApi, live, setUp, startServer} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';
const most = {first: 90, all: 150};

const stage = setUp({signedIn: false});

test('a link signs in once, and its token leaves the address', async () => {
  const {page, complaints} = await stage.open('');
  await page.waitForSelector('form input[name=password]');
  await page.goto(stage.server.link);
  await live(page);
  assert.equal(new URL(page.url()).hash, '');
  // A visit without a session is no error, either.
  assert.deepEqual(complaints, []);
  const names = (await stage.context.cookies()).map(({name}) => name);
  assert.match(names.join(), /^gl-\w{8}$/, 'the session is all that keeps a browser in');
  await page.close();

  const stranger = await stage.browser.newContext();
  const {pathname, hash} = new URL(stage.server.link);
  const second = await stage.open(pathname + hash, stranger);
  await second.page.waitForSelector('[role=alert]');
  assert.match(await second.page.textContent('.sign-in'), /gridloom sign-in/);
  await stranger.close();
});

test('values move without a reload', async () => {
  const {page, complaints} = await stage.open('/');
  await live(page);
  const home = '.node.of-home .figure';
  await page.waitForSelector(home, {state: 'attached'});
  const first = await page.textContent(home);
  await page.waitForFunction(
    ([at, text]) => document.querySelector(at).textContent !== text,
    [home, first],
  );
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a set from the form changes the twin, and its reply is shown', async () => {
  const {page, complaints} = await stage.open(`/d/${delta}?tab=control`);
  const form = page.locator('form[data-command=lcdCfg]');
  const before_ = (await inApi(page, `/devices/${delta}`)).values['pd.lcdOffSec'];
  const asked = before_ === 1800 ? 600 : 1800;
  await form.locator('select.unit').selectOption('s');
  await form.locator('input[inputmode=decimal]').first().fill(String(asked));
  await form.locator('button.primary').click();
  await form.locator('[data-state=applied]').waitFor();
  assert.equal((await inApi(page, `/devices/${delta}`)).values['pd.lcdOffSec'], asked);
  await form.locator('summary').click();
  assert.match(await form.locator('pre').textContent(), /"ack": 0/);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a value out of range is refused at its field', async () => {
  const {page} = await stage.open(`/d/${delta}?tab=control`);
  const form = page.locator('form[data-command=lcdCfg]');
  await form.locator('input[inputmode=decimal]').first().fill('99999');
  await form.locator('[aria-invalid=true]').waitFor();
  assert.ok(await form.locator('button.primary').isDisabled());
  await page.close();
});

test('a dangerous command is asked about first, and Enter does not send it', async () => {
  const {page} = await stage.open(`/d/${delta}?tab=control`);
  const form = page.locator('form[data-command=dcOutCfg]');
  await form.locator('.segments label').first().click();
  await form.locator('button.primary').click();
  await form.locator('dialog[open]').waitFor();
  await page.keyboard.press('Enter');
  await form.locator('dialog:not([open])').waitFor({state: 'attached'});
  assert.equal(await form.locator('[data-state]').getAttribute('data-state'), 'idle');
  await page.close();
});

test('a plot loads, zooms by drawing over it, and goes back', async () => {
  const {page, complaints} = await stage.open(`/d/${delta}?tab=plots&span=1h`);
  const canvas = page.locator('.plot .u-over').first();
  await canvas.waitFor();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 100, {steps: 5});
  await page.mouse.up();
  await page.waitForURL(/from=\d+&to=\d+/);
  const {searchParams} = new URL(page.url());
  const span = Number(searchParams.get('to')) - Number(searchParams.get('from'));
  assert.ok(span > 0.2 * 3_600_000 && span < 0.4 * 3_600_000, `${span} ms of an hour`);
  await page.locator('.plot').first().focus();
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.searchParams.has('from'));
  assert.deepEqual(complaints, []);
  await page.close();
});

test('each navigation link works by keyboard and lands on the heading', async () => {
  const {page} = await stage.open('/');
  await live(page);
  for (const href of ['/history', '/alarms', '/fleet', '/settings']) {
    await page.locator(`.navigation a[href="${href}"]`).focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      (at) => location.pathname === at && document.querySelector('main h1'),
      href,
    );
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  }
  await page.goBack();
  await page.waitForURL(/fleet/);
  await page.close();
});

test('a fault shows on the card and as an alarm, and ends', async () => {
  const {page, complaints} = await stage.open('/');
  await live(page);
  const fault = (state) => stage.gridloom('fault', state, 'over_temperature', '--device', delta);
  fault('on');
  const card = page.locator('.device-card', {has: page.locator(`a[href="/d/${delta}"]`)});
  await card.locator('.fault').first().waitFor();
  await page.waitForSelector('.strip .worst.bad');
  await page.locator('.navigation a[href="/alarms"]').click();
  await page.locator('.alarm.active').first().waitFor();
  await page.locator('.alarm.active a[href*="tab=plots&from="]').first().waitFor(); // Since when is known.
  fault('off');
  await page.waitForFunction(() => document.querySelectorAll('.alarm.active').length === 0);
  await page.locator('.alarm.past').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('.strip .worst.bad'));
  assert.deepEqual(complaints, []);
  await page.close();
});

test('without the server the page says so, and its return needs no reload', async () => {
  const {page} = await stage.open('/');
  await live(page);
  await page.waitForSelector('.dots i', {state: 'attached'});
  await page.evaluate(() => {
    window.stillThisPage = true;
  });
  await stage.server.stop();
  await page.waitForSelector('.contact.lost');
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .filter((animation) => animation.effect.target.closest('.dots'))
      .every((animation) => animation.playState === 'paused'),
  );
  stage.server = await startServer({
    data: stage.server.data,
    address: new URL(stage.server.url).host,
  });
  await live(page);
  assert.equal(await page.evaluate(() => window.stillThisPage), true);
  await page.close();
});

test('signing out ends the page', async () => {
  const {page} = await stage.open('/settings');
  await page.getByRole('button', {name: 'Sign out'}).click();
  await page.waitForSelector('form input[name=account]');
  const status = await page.evaluate(async () => (await fetch('/api/v1/me')).status);
  assert.equal(status, 401);
  await page.close();
});

test('the first load and the whole page stay within their budgets', () => {
  const dist = process.env.GRIDLOOM_PAGE;
  const {outputs} = JSON.parse(readFileSync(`${dist}-meta.json`, 'utf8'));
  const size = (path) =>
    gzipSync(readFileSync(join(dist, 'assets', path.split('/').pop())), {level: 9}).length;
  const paths = Object.keys(outputs);
  const needed = new Set();
  const need = (path) => {
    if (needed.has(path)) return;
    needed.add(path);
    for (const {kind, path: imported} of outputs[path].imports) {
      if (kind === 'import-statement') need(imported);
    }
  };
  for (const path of paths) {
    if (['main.tsx', 'style/index.css'].includes(outputs[path].entryPoint)) need(path);
  }
  const kilobytes = (list) => [...list].reduce((sum, path) => sum + size(path), 0) / 1000;
  assert.ok(kilobytes(needed) < most.first, `first load: ${kilobytes(needed)} KB`);
  assert.ok(kilobytes(paths) < most.all, `everything: ${kilobytes(paths)} KB`);
});
