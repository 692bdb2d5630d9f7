// A card of the dashboard in another site's page, by a token that stands in the frame's address.
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {after, test} from 'node:test';
import {patience_ms, setUp} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';

let frame = '';
const tokens = {};
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
    const card = (name, ...more) =>
      made
        .gridloom('token', 'add', name, '--account', 'demo', '--scope', 'card', ...more)
        .match(/^token: (\S+)/m)[1];
    tokens.device = card('device', '--device', delta);
    tokens.home = card('home');
  },
});

after(() => host.close());

/** The frame of the other site's page, and what its console says. */
async function framed(path) {
  frame = stage.server.url + path;
  const context = await stage.browser.newContext({locale: 'en-GB'});
  context.setDefaultTimeout(patience_ms);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(hostUrl());
  return {context, page, complaints, card: page.frameLocator('iframe')};
}

/** What the interface answers in the frame, as whoever reads the other site's source may ask it. */
const asked = (inner, path, token) =>
  inner.evaluate(
    async ([url, bearer]) => {
      const headers = bearer ? {Authorization: `Bearer ${bearer}`} : {};
      const answer = await fetch(`/api/v1${url}`, {headers});
      return {status: answer.status, body: await answer.json()};
    },
    [path, token],
  );

test('a card shows its device live, and its token leaves the address', async () => {
  const {context, page, complaints, card} = await framed(
    `/d/${delta}?embed#token=${tokens.device}`,
  );
  await card.locator('.device-card h1').waitFor();
  await card.locator('.device-card .state-live').waitFor();
  const inner = page.frames().at(-1);
  assert.equal(await inner.evaluate(() => location.hash), '');
  assert.equal(await inner.evaluate(() => document.querySelectorAll('form, nav').length), 0);
  const others = await asked(inner, '/home');
  assert.equal(others.status, 401, 'no cookie stands for the token');
  const opened = context.waitForEvent('page');
  await card.locator('.device-card a').first().click();
  await (await opened).waitForURL(new RegExp(`/d/${delta}$`));
  assert.deepEqual(
    complaints.filter((text) => !text.includes('401')),
    [],
  );
  await context.close();
});

test('a card shows the picture of the home, which tells nothing of its devices', async () => {
  const {context, page, complaints, card} = await framed(`/?embed#token=${tokens.home}`);
  await card.locator('.flow svg .node.of-home').waitFor();
  const inner = page.frames().at(-1);
  const {status, body} = await asked(inner, '/home', tokens.home);
  assert.equal(status, 200);
  assert.deepEqual(body.devices, []);
  assert.ok(Object.keys(body.nodes).length >= 3, JSON.stringify(body.nodes));
  assert.deepEqual(complaints, []);
  await context.close();
});

test('whoever takes the token of a card from the page learns what the card shows', async () => {
  const {context, page, card} = await framed(`/d/${delta}?embed#token=${tokens.device}`);
  await card.locator('.device-card h1').waitFor();
  const inner = page.frames().at(-1);
  const {body} = await asked(inner, '/home', tokens.device);
  assert.deepEqual(
    body.devices.map(({sn}) => sn),
    [delta],
  );
  assert.deepEqual(body.nodes, {});
  for (const path of ['/me', '/devices', `/devices/${delta}`, '/events', '/home/energy']) {
    assert.equal((await asked(inner, path, tokens.device)).status, 403, path);
  }
  await context.close();
});

test('the token of a card opens no other card', async () => {
  const home = await framed(`/?embed#token=${tokens.device}`);
  await home.card.getByText('This card needs a token').waitFor();
  await home.context.close();
  const device = await framed(`/d/${delta}?embed#token=${tokens.home}`);
  await device.card.getByText('There is no such device').waitFor();
  await device.context.close();
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
