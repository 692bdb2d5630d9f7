import assert from 'node:assert/strict';
import {test} from 'node:test';
import {clientName} from '../../format/client_name.ts';

test('a browser is named by what people call it', () => {
  const mozilla = 'Mozilla/5.0';
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
  const rows: [string, string, string][] = [
    [
      `${mozilla} (X11; Linux x86_64) ${webkit} HeadlessChrome/156.0.0.0 Safari/537.36`,
      'Chrome (headless) 156',
      'Linux',
    ],
    [
      `${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.1`,
      'Edge 141',
      'Windows',
    ],
    [
      `${mozilla} (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`,
      'Firefox 140',
      'Linux',
    ],
    [
      `${mozilla} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 ` +
        '(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      'Safari 18',
      'iPhone',
    ],
    [
      `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) ` +
        'Version/17.4 Safari/605.1.15',
      'Safari 17',
      'macOS',
    ],
    [
      `${mozilla} (Linux; Android 14; Pixel 8) ${webkit} Chrome/140.0.0.0 Mobile Safari/537.36`,
      'Chrome 140',
      'Android',
    ],
    ['curl/8.5.0', 'curl/8.5.0', ''],
  ];
  for (const [agent, browser, system] of rows) {
    assert.deepEqual(clientName(agent), {browser, system}, agent);
  }
  assert.equal(clientName(''), null);
});
