// Every page of a home, in German and in English: what its first load costs, and what must not be
// on it. The homes differ in how many devices they have, and each has a file of tests.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {checkAccess, inApi, mostRequests, openPage, settled, setUp, widths} from './harness.mjs';

/** A first load weighs less over the wire, and so does what the stream says meanwhile. */
const mostBytes = {loaded: 150_000, streamed: 200_000};
const languages = {en: 'en-GB', de: 'de-DE'};
const desktop = {width: 1440, height: 900};
const phone = {width: 390, height: 844};
const smallPhone = {width: 320, height: 640};
/** A folder for pictures of what is tested. */
const pictures = process.env.GRIDLOOM_PICTURES;

/** The pages of a home with the device `sn`, by their names. */
const pagesOf = (sn) => ({
  home: {path: '/', isOfHome: true},
  device: {path: `/d/${sn}`, isOfDevice: true},
  plots: {path: `/d/${sn}?tab=plots`, isOfDevice: true},
  control: {path: `/d/${sn}?tab=control`, isOfDevice: true},
  day: {path: '/history?period=day&cmp=1', isOfHome: true},
  month: {path: '/history?period=month&cmp=1', isOfHome: true},
  year: {path: '/history?period=year&cmp=1', isOfHome: true},
  alarms: {path: '/alarms'},
  fleet: {path: '/fleet'},
  settings: {path: '/settings'},
  families: {path: '/families', isOfNoHome: true},
  family: {path: '/families/delta_2', isOfNoHome: true},
  wall: {path: '/wall'},
  card: {path: '/?embed'},
  device_card: {path: `/d/${sn}?embed`, isOfDevice: true},
  nothing: {path: '/nothing', isOfNoHome: true},
  sign_in: {path: '/sign-in', isForStrangers: true, isOfNoHome: true},
});

/** The address without its times: what the page asks again as these go on. */
function withoutTimes(address) {
  const url = new URL(address);
  url.searchParams.delete('from');
  url.searchParams.delete('to');
  return url.href;
}

/**
 * What a page asks the API for, and the bytes that come, as the browser counts them: what it asks
 * again is not of the first load, which takes long on a busy machine.
 */
async function count(context, page) {
  const counted = {loaded: 0, streamed: 0, asked: []};
  const first = new Set();
  const repeated = new Set();
  const ask = (address) => {
    const {pathname, search} = new URL(address);
    if (pathname.startsWith('/api/')) counted.asked.push(pathname + search);
  };
  page.on('request', (request) => ask(request.url()));
  page.on('websocket', (socket) => ask(socket.url()));
  const session = await context.newCDPSession(page);
  session.on('Network.requestWillBeSent', ({requestId, request}) => {
    if (!new URL(request.url).pathname.startsWith('/api/')) return;
    const address = withoutTimes(request.url);
    if (first.has(address)) repeated.add(requestId);
    first.add(address);
  });
  session.on('Network.loadingFinished', ({requestId, encodedDataLength}) => {
    if (!repeated.has(requestId)) counted.loaded += encodedDataLength;
  });
  session.on('Network.webSocketFrameReceived', ({response}) => {
    counted.streamed += Buffer.byteLength(response.payloadData);
  });
  await session.send('Network.enable');
  return counted;
}

async function wholePage(page, {isForStrangers}) {
  await (isForStrangers ? page.waitForSelector('form') : settled(page));
  await page.waitForLoadState('networkidle');
}

async function take(page, name) {
  for (const [size, viewport] of Object.entries({desktop, phone})) {
    await page.setViewportSize(viewport);
    await page.screenshot({path: join(pictures, `${name}-${size}.png`)});
  }
  await page.setViewportSize(desktop);
}

/** Either language has one of the colour schemes, and with `./test --long` both. */
const schemesOf = (lang) =>
  process.env.GL_LONG ? ['dark', 'light'] : [lang === 'en' ? 'dark' : 'light'];

/** The page as it is now has no violation. */
async function checkColours(page, lang, name) {
  for (const colorScheme of schemesOf(lang)) {
    await page.emulateMedia({colorScheme});
    await page.waitForFunction(
      (wanted) => document.documentElement.dataset.theme === wanted,
      colorScheme,
    );
    await checkAccess(page, `${name} ${colorScheme}`);
    if (pictures) await take(page, `${name}-${colorScheme}`);
  }
}

const fits = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth;

/** No page is wider than a phone, whatever the time of the day is. */
async function checkWidths(page, name) {
  for (const viewport of [phone, smallPhone]) {
    await page.setViewportSize(viewport);
    await page.evaluate(() => {
      for (const figure of document.querySelectorAll('.bars dd b')) figure.textContent = '88,88';
      for (const unit of document.querySelectorAll('.bars dd small')) unit.textContent = 'kWh';
    });
    await page.waitForFunction(fits, null, {timeout: 30_000}).catch(() => undefined); // A plot is drawn anew.
    const [scroll, client] = await widths(page);
    assert.ok(scroll <= client, `${name} is ${scroll} wide in ${client}`);
  }
}

/** Whether the browser complains of what the page cannot do without: of a device that is none. */
const isRefusal = (complaint) => /status of 40[34]/.test(complaint);

/**
 * Tests each page of a home of `devices` devices, of which `sn` is one, or those with the names in
 * `shown`, in German and English, or only in `lang` without `./test --long`; `server` and `account`
 * are those of setUp. Home asks for its energies again after `refresh_s`, which is sooner where the
 * devices' time is faster. Returns the stage, for more tests of that home.
 */
export function checkEveryPage({devices, sn, server, account, shown, lang: only, refresh_s = 10}) {
  const stage = setUp({server, account});
  if (pictures) mkdirSync(pictures, {recursive: true});

  test(`the home has ${devices} devices`, async () => {
    const {page} = await stage.open('/');
    const home = await inApi(page, '/home');
    assert.equal(home.devices.length, devices);
    await page.close();
  });

  for (const [lang, locale] of Object.entries(languages)) {
    if (only && lang !== only && !process.env.GL_LONG) continue;
    for (const [name, place] of Object.entries(pagesOf(sn))) {
      if (shown && !shown.includes(name)) continue;
      // The same in all homes: those with devices have it in either language.
      if (place.isOfNoHome && devices === 0 && !process.env.GL_LONG) continue;
      test(`${name}, ${lang}: a small first load, and nothing is wrong with it`, async () => {
        const options = {viewport: desktop, locale, colorScheme: 'dark', reducedMotion: 'reduce'};
        const context = place.isForStrangers
          ? await stage.browser.newContext(options)
          : await stage.contextWith(options);
        const {page, complaints} = await openPage(context, stage.server.url);
        const counted = await count(context, page);
        await page.goto(stage.server.url + place.path);
        await wholePage(page, place);
        const {loaded, streamed, asked} = counted;
        assert.ok(loaded > 0 && loaded < mostBytes.loaded, `${loaded} bytes`);
        assert.ok(streamed < mostBytes.streamed, `${streamed} bytes of the stream`);
        if (place.isOfHome) assert.ok(asked.length <= mostRequests, asked.join('\n'));

        assert.equal(await page.getAttribute('html', 'lang'), lang);
        const text = await page.evaluate(() => document.body.innerText);
        assert.doesNotMatch(text, /NaN|undefined|\[object|Infinity/);
        const picture = `${devices}-${name}-${lang}`;
        await checkColours(page, lang, picture);
        await checkWidths(page, picture);
        const isMissing = place.isOfDevice && devices === 0;
        assert.deepEqual(
          complaints.filter((complaint) => !(isMissing && isRefusal(complaint))),
          [],
        );
        await context.close();
      });
    }
  }

  if (devices === 0) return stage;
  test('Home asks for the day again after a while, in a few requests', async () => {
    const {page} = await openPage(stage.context, stage.server.url);
    await page.clock.install();
    await page.goto(stage.server.url);
    await wholePage(page, {});
    const {asked} = await count(stage.context, page);
    const ofTheDay = page.waitForResponse(/home\/energy/);
    const ofTheCurve = page.waitForResponse(/home\/series/);
    await page.clock.runFor(refresh_s * 1000);
    await Promise.all([ofTheDay, ofTheCurve]);
    await settled(page);
    // By the page's clock the server was silent meanwhile: it has connected anew, and asked for
    // the home.
    const ofEnergies = asked.filter((path) => !/\/(home|live)$/.test(path));
    assert.ok(ofEnergies.length <= mostRequests, asked.join('\n'));
    await page.close();
  });
  return stage;
}
