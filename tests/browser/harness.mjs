// A server of its own with a demo home, and Debian's Chromium in front of it.
import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {chromium} from 'playwright-core';

const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Starts a server; `address` gives it the port of one that ran before. */
export async function startServer({
  data = mkdtempSync(join(tmpdir(), 'gridloom-browser-')),
  address = '127.0.0.1:0',
  more = ['--speed', '30'],
} = {}) {
  const free = ['--https', '--mqtt', '--mqtts'].flatMap((listener) => [listener, '127.0.0.1:0']);
  const server = spawn(
    process.env.GRIDLOOM,
    [
      'serve',
      '--demo',
      '--data',
      data,
      '--web',
      process.env.GRIDLOOM_PAGE,
      ...more,
      '--http',
      address,
      ...free,
    ],
    {stdio: ['ignore', 'pipe', 'pipe']},
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
    stop: async () => {
      server.kill('SIGTERM');
      await exited;
    },
    remove: () => rmSync(data, {recursive: true, force: true}),
  };
}

export const launch = () => chromium.launch({executablePath: browserPath});

/** A page that records what must not happen: errors, violations, requests to other hosts. */
export async function openPage(context, url) {
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
