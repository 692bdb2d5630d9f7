// The server is killed while somebody is at work on each page, and comes back: what the pages say
// meanwhile, that they come back by themselves, and that nothing is lost that was typed.
import assert from 'node:assert/strict';
import {cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
import {inApi, live, newFolder, settled, setUp, startServer} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';
const plug = 'HW52ZDH1RF3J0033';

let strangers;

const still = {locale: 'en-GB', reducedMotion: 'reduce'};

/**
 * A set to a device that does not answer is under way until the server is killed, however slow the machine is, if no
 * field shows its effect.
 */
const more = ['--set-timeout-ms', '120000'];

const stage = setUp({
  server: {more},
  context: still,
  prepare: async (ready) => {
    ready.gridloom('account', 'add', 'ann');
    strangers = await ready.browser.newContext(still);
    const page = await strangers.newPage();
    await page.goto(ready.linkTo('ann'));
    await live(page);
    await page.close();
  },
});

const paths = [
  '/',
  `/d/${delta}`,
  `/d/${delta}?tab=plots&span=1h`,
  `/d/${delta}?tab=control`,
  `/d/${plug}?tab=control`,
  '/history',
  '/alarms',
  '/fleet',
  '/settings',
  '/families',
  '/wall',
];

async function openAll(context, all) {
  const pages = new Map();
  for (const path of all) {
    const {page} = await stage.open(path, context);
    await settled(page);
    pages.set(path, page);
  }
  return pages;
}

const kill = () => stage.server.stop('SIGKILL');

async function startAgain() {
  const {data, url} = stage.server;
  stage.server = await startServer({data, address: new URL(url).host, more});
}

/** The page's own time until it has heard the server again, once that has said that it is ready. */
const untilLive = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const from = performance.now();
        const look = () => {
          if (document.querySelector('.contact .mark-live')) resolve(performance.now() - from);
          else requestAnimationFrame(look);
        };
        look();
      }),
  );

/** Nothing is said to be well, and the title and the strip say since when that is not known. */
async function checkAway(page, path) {
  await page.locator('.contact.lost').waitFor();
  const said = (await page.textContent('body')).replaceAll(/was (live|quiet)/g, '');
  assert.equal(await page.locator('.mark-live, .mark-quiet').count(), 0, path);
  assert.doesNotMatch(said, /\b(Live|live|Everything is well|Nothing is wrong)\b/, path);
  assert.match(await page.title(), /^No contact since \d\d:\d\d · .*Gridloom$/, path);
  assert.match(await page.textContent('.contact'), /No contact since \d\d:\d\d/, path);
}

async function checkBack(page, path) {
  await settled(page);
  assert.equal(await page.locator('main.frozen').count(), 0, path);
  assert.doesNotMatch(await page.textContent('main'), /No contact with|did not work|failed/, path);
  assert.doesNotMatch(await page.title(), /No contact/, path);
}

test('without the server nothing is well or live, and all of it comes back by itself', async () => {
  const homes = [
    [stage.context, await openAll(stage.context, paths)],
    [strangers, await openAll(strangers, ['/', '/history', '/alarms', '/fleet', '/wall'])],
  ];
  const [[, pages], [, empty]] = homes;

  // Work is under way: something is typed, and a set waits for the device's reply.
  stage.gridloom('fault', 'on', 'no_reply', '--device', plug);
  const control = pages.get(`/d/${delta}?tab=control`);
  const form = (name) => control.locator(`form[data-command=${name}]`);
  const deletion = pages.get(`/d/${plug}?tab=control`).locator('form[data-command=deleteTask]');
  const typed = form('lcdCfg').locator('input[inputmode=decimal]').first();
  await form('lcdCfg').locator('select.unit').selectOption('s');
  await typed.fill('777');
  await deletion.locator('input[inputmode=decimal]').fill('10');
  await deletion.locator('button.primary').click();
  await deletion.locator('[data-state=sending]').waitFor();
  await kill();

  for (const [, opened] of homes) for (const [path, page] of opened) await checkAway(page, path);
  await deletion.locator('[data-state=unknown]').waitFor();

  // A set is refused at once.
  await form('lcdCfg').locator('button.primary').click();
  await form('lcdCfg').locator('[data-state=away]').waitFor();
  // What was not loaded before comes once the server is back.
  for (const page of [pages.get('/'), empty.get('/')]) {
    await page.locator('.navigation a[href="/settings"]').click();
    await page.getByText('This comes by itself').first().waitFor();
  }
  await pages.get('/history').locator('.segments label', {hasText: 'Year'}).click();
  await pages.get('/history').getByText('This comes by itself').first().waitFor();
  await pages.get('/fleet').locator('input[type=search]').fill('plug');

  await startAgain();
  for (const [, opened] of homes) {
    const waited = await Promise.all([...opened.values()].map(untilLive));
    // All tabs come at once here, by few connections: the browser lets the last of them wait.
    assert.ok(Math.min(...waited) <= 2000, waited.map(Math.round).join(' '));
    for (const [path, page] of opened) await checkBack(page, path);
  }
  for (const page of [pages.get('/'), empty.get('/')]) {
    await page.getByRole('heading', {level: 1, name: 'Settings'}).waitFor();
    await page.locator('.session').first().waitFor();
  }
  await pages.get('/history').locator('.bar-chart').waitFor();
  assert.equal(await pages.get('/fleet').locator('input[type=search]').inputValue(), 'plug');

  // The forms are as they were, and each can be sent.
  assert.equal(await typed.inputValue(), '777');
  await deletion.locator('[data-state=unknown]').waitFor({state: 'detached'});
  await form('lcdCfg').locator('button.primary').click();
  await form('lcdCfg').locator('[data-state=applied]').waitFor();
  assert.equal((await inApi(control, `/devices/${delta}`)).values['pd.lcdOffSec'], 777);
  await deletion.locator('button.primary:enabled').waitFor();
  for (const [, opened] of homes) for (const page of opened.values()) await page.close();
});

test('a button, a look at the page and the network connect at once', async () => {
  const {page} = await stage.open('/');
  await live(page);
  const asked = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/session')) asked.push(request);
  });
  await kill();
  await page.locator('.contact.lost').waitFor();
  for (const ask of [
    () => page.getByRole('button', {name: 'Connect now'}).click(),
    () => page.evaluate(() => dispatchEvent(new Event('focus'))),
    () => page.evaluate(() => dispatchEvent(new Event('online'))),
  ]) {
    const request = page.waitForRequest(/\/session$/);
    await ask();
    await request;
  }
  await startAgain();
  await live(page);
  await page.close();
});

/** The page with other names of its files, as of another version. */
function otherVersion() {
  const page = join(newFolder(), 'page');
  cpSync(process.env.GRIDLOOM_PAGE, page, {recursive: true});
  const assets = join(page, 'assets');
  const names = readdirSync(assets);
  const renamed = (name) => name.replace(/\.(\w+)$/, '0.$1');
  for (const path of [join(page, 'index.html'), ...names.map((name) => join(assets, name))]) {
    let text = readFileSync(path, 'utf8');
    for (const name of names) text = text.replaceAll(name, renamed(name));
    writeFileSync(path, text);
  }
  for (const name of names) renameSync(join(assets, name), join(assets, renamed(name)));
  return page;
}

test('a page of an older version is loaded anew, with what was typed', async () => {
  const {page} = await stage.open(`/d/${plug}?tab=control`);
  const typed = page.locator('form input[inputmode=decimal]').first();
  await typed.fill('42');
  await kill();
  await page.locator('.contact.lost').waitFor();
  const older = process.env.GRIDLOOM_PAGE;
  process.env.GRIDLOOM_PAGE = otherVersion();
  await startAgain();
  await live(page);
  await page.locator('.navigation a[href="/history"]').click();
  await page.locator('.bar-chart').waitFor();
  await page.goBack();
  await typed.waitFor();
  assert.equal(await typed.inputValue(), '42');
  await page.close();
  await stage.server.stop();
  rmSync(dirname(process.env.GRIDLOOM_PAGE), {recursive: true});
  process.env.GRIDLOOM_PAGE = older;
  await startAgain();
});

test('what was typed when the session ended is there for who signs in again', async () => {
  const {page} = await stage.open(`/d/${plug}?tab=control`);
  const typed = page.locator('form input[inputmode=decimal]').first();
  await typed.fill('42');
  const other = (await stage.open('/settings')).page;
  await other.getByRole('button', {name: 'Sign out'}).click();
  await page.locator('form input[name=password]').waitFor();
  await page.goto(stage.linkTo('demo'));
  await typed.waitFor();
  assert.equal(await typed.inputValue(), '42');
  assert.equal(new URL(page.url()).search, '?tab=control');
  // Who signs out leaves nothing.
  await page.locator('.navigation a[href="/settings"]').click();
  await page.getByRole('button', {name: 'Sign out'}).click();
  await page.goto(stage.linkTo('demo'));
  await live(page);
  await page.goto(`${stage.server.url}/d/${plug}?tab=control`);
  await typed.waitFor();
  assert.notEqual(await typed.inputValue(), '42');
  await page.close();
});
