// Each family has a page, made of its device file alone: fields, commands to copy, reports,
// peculiarities. A product that no family serves says so, and why.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {checkAccess, inApi, settled, setUp, widths} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';
const unserved = 'P351TEST00000001';

const stage = setUp({
  prepare: (ready) => ready.gridloom('device', 'add', unserved, '--owner', 'demo'),
});

const open = async (path) => {
  const opened = await stage.open(path);
  await settled(opened.page);
  return opened;
};

const group = (page, title) => page.locator('details.group', {hasText: title}).first();

test('the product of a device leads to the page of its family', async () => {
  const {page, complaints} = await open(`/d/${delta}`);
  await page.getByRole('link', {name: 'About DELTA 2'}).click();
  await page.waitForURL('**/families/delta_2');
  await page.getByRole('heading', {level: 1, name: 'DELTA 2'}).waitFor();
  assert.match(await page.locator('.device-head').innerText(), /R331 R33/);
  await page.getByRole('link', {name: 'All families'}).click();
  await page.getByRole('heading', {level: 1, name: 'Device families'}).waitFor();
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a page has all fields, commands, reports and peculiarities of the family', async () => {
  const {page, complaints} = await open('/families/delta_2');
  const family = await inApi(page, '/families/delta_2');
  for (const summary of await page.locator('details.group > summary').all()) await summary.click();
  const told = (attribute) =>
    page
      .locator(`[${attribute}]`)
      .evaluateAll((all, name) => all.map((one) => one.getAttribute(name)).sort(), attribute);
  assert.deepEqual(await told('data-field'), family.fields.map(({name}) => name).sort());
  assert.deepEqual(await told('data-command'), family.commands.map(({name}) => name).sort());
  const text = await page.locator('main').innerText();
  for (const {name} of family.reports) assert.ok(text.includes(name), name);
  for (const {what} of family.quirks) assert.ok(text.includes(what), what);
  const charge = page.locator('[data-field="pd.soc"]');
  assert.match(await charge.innerText(), /0 to 100\s%/);
  await checkAccess(page, 'all open');
  await page.setViewportSize({width: 390, height: 844});
  const [scroll, client] = await widths(page);
  assert.ok(scroll <= client, `${scroll} wide in ${client}`);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('the lines of a command have what its form has, and an example before', async () => {
  const {page} = await open('/families/delta_2');
  const command = page.locator('details[data-command="quietMode"]');
  await command.locator('summary').click();
  const line = command.locator('.copy-line code').first();
  const {commands} = await inApi(page, '/families/delta_2');
  const {example} = commands.find(({name}) => name === 'quietMode');
  const before = await line.innerText();
  assert.ok(before.includes(JSON.stringify(example)), before);
  assert.ok(before.includes(`/devices/${delta}/commands`), before);
  const choices = command.locator('.segments label');
  await choices.first().click();
  const first = await line.innerText();
  await choices.last().click();
  const last = await line.innerText();
  assert.notEqual(first, last);
  assert.match(last, /"operateType":"quietMode"/);
  await page.close();
});

test('a family that there is none of is told so', async () => {
  const {page} = await open('/families/no_such_family');
  await page.getByRole('heading', {name: 'There is no such family.'}).waitFor();
  await page.close();
});

test('products without a family stand under the reason', async () => {
  const {page, complaints} = await open('/families');
  const {families, unserved: products} = await inApi(page, '/families');
  const served = families.filter(({prefixes}) => prefixes.length > 0);
  assert.equal(await page.locator('.families > li').count(), served.length);
  const {name} = products.find(({prefix}) => prefix === 'P231');
  const refused = group(page, 'the vendor’s platform refuses it');
  await refused.locator('summary').click();
  await refused.getByText(name, {exact: true}).waitFor();
  await checkAccess(page, 'families');
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a device that no family serves says which product it is, and why', async () => {
  const {page} = await open(`/d/${unserved}`);
  const head = await page.locator('.device-head').innerText();
  assert.match(head, /DELTA 3 Plus/);
  assert.match(head, /No family serves DELTA 3 Plus: the vendor’s platform refuses it\./);
  assert.equal(await page.locator('.device-head a[href^="/families/"]').count(), 0);
  await page.close();
});
