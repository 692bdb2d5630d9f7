// The page of a device has essentials first, plots that hold still, forms that say what they mean.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {inApi, openPage, setUp} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';
const roof = 'HW513000SF767194';

const stage = setUp({
  server: {more: ['--past', '2d', '--speed', '30']},
  context: {acceptDownloads: true},
});

const open = async (path) => {
  const opened = await stage.open(path);
  await opened.page.waitForSelector('.device-head');
  await opened.page.waitForFunction(() => !document.querySelector('[aria-busy]'));
  return opened;
};

test('what people look at first stands first, with what it did lately', async () => {
  const histories = [];
  const {page, complaints} = await openPage(stage.context, stage.server.url);
  page.on('request', (request) => {
    if (request.url().includes('/history?')) histories.push(request.url());
  });
  await page.goto(`${stage.server.url}/d/${delta}`);
  await page.waitForSelector('.tile .spark path');
  const labels = await page.locator('.tile dt').allTextContents();
  assert.deepEqual(labels, [
    'Charge',
    'Sun',
    'Battery',
    'Grid',
    'Output',
    'Battery state',
    'Battery temperature',
    'Charge cycles',
  ]);
  assert.equal(histories.length, 1, histories.join(' '));
  const {values} = await inApi(page, `/devices/${delta}`);
  const shown = await page.locator('.tile', {hasText: 'Charge cycles'}).locator('b').textContent();
  assert.equal(shown, String(values['bms_bmsStatus.cycles']));
  assert.deepEqual(complaints, []);
  await page.close();
});

test('each device of the home has essentials', async () => {
  const {page} = await open(`/d/${roof}`);
  const {devices} = await inApi(page, '/devices');
  await page.close();
  for (const {sn} of devices) {
    const {page: own, complaints} = await open(`/d/${sn}`);
    await own.waitForSelector('.tile b');
    const count = await own.locator('.tile').count();
    assert.ok(count >= 3 && count <= 8, `${sn} has ${count}`);
    assert.deepEqual(complaints, [], sn);
    await own.close();
  }
});

test('groups have titles for people, open, and tell versions as versions', async () => {
  const {page} = await open(`/d/${delta}`);
  const titles = await page.locator('.group > summary h3').allTextContents();
  assert.deepEqual(titles, [
    'Power and charge',
    'Sockets and ports',
    'Solar and car socket',
    'AC side',
    'Battery pack',
    'Cells and health',
    'Battery management',
    'Accessories',
    'Extra battery',
    'Extra battery: cells',
    'Extra battery: counters',
    'Totals and hours of use',
    'Unit and screen',
    'Details of the pack',
  ]);
  assert.equal(await page.locator('.field-row').count(), 0);
  // By the keyboard: news above move it, perhaps between a button's two halves of a click.
  await page.locator('.group > summary', {hasText: 'Unit and screen'}).press('Enter');
  const firmware = page.locator('.field-row', {hasText: 'Main board firmware'}).locator('dd b');
  assert.match(await firmware.textContent(), /^\d+\.\d+\.\d+\.\d+$/);
  await page.locator('.field-tools input[type=search]').fill('hardware version');
  // That of the extra battery is not known: none is plugged in.
  const hardware = page
    .locator('.field-row', {hasText: 'Hardware version'})
    .locator('dd b', {hasText: 'V'});
  assert.match(await hardware.textContent(), /^V\d/);
  assert.equal(new URL(page.url()).searchParams.get('q'), 'hardware version');
  // The groups that the search opened close with it.
  await page.locator('.field-tools input[type=search]').fill('');
  await page.waitForFunction(() => document.querySelectorAll('.group[open]').length === 1);
  await page.close();
});

test('a favourite stays on top after a reload', async () => {
  const {page} = await open(`/d/${delta}`);
  await page.locator('.field-tools input[type=search]').fill('pd.soc');
  await page.locator('.field-row .star').first().click();
  await page.reload();
  await page.locator('.favourites .field-row', {hasText: 'Charge'}).waitFor();
  await page.locator('.favourites .star').click();
  await page.locator('.favourites').waitFor({state: 'detached'});
  await page.close();
});

test('a plot opens where data are, is most of the screen, and holds still under the pointer', async () => {
  const {page, complaints} = await open(`/d/${delta}?tab=plots`);
  const over = page.locator('.plot .u-over').first();
  await over.waitFor();
  const section = page.locator('[data-from]');
  const first = Number(await section.getAttribute('data-from'));
  const last = Number(await section.getAttribute('data-to'));
  assert.ok(last - first > 3_600_000 && last - first <= 86_400_000, `${last - first} ms`);
  const plot = page.locator('.plot').first();
  const before_ = await plot.boundingBox();
  assert.ok(before_.height >= 0.6 * 900, `${before_.height} px`);
  const box = await over.boundingBox();
  const heights = new Set([before_.y]);
  for (const part of [0.1, 0.5, 0.9]) {
    await page.mouse.move(box.x + box.width * part, box.y + 50);
    await page.waitForFunction(
      () => document.querySelector('.plot-legend .moment .muted').textContent === 'Reading',
    );
    heights.add((await plot.boundingBox()).y);
  }
  assert.deepEqual([...heights], [before_.y]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a plot is saved as CSV with units, and as a picture', async () => {
  const {page, complaints} = await open(`/d/${delta}?tab=plots&fields=pd.soc,pd.wattsOutSum`);
  await page.locator('.plot canvas').first().waitFor();
  const saved = async (name) => {
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', {name, exact: true}).click(),
    ]);
    return readFileSync(await file.path());
  };
  const [head, row] = (await saved('CSV')).toString().split('\n');
  assert.equal(head, 'time,local_time,pd.wattsOutSum [W],pd.soc [%]');
  assert.match(row, /^\d{4}-\d\d-\d\dT[\d:.]+Z,/);
  const picture = await saved('PNG');
  assert.deepEqual(
    [...picture.subarray(1, 4)],
    [...'PNG'].map((letter) => letter.charCodeAt(0)),
  );
  assert.ok(picture.length > 5000, `${picture.length} bytes`);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('by touch a plot is moved and zoomed, and on a small phone it has most of the width', async () => {
  const phone = await stage.contextWith({
    viewport: {width: 320, height: 700},
    locale: 'de-DE',
    hasTouch: true,
    isMobile: true,
  });
  const {page} = await stage.open(`/d/${delta}?tab=plots&span=6h`, phone);
  const over = page.locator('.u-over').first();
  await over.waitFor();
  await over.scrollIntoViewIfNeeded();
  const {x, y, width} = await over.boundingBox();
  assert.ok(width >= 180, `${width} px`);
  const client = await phone.newCDPSession(page);
  const touch = (type, ...at) =>
    client.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: at.map((part, id) => ({x: x + part * width, y: y + 40, id})),
    });
  const shown = () => new URL(page.url()).searchParams;
  const span = () => Number(shown().get('to')) - Number(shown().get('from'));
  const six = 6 * 3_600_000;
  await touch('touchStart', 0.2);
  await touch('touchMove', 0.5);
  await touch('touchMove', 0.7);
  await touch('touchEnd');
  await page.waitForURL(/from=/);
  assert.ok(Math.abs(span() - six) < 1000, `${span()} ms`);
  const moved = shown().get('from');
  await touch('touchStart', 0.4, 0.6);
  await touch('touchMove', 0.35, 0.65);
  await touch('touchMove', 0.3, 0.7);
  await touch('touchEnd');
  await page.waitForFunction(
    (from) => new URLSearchParams(location.search).get('from') !== from,
    moved,
  );
  assert.ok(Math.abs(span() - six / 2) < six / 50, `${span()} ms`);
  await phone.close();
});

test('forms stand in groups; the present value has the unit and the words of the input', async () => {
  const {page} = await open(`/d/${delta}?tab=control`);
  assert.deepEqual(await page.locator('.command-group > h2').allTextContents(), [
    'Outputs',
    'Charging',
    'Battery',
    'Switching itself off',
    'Screen, light and sound',
  ]);
  const form = (name) => page.locator(`form[data-command=${name}]`);
  const present = (name) => form(name).locator('.param-head .muted').first().textContent();
  assert.match(await present('dcChgCfg'), /^now \d+\u202fA$/);
  assert.match(await present('quietMode'), /^now (on|off)$/);
  // A field shows 50 for a 1 of this parameter.
  const frequency = form('acOutCfg').locator('.param', {hasText: 'Frequency'});
  assert.equal(await frequency.locator('.param-head .muted').textContent(), 'now 50 Hz');
  assert.ok(await frequency.getByRole('radio', {name: '50 Hz'}).isChecked());
  // Parameters without effect are not offered.
  assert.equal(await form('watthConfig').locator('.param').count(), 2);
  const copied = await form('dcChgCfg').locator('.copy-line code').first();
  await form('dcChgCfg').locator('summary').click();
  const [scroll, client] = await copied.evaluate((code) => [code.scrollWidth, code.clientWidth]);
  assert.ok(scroll <= client, `a line of ${scroll} px in ${client}`);
  // A form that a search hides keeps what was typed.
  const amount = form('dcChgCfg').locator('input[inputmode=decimal]').first();
  await amount.fill('7');
  await page.locator('.find-command').fill('quietMode');
  await amount.waitFor({state: 'hidden'});
  assert.ok(await form('quietMode').isVisible());
  await page.locator('.find-command').fill('');
  await amount.waitFor();
  assert.equal(await amount.inputValue(), '7');
  await page.close();
});

test('a time is set in minutes, applied, and the word goes with the next change', async () => {
  const {page} = await open(`/d/${delta}?tab=control`);
  const form = page.locator('form[data-command=lcdCfg]');
  const held = (await inApi(page, `/devices/${delta}`)).values['pd.lcdOffSec'];
  const asked = held === 1800 ? 600 : 1800;
  await form.locator('select.unit').selectOption('min');
  await form
    .locator('input[inputmode=decimal]')
    .first()
    .fill(String(asked / 60));
  await form.locator('button.primary').click();
  await form.locator('[data-state=applied]').waitFor();
  assert.equal((await inApi(page, `/devices/${delta}`)).values['pd.lcdOffSec'], asked);
  await form.locator('input[inputmode=decimal]').first().fill('nothing');
  await form.locator('[data-state=idle]').waitFor({state: 'attached'});
  await page.close();
});

test('a set is marked in the plots, and told in words below', async () => {
  const {page} = await open(`/d/${delta}?tab=plots&span=1h`);
  await page.locator('.plot-events summary').click();
  await page.locator('.plot-events li', {hasText: 'A command was answered'}).first().waitFor();
  await page.close();
});

test('a plot is compared with the period before: outlines, figures, table and CSV', async () => {
  const {page, complaints} = await openPage(stage.context, stage.server.url);
  const requests = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.startsWith('/api/v1/')) requests.push(request.url());
  });
  const fields = 'pd.wattsOutSum,pd.soc';
  await page.goto(`${stage.server.url}/d/${delta}?tab=plots&span=6h&fields=${fields}&cmp=1`);
  const table = page.locator('.compared table');
  await table.waitFor();
  assert.ok(requests.length <= 10, requests.join('\n'));
  assert.deepEqual(await table.locator('thead th').allTextContents(), [
    'Value, difference',
    'Least',
    'Mean',
    'Most',
  ]);
  const cells = await table.locator('tbody td').allTextContents();
  assert.equal(cells.length, 6);
  for (const cell of cells) assert.match(cell, /\S+.* [+−±]\S+/);
  await page.locator('.plot-legend .before', {hasText: 'before'}).first().waitFor();

  await page.getByRole('button', {name: 'Show as table'}).click();
  const heads = page.getByRole('region', {name: 'Show as table'}).locator('th');
  assert.equal((await heads.allTextContents()).filter((text) => /, before$/.test(text)).length, 2);
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', {name: 'CSV', exact: true}).click(),
  ]);
  const rows = readFileSync(await file.path(), 'utf8').split('\n');
  assert.equal(
    rows[0],
    'time,local_time,pd.wattsOutSum [W],pd.wattsOutSum before [W],pd.soc [%],pd.soc before [%]',
  );
  // Each value of the period before is that of the history, a period earlier.
  const rowOf = rows[rows.length >> 1].split(',');
  const at = Date.parse(rowOf[0]);
  const sixHours = 6 * 3_600_000;
  const {series, step} = await inApi(
    page,
    `/devices/${delta}/history?fields=pd.soc&from=${at - sixHours}&to=${at - sixHours + 30_000}&step=30s`,
  );
  assert.equal(step, 30_000);
  const earlier = series[0].points.find(([time]) => time === at - sixHours);
  assert.equal(Number(rowOf[5]), Number(earlier[1].toPrecision(12)));

  await page.getByRole('checkbox', {name: 'Compare with the period before'}).uncheck();
  await table.waitFor({state: 'detached'});
  assert.equal(new URL(page.url()).searchParams.get('cmp'), null);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('where the period before has no data the plot says so, also of an own zoom', async () => {
  const now = Date.now();
  const zoom = `from=${now - 60 * 86_400_000}&to=${now}`;
  for (const span of ['span=30d', zoom]) {
    const {page} = await open(`/d/${delta}?tab=plots&fields=pd.soc&cmp=1&${span}`);
    await page.getByText('There is nothing to compare with: no value from').waitFor();
    assert.equal(await page.locator('.compared table').count(), 0);
    await page.close();
  }
});
