// The tokens and the shares of an account on its settings page, and removing a token.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setUp} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';

let grafana;

const stage = setUp({
  prepare: (made) => {
    made.gridloom('account', 'add', 'kitchen');
    made.gridloom('device', 'share', delta, 'kitchen', 'monitor');
    const said = made.gridloom('token', 'add', 'Grafana', '--account', 'demo', '--json');
    grafana = JSON.parse(said).token;
    made.gridloom(
      'token',
      'add',
      'frame',
      '--account',
      'demo',
      '--scope',
      'card',
      '--device',
      delta,
    );
    made.gridloom('token', 'add', 'of another', '--account', 'kitchen');
  },
});

const listed = (...words) =>
  stage
    .gridloom(...words, '--json')
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const status = async (token) => {
  const headers = {Authorization: `Bearer ${token}`};
  return (await fetch(`${stage.server.url}/api/v1/me`, {headers})).status;
};

async function openSettings() {
  const opened = await stage.open('/settings');
  await opened.page.locator('.session', {hasText: 'Grafana'}).waitFor();
  return opened;
}

test('tokens are listed by name, with what they may do, and never told', async () => {
  const {page, complaints} = await openSettings();
  // A device has its name once the live stream has told it, and its serial number until then.
  await page.locator('.session', {hasText: 'for the card of Kitchen'}).waitFor();
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
