// The tokens and the shares of an account on its settings page, and removing a token.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {after, before, test} from 'node:test';
import {launch, live, openPage, startServer} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';

let server;
let browser;
let context;
let grafana;

const gridloom = (...words) =>
  execFileSync(process.env.GRIDLOOM, [...words, '--data', server.data], {encoding: 'utf8'});
const listed = (...words) =>
  gridloom(...words, '--json')
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

before(async () => {
  server = await startServer();
  browser = await launch();
  gridloom('account', 'add', 'kitchen');
  gridloom('device', 'share', delta, 'kitchen', 'monitor');
  grafana = JSON.parse(gridloom('token', 'add', 'Grafana', '--account', 'demo', '--json')).token;
  gridloom('token', 'add', 'frame', '--account', 'demo', '--scope', 'card', '--device', delta);
  gridloom('token', 'add', 'of another', '--account', 'kitchen');
  context = await browser.newContext({locale: 'en-GB'});
  const {page} = await openPage(context, server.url);
  await page.goto(server.link);
  await live(page);
  await page.close();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  server?.remove();
});

const status = async (token) =>
  (await fetch(`${server.url}/api/v1/me`, {headers: {Authorization: `Bearer ${token}`}})).status;

async function openSettings() {
  const opened = await openPage(context, server.url);
  await opened.page.goto(`${server.url}/settings`);
  await opened.page.locator('.session', {hasText: 'Grafana'}).waitFor();
  return opened;
}

test('tokens are listed by name, with what they may do, and never told', async () => {
  const {page, complaints} = await openSettings();
  const text = await page.textContent('.settings');
  assert.match(text, /Grafanamay read · made on .* · ends on /);
  assert.match(text, /framefor the card of Kitchen/);
  assert.doesNotMatch(text, /of another|glt_/);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('shares are listed with the account that they are for', async () => {
  const {page} = await openSettings();
  await page.getByText('with kitchen · may watch it').waitFor();
  await page.getByText('No other account shares a device').waitFor();
  await page.close();
});

test('a token is removed once that is confirmed, and ends at once', async () => {
  const {page, complaints} = await openSettings();
  assert.equal(await status(grafana), 200);
  const row = page.locator('.session', {hasText: 'Grafana'});
  await row.getByRole('button', {name: 'Remove Grafana'}).click();
  await page.locator('dialog[open]').getByRole('button', {name: 'Cancel'}).click();
  assert.equal(await status(grafana), 200);
  await row.getByRole('button', {name: 'Remove Grafana'}).click();
  await page.locator('dialog[open]').getByRole('button', {name: 'Remove', exact: true}).click();
  await row.waitFor({state: 'detached'});
  assert.equal(await status(grafana), 401);
  const names = listed('token', 'list', '--account', 'demo').map(({name}) => name);
  assert.deepEqual(names, ['frame']);
  const [entry] = listed('audit').filter(({what}) => what === 'token.remove');
  assert.equal(entry.who, 'demo');
  assert.match(entry.by, /^session \d+$/);
  assert.deepEqual(complaints, []);
  await page.close();
});
