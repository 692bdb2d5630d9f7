// A German page has no English word left. The words are those of the page's own texts (web/i18n)
// and of all device files, as the server says them: English ones that no German text has.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {inApi, live, settled, setUp} from './harness.mjs';

const delta = 'R331ZEB4ZEAL0528';
const leastWords = 500;

const stage = setUp({context: {locale: 'de-DE'}});

const wordsOf = (texts) =>
  new Set(
    texts
      .join(' ')
      .toLowerCase()
      .match(/\p{L}{3,}/gu) ?? [],
  );

/** The literals of a file of texts, without what a program puts into them. */
function literals(file) {
  const source = readFileSync(join(process.env.GRIDLOOM_PAGE, '..', 'i18n', file), 'utf8');
  return [...source.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)].map(
    ([, plain, template]) => plain ?? template.replace(/\$\{[^}]*\}/g, ' '),
  );
}

/** The texts of a family for people: titles, descriptions, signs, and names of values. */
function textsOf(value, texts = []) {
  if (Array.isArray(value)) for (const each of value) textsOf(each, texts);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return texts;
  for (const [key, inside] of Object.entries(value)) {
    const isText = ['title', 'description', 'sign'].includes(key);
    const isName = key === 'name' && 'value' in value;
    if ((isText || isName) && typeof inside === 'string') texts.push(inside);
    else if (key !== 'initial') textsOf(inside, texts);
  }
  return texts;
}

/** The names of fields, which are the same in every language. */
const fieldNames = new Set();

async function dictionary(page) {
  const texts = {en: literals('en.ts'), de: literals('de.ts')};
  const {families} = await inApi(page, '/families');
  for (const lang of ['en', 'de']) {
    for (const {id} of families) {
      const family = await inApi(page, `/families/${id}?lang=${lang}`);
      textsOf(family, texts[lang]);
      for (const field of family.fields) fieldNames.add(field.name);
    }
  }
  const german = wordsOf(texts.de);
  const english = [...wordsOf(texts.en)].filter((word) => !german.has(word));
  assert.ok(english.length > leastWords, `${english.length} words`);
  return new Set(english);
}

/** Names that people and makers gave: those of devices, and of products. */
async function names(page) {
  const {devices} = await inApi(page, '/devices');
  return wordsOf(devices.flatMap(({name, product, owner}) => [name, product ?? '', owner]));
}

/** All that a page says, without what is the same in every language: names and codes of devices. */
const said = (page) =>
  page.evaluate(() => {
    const left = '.raw, bdi, code, pre, textarea, style, script, noscript, .brand';
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.parentElement.closest(left)) texts.push(node.textContent);
    }
    for (const element of document.querySelectorAll(
      '[title], [aria-label], [placeholder], [alt]',
    )) {
      if (element.closest(left)) continue;
      for (const name of ['title', 'aria-label', 'placeholder', 'alt']) {
        texts.push(element.getAttribute(name) ?? '');
      }
    }
    // Names of fields, as pd.soc, (soc) and "soc":, stand behind titles and in values.
    return texts.map((text) => text.replace(/\([\w.*]+\)|\w+\.[\w.*]+|"\w+":/g, ' '));
  });

async function check(page, path, english, known) {
  await page.goto(stage.server.url + path);
  await settled(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'de');
  const texts = (await said(page)).filter((text) => !fieldNames.has(text.trim()));
  const left = [...wordsOf(texts)].filter((word) => english.has(word) && !known.has(word));
  const where = left.map(
    (word) => `${word}: ${texts.find((text) => wordsOf([text]).has(word))?.slice(0, 100)}`,
  );
  assert.deepEqual(where, [], path);
}

test('no page has an English word left', async () => {
  const {page} = await stage.open('/');
  await live(page);
  const english = await dictionary(page);
  const known = await names(page);
  const {devices} = await inApi(page, '/devices');
  const pages = ['/', '/history', '/alarms', '/fleet', '/settings', '/families', '/wall'];
  pages.push('/?embed', '/nothing');
  for (const path of pages) await check(page, path, english, known);
  const {families} = await inApi(page, '/families');
  for (const {id} of families) await check(page, `/families/${id}`, english, known);
  for (const {sn} of devices) {
    for (const tab of ['', '?tab=plots', '?tab=plots&cmp=1', '?tab=control']) {
      await check(page, `/d/${sn}${tab}`, english, known);
    }
  }
  await page.close();
});

test('faults are said in German, on every page and after they have ended', async () => {
  const {page} = await stage.open('/');
  await live(page);
  const english = await dictionary(page);
  const known = await names(page);
  const fault = (state) => stage.gridloom('fault', state, 'over_temperature', '--device', delta);
  fault('on');
  await page.locator('.device-card .fault').first().waitFor();
  for (const path of ['/', '/alarms', '/wall', `/d/${delta}`]) {
    await check(page, path, english, known);
  }
  assert.match(await page.locator('main').innerText(), /Der Akkupack ist zu heiß/);
  fault('off');
  await page.goto(`${stage.server.url}/alarms`);
  await page.locator('.alarm.past').first().waitFor();
  await check(page, '/alarms', english, known);
  await page.close();
});

test('a change of the language needs no reload', async () => {
  const {page} = await stage.open('/settings');
  await page.waitForSelector('main h1');
  await page.evaluate(() => {
    window.stillThisPage = true;
  });
  await page.locator('input[name=language][value=en]').check();
  await page.waitForFunction(() => document.documentElement.lang === 'en');
  await page.evaluate((path) => {
    history.pushState(null, '', path);
    dispatchEvent(new PopStateEvent('popstate'));
  }, `/d/${delta}`);
  await page.waitForFunction(() => document.body.textContent.includes('Unit and screen'));
  assert.equal(await page.evaluate(() => window.stillThisPage), true);
  await page.close();
});
