// Home, History, Fleet, Alarms, Settings and the wall, as their users have them: a home that has
// lived two days, one of them of 25 hours, and nothing that is not there.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {inApi, live, mostRequests, openPage, settled, setUp, widths} from './harness.mjs';

const station = 'R331ZEB4ZEAL0528';
const plug = 'HW52ZDH1RF3J0033';
const panel = 'SP10ZAW5ZE9E0052';
const languages = ['en-GB', 'de-DE'];

const stage = setUp({
  server: {
    more: ['--start', '2026-10-26T13:24', '--past', '2d', '--speed', '30'],
    zone: 'Europe/Berlin',
  },
  signedIn: false,
});

/** A page that is loaded, with what it asked the API for. */
async function open(path, from = stage.context) {
  const {page, complaints} = await openPage(from, stage.server.url);
  const asked = [];
  page.on('request', (request) => {
    const {pathname} = new URL(request.url());
    if (pathname.startsWith('/api/')) asked.push(pathname);
  });
  await page.goto(stage.server.url + path);
  await settled(page);
  return {page, complaints, asked};
}

test('a first visit asks for nothing that is refused, and a link signs in', async () => {
  const {page, complaints} = await openPage(stage.context, stage.server.url);
  await page.goto(stage.server.url);
  await page.waitForSelector('form input[name=password]');
  await page.waitForLoadState('networkidle');
  assert.deepEqual(complaints, []);
  await page.goto(stage.server.link);
  await live(page);
  await page.reload();
  await live(page);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('Home has the curve of the day and its hours, in a few requests', async () => {
  const {page, complaints, asked} = await open('/');
  await live(page);
  await page.waitForSelector('.day-curve .line-of-home .curve', {state: 'attached'});
  await page.waitForSelector('.day-curve .line-of-charge .curve', {state: 'attached'});
  await page.waitForSelector('.hours .bar-chart rect', {state: 'attached'});
  assert.ok(asked.length <= mostRequests, asked.join('\n'));
  // The axis is that of the whole day, also where nothing is measured yet.
  const labels = await page.locator('.hours .bar-chart svg > text').allTextContents();
  assert.ok(labels.includes('00:00') && labels.includes('21:00'), labels.join());
  await page.locator('.day-curve').focus();
  await page.keyboard.press('Home');
  await page.waitForFunction(
    () => document.querySelector('.curve-legend time').textContent === '00:00',
  );
  assert.deepEqual(complaints, []);
  await page.close();
});

test('energies of today are in one unit', async () => {
  const {page} = await open('/');
  const units = await page.locator('.ledger .bars small').allTextContents();
  assert.ok(units.length >= 4);
  assert.equal(new Set(units).size, 1, units.join());
  await page.close();
});

test('cards of devices stand by trouble and power, not by name', async () => {
  stage.gridloom('fault', 'on', 'disconnect', '--device', plug);
  try {
    const {page} = await open('/');
    await live(page);
    await page.waitForFunction(
      (sn) => document.querySelector('.device-card a').getAttribute('href') === `/d/${sn}`,
      plug,
    );
    const shown = await page
      .locator('.device-card h3 a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href').slice(3)));
    const {devices} = await inApi(page, '/home');
    assert.equal(shown.length, devices.length);
    const power = (sn) => {
      const one = devices.find((device) => device.sn === sn);
      const all = [one.sunPower_w, one.batteryPower_w, one.loadPower_w, one.gridPower_w];
      return Math.max(0, ...all.map((power_w) => Math.abs(power_w ?? 0)));
    };
    // Powers change meanwhile: the half in front has more than the half behind.
    const [, ...rest] = shown.map(power);
    const sum = (list) => list.reduce((total, power_w) => total + power_w, 0);
    const half = Math.ceil(rest.length / 2);
    assert.ok(sum(rest.slice(0, half)) >= sum(rest.slice(half)), rest.join());
    await page.close();
  } finally {
    stage.gridloom('fault', 'off', 'disconnect', '--device', plug);
  }
});

test('cards have the day of their devices, in one request, and say what plugs and panels do', async () => {
  const {page, complaints} = await openPage(stage.context, stage.server.url);
  const asked = [];
  page.on('request', (request) => {
    const {pathname, searchParams} = new URL(request.url());
    if (searchParams.has('devices')) asked.push([pathname, searchParams.get('devices')]);
  });
  await page.goto(stage.server.url);
  await live(page);
  await page.waitForSelector('.device-card .spark path', {state: 'attached'});
  const count = await page.locator('.device-card').count();
  // The same question comes again after a while.
  for (const [pathname, devices] of asked) {
    assert.equal(pathname, '/api/v1/home/series');
    assert.equal(devices.split(',').length, count);
  }
  assert.equal(await page.locator('.device-card .spark path:not(.zero)').count(), count);
  assert.equal(await page.locator('.device-card .card-head b').count(), count);
  const cardOf = (sn) => page.locator('.device-card', {has: page.locator(`a[href="/d/${sn}"]`)});
  await cardOf(plug)
    .locator('.facts dd', {hasText: /^(on|off)$/})
    .waitFor();
  await cardOf(panel).locator('.circuit-bars').waitFor();
  assert.equal(await cardOf(panel).locator('.circuit-bars i').count(), 12);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('the legend of the day stays within its card on a phone, in both languages', async () => {
  for (const locale of languages) {
    const phone = await stage.contextWith({viewport: {width: 390, height: 844}, locale});
    const {page} = await stage.open('/', phone);
    await page.waitForSelector('.curve-legend li:nth-child(6)');
    const room = await page.locator('.curve-legend').evaluate((legend) => {
      const {right} = legend.getBoundingClientRect();
      const ends = [...legend.querySelectorAll('span, b, time')].map(
        (text) => text.getBoundingClientRect().right,
      );
      return right - Math.max(...ends);
    });
    assert.ok(room >= 0, `${locale}: ${room}`);
    await phone.close();
  }
});

test('nothing in the picture is cut off, in both languages', async () => {
  for (const locale of languages) {
    const phone = await stage.contextWith({
      viewport: {width: 390, height: 844},
      locale,
    });
    const {page} = await open('/', phone);
    await page.waitForSelector('.node .caption', {state: 'attached'});
    const outside = await page.evaluate(() => {
      const box = document.querySelector('.flow svg').getBoundingClientRect();
      return [...document.querySelectorAll('.flow text')]
        .filter((text) => {
          const at = text.getBoundingClientRect();
          return at.left < box.left || at.right > box.right || at.bottom > box.bottom;
        })
        .map((text) => text.textContent);
    });
    assert.deepEqual(outside, [], locale);
    await phone.close();
  }
});

test('dots stand still while the devices do', async () => {
  const {page} = await open('/');
  await live(page);
  await page.waitForSelector('.dots i', {state: 'attached'});
  const dotsAre = (state) =>
    page.waitForFunction((wanted) => {
      const dots = document
        .getAnimations()
        .filter((animation) => animation.effect.target.closest('.dots'));
      return dots.length > 0 && dots.every((animation) => animation.playState === wanted);
    }, state);
  await dotsAre('running');
  stage.gridloom('time', 'pause');
  try {
    await dotsAre('paused');
    assert.match(await page.textContent('.server-clock'), /paused/);
  } finally {
    stage.gridloom('time', 'resume');
  }
  await dotsAre('running');
  await page.close();
});

test('History opens a month and a day, by click and by key', async () => {
  const {page, complaints, asked} = await open('/history?period=year');
  const bars = page.locator('.bar-chart');
  await bars.waitFor();
  assert.ok(asked.length <= mostRequests, asked.join('\n'));
  const {now} = await inApi(page, '/home');
  const {zone} = await inApi(page, '/me');
  // By its parts: the order of a date changes with the version of the locales.
  const {year, month, day} = Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', {timeZone: zone, dateStyle: 'short'})
      .formatToParts(now)
      .map(({type, value}) => [type, Number(value)]),
  );
  const labels = await page.locator('.bar-chart svg > text').allTextContents();
  assert.ok(labels.includes('Jan') && labels.includes('Dec'), labels.join());
  // The bar of the present month, by its place.
  const box = await bars.boundingBox();
  const left = 46;
  await page.mouse.click(
    box.x + left + ((month - 0.5) * (box.width - left)) / 12,
    box.y + box.height / 2,
  );
  await page.waitForURL(/period=month/);
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.bar-chart svg > text')].some(
      (text) => text.textContent === '1',
    ),
  );
  await bars.focus();
  await page.keyboard.press('Home');
  for (let at = 1; at < day; at++) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForURL(/period=day/);
  await settled(page);
  const wanted = [year, month, day].map((part) => String(part).padStart(2, '0')).join('-');
  assert.equal(await page.inputValue('input[type=date]'), wanted);
  await page.waitForFunction(() => document.activeElement?.classList.contains('bar-chart'));
  await page.waitForSelector('.day-curve .curve', {state: 'attached'});
  await page.goBack();
  await page.waitForURL(/period=month/);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a week has its weekdays, in both languages', async () => {
  for (const [locale, first, last] of [
    ['en-GB', /^Mon \d/, /^Sun \d/],
    ['de-DE', /^Mo \d/, /^So \d/],
  ]) {
    const own = await stage.contextWith({
      viewport: {width: 1440, height: 900},
      locale,
    });
    const {page} = await open('/history?period=week', own);
    await page.locator('.bar-chart').waitFor();
    const labels = await page.locator('.bar-chart svg > text').allTextContents();
    assert.match(labels.at(-7), first);
    assert.match(labels.at(-1), last);
    await own.close();
  }
});

test('a comparison is in figures, and says where there is nothing to compare with', async () => {
  const {page, complaints} = await open('/history?period=day&cmp=1');
  await page.locator('.legend .change').first().waitFor();
  assert.match(await page.textContent('.compared'), /Outlines: .+ “before”/);
  await page.goto(`${stage.server.url}/history?period=year&cmp=1`);
  await settled(page);
  await page.locator('.compared').waitFor();
  assert.match(await page.textContent('.compared'), /nothing was measured in \d{4}/);
  assert.equal(await page.locator('.legend .change').count(), 0);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a day of 25 hours has a bar for each, told apart in the table and the CSV', async () => {
  const {page, complaints} = await open('/history?at=2026-10-25&table=1');
  const names = await page.locator('tbody tr td:first-child').allTextContents();
  assert.equal(names.length, 25);
  assert.deepEqual(names.slice(1, 5), ['01:00', '02:00 +02:00', '02:00 +01:00', '03:00']);
  const labels = await page.locator('.bar-chart svg > text').allTextContents();
  assert.equal(new Set(labels).size, labels.length, labels.join());
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', {name: 'CSV', exact: true}).click(),
  ]);
  const rows = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\n');
  assert.deepEqual(
    rows.slice(3, 5).map((row) => row.split(',').slice(0, 2)),
    [
      ['2026-10-25T00:00:00.000Z', '2026-10-25T02:00:00+02:00'],
      ['2026-10-25T01:00:00.000Z', '2026-10-25T02:00:00+01:00'],
    ],
  );
  assert.deepEqual(complaints, []);
  await page.close();
});

test('today is compared with yesterday up to the same time', async () => {
  stage.gridloom('time', 'pause');
  try {
    const {page} = await open('/history?period=day&cmp=1');
    const {previous} = await inApi(page, '/home/energy?period=day&compare=previous');
    const now = await page.locator('.server-clock').textContent();
    assert.ok(now.includes(previous.soFar.to.slice(11, 16)), `${previous.soFar.to} at ${now}`);
    // By hand: the hours that are over by then, and a part of the next one.
    const to = Date.parse(previous.soFar.to);
    const sum = (buckets) => buckets.reduce((kwh, bucket) => kwh + (bucket.home_kwh ?? 0), 0);
    const least = sum(previous.buckets.filter((bucket) => Date.parse(bucket.to) <= to));
    const most = sum(previous.buckets.filter((bucket) => Date.parse(bucket.from) < to));
    const {home_kwh} = previous.soFar;
    assert.ok(home_kwh > least && home_kwh < most, `${least} < ${home_kwh} < ${most}`);
    const home = page.locator('.legend > div', {hasText: 'Home'}).locator('.change span');
    const twoDecimals = new Intl.NumberFormat('en', {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    });
    assert.equal(await home.textContent(), `before ${twoDecimals.format(home_kwh)} kWh`);
    await page.close();
  } finally {
    stage.gridloom('time', 'resume');
  }
});

test('what was not known is —, not 0', async () => {
  const {page} = await open('/history?period=month');
  await page.getByRole('button', {name: 'Show as table'}).click();
  const {buckets} = await inApi(page, '/home/energy?period=month');
  const unknown = buckets.findIndex((bucket) => bucket.unknown_s > 0 && bucket.home_kwh == null);
  // A home that has lived two days knows nothing of the days before, unless the month is new.
  if (buckets.length > 3) assert.ok(unknown >= 0);
  if (unknown >= 0) {
    const cells = await page.locator('tbody tr').nth(unknown).locator('td').allTextContents();
    assert.ok(
      cells.slice(1).every((cell) => cell === '—'),
      cells.join(),
    );
    await page.waitForSelector('.bar-chart .unknown', {state: 'attached'});
  }
  // The table stays for the next period, and after a reload.
  await page.locator('.history-steps button').first().click();
  await page.waitForURL(/at=/);
  await page.reload();
  await page.waitForURL(/table=1/);
  await page.close();
});

test('an address that makes no sense shows today', async () => {
  for (const at of ['garbage', '2026-02-30', '2999-01-01', '']) {
    const {page, complaints} = await open(`/history?at=${at}&period=${at}`);
    await page.locator('.bar-chart').waitFor();
    assert.equal(await page.locator('[role=alert]').count(), 0, at);
    assert.deepEqual(complaints, [], at);
    await page.close();
  }
});

test('the fleet is filtered by state, by comparison, and gone through by keys', async () => {
  stage.gridloom('fault', 'on', 'disconnect', '--device', plug);
  try {
    const {page, complaints} = await open('/fleet');
    await live(page);
    const rows = page.locator('.fleet-row');
    await page.getByText(station).waitFor();
    const offline = page.getByRole('button', {name: /^offline/});
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.state-chips button')].some((chip) =>
        /offline 1/.test(chip.textContent),
      ),
    );
    await offline.click();
    await page.waitForURL(/state=offline/);
    assert.equal(await rows.count(), 1);
    assert.match(await rows.first().textContent(), new RegExp(plug));
    await offline.click();
    // Both at once: a row may be drawn anew between two looks.
    const isGrey = () => {
      const [away, near] = ['offline', 'live'].map((state) =>
        document.querySelector(`.fleet-row.is-${state} .c-load`),
      );
      return away && near && getComputedStyle(away).color !== getComputedStyle(near).color;
    };
    await page.waitForFunction(isGrey);

    await page.keyboard.press('/');
    await page.keyboard.type('soc>=0 family:delta');
    await page.waitForFunction(() => document.querySelectorAll('.fleet-row').length === 2);
    await page.locator('input[type=search]').fill('soc<many');
    await page.locator('#fleet-hint.bad').waitFor();
    await page.locator('input[type=search]').fill('');

    await page.locator('.fleet-scroll').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const second = await rows.nth(1).locator('a').getAttribute('href');
    assert.match(await rows.nth(1).getAttribute('class'), /cursor/);
    await page.keyboard.press('Enter');
    await page.waitForFunction((at) => location.pathname === at, second);
    assert.deepEqual(complaints, []);
    await page.close();
  } finally {
    stage.gridloom('fault', 'off', 'disconnect', '--device', plug);
  }
});

test('the fleet of a tablet has serial numbers and last reports, without a sideways scroll', async () => {
  const tablet = await stage.contextWith({
    viewport: {width: 1024, height: 768},
    locale: 'de-DE',
  });
  const {page} = await open('/fleet', tablet);
  await page.waitForSelector('.fleet-row');
  for (const column of ['sn', 'grid', 'last']) {
    assert.ok(await page.locator(`.fleet-row .c-${column}`).first().isVisible(), column);
  }
  const [scroll, client] = await page
    .locator('.fleet-scroll')
    .evaluate((box) => [box.scrollWidth, box.clientWidth]);
  assert.ok(scroll <= client, `${scroll} in ${client}`);
  await tablet.close();
});

test('the fleet of a small tablet has all its columns, and names that can be read', async () => {
  const tablet = await stage.contextWith({viewport: {width: 768, height: 1024}, locale: 'de-DE'});
  const {page} = await open('/fleet', tablet);
  const row = page.locator('.fleet-row', {has: page.locator(`a[href="/d/${station}"]`)});
  await row.waitFor();
  const inside = await page.locator('.fleet-scroll').boundingBox();
  for (const column of ['state', 'charge', 'sun', 'load', 'grid', 'last']) {
    const cell = await row.locator(`.c-${column}`).boundingBox();
    assert.ok(cell && cell.x + cell.width <= inside.x + inside.width, column);
  }
  const cut = (cells) =>
    cells.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent);
  assert.deepEqual(await row.locator('.c-name').evaluateAll(cut), []);
  assert.deepEqual(await page.locator('.fleet-head button:visible').evaluateAll(cut), []);
  await tablet.close();
});

test('a tap on a node of the picture opens the devices that it is made of', async () => {
  const phone = await stage.contextWith({
    viewport: {width: 390, height: 800},
    locale: 'en-GB',
    hasTouch: true,
  });
  const {page} = await open('/', phone);
  await page.locator('.flow .of-battery').first().tap();
  await page.waitForURL(/fleet\?sort=-battery/);
  const power = page.locator('.fleet-row .c-battery').first();
  assert.match(await power.textContent(), /\d k?W$/);
  await phone.close();
});

test('an alarm says how bad it is and since when, is acknowledged, and has an end', async () => {
  const {page, complaints} = await open('/alarms');
  await live(page);
  stage.gridloom('fault', 'on', 'over_temperature', '--device', station);
  const alarm = page.locator('.alarm.active.is-fault').first();
  await alarm.waitFor();
  assert.match(await alarm.textContent(), /Fault\..+The pack is too hot, and its protection/);
  assert.equal(await alarm.locator('.severity').count(), 1, 'a word, not a colour alone');
  assert.equal(await page.locator('.alarm.active').count(), 1, 'one cause is one alarm');
  await page
    .getByText(/since \d/)
    .first()
    .waitFor();
  const count = page.locator('.navigation .count');
  await count.waitFor();
  const buttons = page.getByRole('button', {name: 'Acknowledge', exact: true});
  while ((await buttons.count()) > 0) await buttons.first().click();
  await count.waitFor({state: 'detached'});
  await page.reload();
  await live(page);
  await page.locator('.alarm.active.seen').first().waitFor();
  assert.equal(await count.count(), 0);
  stage.gridloom('fault', 'off', 'over_temperature', '--device', station);
  await page.waitForFunction(() => !document.querySelector('.alarm.active'));
  await page.locator('.alarm.past').first().waitFor();
  assert.match(await page.locator('.alarm.past').first().textContent(), /\d\d:\d\d to \d\d:\d\d/);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('browsers are named in words, and what others share is listed', async () => {
  const {page} = await open('/settings');
  await page.waitForSelector('.session');
  assert.match(await page.textContent('.session'), /^Chrome .*\d+ on Linux/);
  assert.doesNotMatch(await page.textContent('.settings'), /Mozilla|AppleWebKit/);
  assert.match(await page.textContent('.settings'), /No other account shares a device/);
  await page.close();
});

test('an account without devices is told how to get one, on every page', async () => {
  stage.gridloom('account', 'add', 'ann');
  const own = await stage.browser.newContext({locale: 'en-GB'});
  const {page} = await openPage(own, stage.server.url);
  await page.goto(stage.linkTo('ann'));
  await live(page);
  for (const path of ['/', '/history', '/fleet', '/alarms', '/wall']) {
    await page.goto(stage.server.url + path);
    await page.getByText('No device yet').waitFor();
    assert.match(await page.textContent('main'), /gridloom device add/, path);
  }
  stage.gridloom('device', 'share', station, 'ann', 'monitor');
  await page.goto(`${stage.server.url}/settings`);
  await page.getByText('you may watch it').waitFor();
  await own.close();
});

test('the wall is to be read from three metres', async () => {
  const {page} = await open('/wall');
  await page.waitForSelector('.wall .day-curve', {state: 'attached'});
  const small = await page.evaluate(() => {
    const least = {text: 16, html: 18};
    const scale = document.querySelector('.wall .flow svg').getBoundingClientRect().width / 360;
    return [...document.querySelectorAll('.wall :is(p, dt, dd, span, b, small, text, h2, li)')]
      .filter(
        (one) =>
          one.closest('.hidden') === null &&
          [...one.childNodes].some(({nodeType, data}) => nodeType === 3 && data.trim() !== ''),
      )
      .filter((one) => {
        const size = Number.parseFloat(getComputedStyle(one).fontSize);
        if (one.tagName !== 'text') return size < least.html;
        return size * (one.closest('.flow') ? scale : 1) < least.text;
      })
      .map((one) => `${one.className} ${one.textContent}`);
  });
  assert.deepEqual(small, []);
  const [scroll, client] = await widths(page);
  assert.ok(scroll <= client, `${scroll} wide`);
  await page.close();
});
