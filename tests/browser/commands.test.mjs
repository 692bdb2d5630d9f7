// Every command of every family: its form fits a phone and has no JSON in it, and the command line
// beside it does what it says.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {test} from 'node:test';
import {checkAccess, inApi, openPage, settled, setUp, widths} from './harness.mjs';

let token;

const stage = setUp({
  server: {home: ['--demo=all'], more: ['--speed', '30']},
  context: {viewport: {width: 390, height: 844}, reducedMotion: 'reduce'},
  prepare: (ready) => {
    const made = ready.gridloom('token', 'add', 't', '--account', 'demo', '--scope', 'control');
    token = made.match(/^token: (\S+)/m)[1];
  },
});

/** What a terminal shows of a line that was copied. */
function run(line) {
  const env = {...process.env, TOKEN: token};
  return JSON.parse(execFileSync('bash', ['-c', line], {env, encoding: 'utf8'}));
}

/** A device may refuse: a task that it has not got. */
const understood = ['sent', 'answered', 'applied', 'not_applied', 'unanswered'];

function checkLine(line, name) {
  assert.ok(line.startsWith('curl '), name);
  const {state, code, message} = run(line);
  const isSent = understood.includes(state) || code === 'device_refused';
  assert.ok(isSent, `${name}: ${code} ${message}\n${line}`);
}

/** Gives each control of a form its first choice, or the least number. */
async function fill(form) {
  for (const add of await form.getByRole('button', {name: 'Add one'}).all()) await add.click();
  await form.locator('details').evaluateAll((all) => {
    for (const one of all) one.open = true;
  });
  for (const group of await form.locator('.segments').all()) {
    await group.locator('label').first().click();
  }
  for (const unit of await form.locator('select.unit').all()) await unit.selectOption({index: 0});
  for (const select of await form.locator('select:not(.unit)').all()) {
    await select.selectOption({index: 1});
  }
  for (const input of await form.locator('input[inputmode=decimal]').all()) {
    const range = await input.evaluate((one) => {
      const described = one.getAttribute('aria-describedby');
      return document.getElementById(described)?.textContent ?? '';
    });
    const [least = '1'] = range.match(/[-\u2212]?\d+(\.\d+)?/) ?? [];
    await input.fill(least.replace('\u2212', '-'));
  }
  for (const text of await form.locator('.param > input:not([type])').all()) await text.fill('abc');
}

test('the forms of each family fit a phone, and their command lines run', async () => {
  const {page: first} = await stage.open('/settings');
  const {devices} = await inApi(first, '/devices');
  await first.close();
  const families = new Map(devices.map((device) => [device.family, device]));
  assert.equal(families.size, 19);
  for (const [family, {sn}] of families) {
    const {page, complaints} = await openPage(stage.context, stage.server.url);
    await page.goto(`${stage.server.url}/d/${sn}?tab=control`);
    await settled(page);
    const forms = page.locator('form.command');
    const openAll = () =>
      page.locator('form.command details').evaluateAll((all) => {
        for (const one of all) one.open = true;
      });
    await openAll();
    const check = async (what) => {
      const [scroll, client] = await widths(page);
      assert.ok(scroll <= client, `${family} ${what} is ${scroll} wide in ${client}`);
      for (const form of await forms.all()) {
        const name = `${family} ${await form.getAttribute('data-command')} ${what}`;
        const lines = form.locator('.copy-line code');
        checkLine(await lines.nth(1).textContent(), name);
      }
    };
    assert.equal(await page.locator('textarea').count(), 0, `${family} has a box for JSON`);
    assert.doesNotMatch(await page.locator('main').textContent(), /now [[{]/, family);
    await check('untouched');
    for (const form of await forms.all()) await fill(form);
    await openAll();
    await check('filled');
    if ((await page.locator('.parts').count()) > 0) await checkAccess(page, family);
    assert.deepEqual(complaints, [], family);
    await page.close();
  }
});
