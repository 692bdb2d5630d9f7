// A server of its own with a virtual home, and Debian's Chromium in front of it.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before} from 'node:test';
import {chromium} from 'playwright-core';

const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** So many requests of the API a page may make until it has all. */
export const mostRequests = 10;

export const newFolder = () => mkdtempSync(join(tmpdir(), 'gridloom-browser-'));

/** Starts a server; `address` gives it the port of one that ran before. */
export async function startServer({
  data = newFolder(),
  address = '127.0.0.1:0',
  home = ['--demo'],
  more = ['--speed', '30'],
  zone = process.env.TZ,
} = {}) {
  const free = ['--https', '--mqtt', '--mqtts'].flatMap((listener) => [listener, '127.0.0.1:0']);
  const server = spawn(
    process.env.GRIDLOOM,
    [
      'serve',
      ...home,
      '--data',
      data,
      '--web',
      process.env.GRIDLOOM_PAGE,
      ...more,
      '--http',
      address,
      ...free,
    ],
    {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, ...(zone ? {TZ: zone} : {})}},
  );
  let said = '';
  const exited = new Promise((resolve) => {
    server.on('exit', resolve);
  });
  await new Promise((resolve, reject) => {
    const hear = (bytes) => {
      said += bytes;
      if (said.includes('ready: ')) resolve();
    };
    server.stdout.on('data', hear);
    server.stderr.on('data', hear);
    void exited.then(() => reject(new Error(`the server did not start:\n${said}`)));
  });
  const ready = JSON.parse(readFileSync(join(data, 'ready.json'), 'utf8'));
  return {
    url: ready.http,
    link: ready.sign_in_link,
    data,
    stop: async (signal = 'SIGTERM') => {
      server.kill(signal);
      await exited;
    },
    remove: () => rmSync(data, {recursive: true, force: true}),
  };
}

export const launch = () => chromium.launch({executablePath: browserPath});

/** A machine that does much else draws a page in minutes. */
export const patience_ms = 180_000;

/** A page that records what must not happen: errors, violations, requests to other hosts. */
export async function openPage(context, url) {
  context.setDefaultTimeout(patience_ms);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host)
      complaints.push(`a request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`violation: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  return {page, complaints};
}

export const live = (page) => page.waitForSelector('.strip .contact .mark-live');

/** The page is there: its heading, and what it loads. */
export async function settled(page) {
  await page.waitForSelector('main h1, main .flow', {state: 'attached'});
  await page.waitForFunction(() => !document.querySelector('[aria-busy]'));
}

export const inApi = (page, path) =>
  page.evaluate(async (at) => (await fetch(`/api/v1${at}`)).json(), path);

/** How wide the page is, and how wide its window. */
export const widths = (page) =>
  page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

/** Fails where axe finds a violation in the page as it is. */
export async function checkAccess(page, name) {
  if (await page.evaluate(() => window.axe === undefined)) await page.evaluate(axeSource);
  const {violations} = await page.evaluate(() =>
    window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  assert.deepEqual(
    violations.map((found) => `${found.id}: ${found.nodes[0].html}`),
    [],
    name,
  );
}

/** Server, browser and context of one file of tests. */
class Stage {
  async start({server, account, signedIn, context, prepare}) {
    this.server = await startServer(typeof server === 'function' ? await server() : server);
    if (account) this.gridloom('account', 'add', account);
    this.browser = await launch();
    this.context = await this.browser.newContext({
      viewport: {width: 1440, height: 900},
      locale: 'en-GB',
      ...context,
    });
    if (signedIn) await this.signIn(account ? this.linkTo(account) : this.server.link);
    await prepare(this);
  }

  async end() {
    await this.browser?.close();
    await this.server?.stop();
    this.server?.remove();
  }

  /** The command line, on the server's data folder. */
  gridloom(...words) {
    const options = {encoding: 'utf8'};
    return execFileSync(process.env.GRIDLOOM, [...words, '--data', this.server.data], options);
  }

  /** A link that signs in to this account. */
  linkTo(account) {
    return this.gridloom('sign-in', '--account', account).match(/http:\S+/)[0];
  }

  async signIn(link) {
    const {page} = await openPage(this.context, this.server.url);
    await page.goto(link);
    await live(page);
    await page.close();
  }

  /** Another context, in which the same account is signed in. */
  async contextWith(options) {
    return this.browser.newContext({...options, storageState: await this.context.storageState()});
  }

  async open(path, from = this.context) {
    const opened = await openPage(from, this.server.url);
    await opened.page.goto(this.server.url + path);
    return opened;
  }
}

/**
 * Starts a server (startServer; `server` has its options, or makes them) and a browser before the
 * tests of a file, and ends them after. The context is signed in as the owner of the home, or as
 * `account`, which is added and has nothing; a file that looks at how one signs in does that itself.
 * `prepare` is called with the stage then: the hooks of a file do not wait for each other.
 */
export function setUp({
  server = {},
  account = '',
  signedIn = true,
  context = {},
  prepare = () => undefined,
} = {}) {
  const stage = new Stage();
  before(() => stage.start({server, account, signedIn, context, prepare}));
  after(() => stage.end());
  return stage;
}
