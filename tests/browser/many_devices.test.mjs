// What a demo home does not have: ten thousand devices, and names that are no friends.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {openPage, setUp} from './harness.mjs';

const stage = setUp();

const nothingYet = {
  sun_kwh: null,
  gridImport_kwh: null,
  gridExport_kwh: null,
  home_kwh: null,
  batteryIn_kwh: null,
  batteryOut_kwh: null,
  selfSufficiency_percent: null,
  unknown_s: null,
};

/** A page whose home has these devices; the stream stays silent. */
async function openWith(path, devices) {
  const {page, complaints} = await openPage(stage.context, stage.server.url);
  await page.routeWebSocket(/\/api\/v1\/live/, () => undefined);
  const home = {
    now: Date.now(),
    nodes: {home: {power_w: null}, grid: {power_w: null}},
    flows: [],
    today: nothingYet,
    devices,
  };
  await page.route('**/api/v1/home', (route) => route.fulfill({json: home}));
  // The server has none of them.
  const noDay = {step: 1_800_000, times: [], powers_w: {}, charge_percent: [], devices: []};
  await page.route(/\/home\/series\?.*devices=/, (route) => route.fulfill({json: noDay}));
  await page.goto(stage.server.url + path);
  return {page, complaints};
}

const someDevice = (i, more = {}) => ({
  sn: `SN${i}`,
  name: `Device ${i}`,
  family: 'delta_2',
  familyName: 'DELTA 2',
  role: 'consumer',
  state: i % 50 === 0 ? 'offline' : 'live',
  lastReport: Date.now(),
  charge_percent: i % 101,
  faults: [],
  ...more,
});

/** How often the list is scrolled, two screens and more each time. */
const SCROLLS = 120;

/** Scrolls through a fleet: the most rows in the document at once, and what a scroll cost. */
async function scrollThrough(count) {
  const devices = Array.from({length: count}, (_, i) => someDevice(i));
  const {page} = await openWith('/fleet', devices);
  await page.waitForSelector('.fleet-row');
  const session = await stage.browser.newBrowserCDPSession();
  const events = [];
  session.on('Tracing.dataCollected', ({value}) => events.push(...value));
  await session.send('Tracing.start', {traceConfig: {includedCategories: ['toplevel']}});
  const mostRows = await page.evaluate(async (scrolls) => {
    const list = document.querySelector('.fleet-scroll');
    const range = list.scrollHeight - list.clientHeight;
    let rows = 0;
    for (let i = 1; i <= scrolls; i++) {
      list.scrollTop = (i * 2000) % range;
      await new Promise(requestAnimationFrame);
      rows = Math.max(rows, document.querySelectorAll('.fleet-row').length);
    }
    return rows;
  }, SCROLLS);
  const complete = new Promise((resolve) => {
    session.once('Tracing.tracingComplete', resolve);
  });
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  await page.close();
  const mains = new Set(
    events
      .filter((event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain')
      .map((event) => `${event.pid} ${event.tid}`),
  );
  // The time of the thread, not of the wall: another program may have the processor meanwhile.
  const tasks = events.filter(
    (event) => event.tdur !== undefined && mains.has(`${event.pid} ${event.tid}`),
  );
  assert.ok(tasks.length > SCROLLS, 'the trace has the tasks of the page');
  const longest_us = tasks.map((task) => task.tdur).sort((a, b) => b - a);
  // The longest tasks by their middle: the collector of garbage takes one or the other.
  return {mostRows, typical_us: longest_us[SCROLLS / 2]};
}

test('ten thousand devices scroll as a few hundred do', async () => {
  const few = await scrollThrough(500);
  const many = await scrollThrough(10_000);
  assert.ok(many.mostRows < 40, `${many.mostRows} rows in the document`);
  const ratio = many.typical_us / few.typical_us;
  assert.ok(ratio < 2, `a scroll costs ${many.typical_us} us, of 500 devices ${few.typical_us} us`);
});

test('names are text, whatever they say, and unknown is no number', async () => {
  const name = '<img src=x onerror=alert(1)>"\'&\u202e';
  const fault = {field: 'a', severity: 'fault', title: name, value: 1, text: name};
  const devices = [
    someDevice(1, {name, faults: [fault]}),
    someDevice(2, {state: 'never', lastReport: null, charge_percent: null}),
  ];
  for (const path of ['/', '/alarms', '/fleet', '/wall']) {
    const {page, complaints} = await openWith(path, devices);
    await page.getByText('<img src=x').first().waitFor({state: 'attached'});
    assert.equal(await page.locator('img[src=x]').count(), 0);
    if (path === '/') {
      assert.equal((await page.textContent('.node.of-home .figure')).trim(), '—');
      assert.match(await page.textContent('.ring-figure'), /—/);
    }
    assert.deepEqual(complaints, [], path);
    await page.close();
  }
});
