// A card of the dashboard in another site's page, by a token that stands in the frame's address.
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {after, test} from 'node:test';
import {setUp} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';

let frame = '';
let token;
// The other site: localhost is none of 127.0.0.1's.
const host = createServer((_request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end(`<!doctype html><title>Host</title><iframe src="${frame}"></iframe>`);
});
const hostUrl = () => `http://localhost:${host.address().port}`;

const stage = setUp({
  server: async () => {
    await new Promise((resolve) => {
      host.listen(0, 'localhost', resolve);
    });
    return {more: ['--speed', '30', '--embed-origin', hostUrl()]};
  },
  signedIn: false,
  prepare: (made) => {
    made.gridloom('account', 'add', 'kitchen');
    made.gridloom('device', 'share', delta, 'kitchen', 'monitor');
    const said = made.gridloom('token', 'add', 'card', '--account', 'kitchen');
    [, token] = said.match(/^token: (\S+)/m);
  },
});

after(() => host.close());

/** The frame of the other site's page, and what its console says. */
async function framed(path) {
  frame = stage.server.url + path;
  const context = await stage.browser.newContext({locale: 'en-GB'});
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(hostUrl());
  return {context, page, complaints, card: page.frameLocator('iframe')};
}

test('a card shows its device live, and its token leaves the address', async () => {
  const {context, page, complaints, card} = await framed(`/d/${delta}?embed#token=${token}`);
  await card.locator('.device-card h1').waitFor();
  await card.locator('.device-card .state-live').waitFor();
  const inner = page.frames().at(-1);
  assert.equal(await inner.evaluate(() => location.hash), '');
  assert.equal(await inner.evaluate(() => document.querySelectorAll('form, nav').length), 0);
  const others = await inner.evaluate(async () => (await fetch('/api/v1/home')).status);
  assert.equal(others, 401, 'no cookie stands for the token');
  const opened = context.waitForEvent('page');
  await card.locator('.device-card a').first().click();
  await (await opened).waitForURL(new RegExp(`/d/${delta}$`));
  assert.deepEqual(
    complaints.filter((text) => !text.includes('401')),
    [],
  );
  await context.close();
});

test('a card without a good token says so, and asks nobody to sign in', async () => {
  const {context, card} = await framed(`/d/${delta}?embed#token=glt_none`);
  await card.getByText('This card needs a token').waitFor();
  assert.equal(await card.locator('form').count(), 0);
  await context.close();
});

test('no other page than a card is shown in a frame', async () => {
  const {context, page, complaints} = await framed(`/d/${delta}?tab=control`);
  await page.waitForLoadState();
  assert.ok(
    complaints.some((text) => text.includes('frame-ancestors')),
    complaints.join('\n'),
  );
  await context.close();
});
