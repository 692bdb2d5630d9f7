import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Home, HomeDevice, HomeNode, UnknownReason} from '../../api/types.ts';
import {unknownTexts} from '../../flow/unknown.ts';
import {de} from '../../i18n/de.ts';
import {en} from '../../i18n/en.ts';

const device = (sn: string, name: string) => ({sn, name}) as HomeDevice;
const homeWith = (sun: HomeNode) =>
  ({
    nodes: {sun, grid: {power_w: 0, atLeast: false}},
    flows: [],
    devices: [device('A', 'Balcony'), device('B', 'Cellar')],
  }) as unknown as Home;
const because = (sn: string, reason: UnknownReason) => ({sn, reason});
const linesOf = (sun: HomeNode, words = en) =>
  unknownTexts(homeWith(sun), words).map(([id, text]) => `${id} ${text}`);

test('a power that is not known has its reasons, and one that is has none', () => {
  const rows: [HomeNode, string[]][] = [
    [{power_w: 0, atLeast: false}, []],
    [{power_w: null, atLeast: false}, ['sun Sun: unknown']],
    [
      {power_w: null, atLeast: false, unknown: [because('A', 'offline')]},
      ['sun Sun: unknown (\u2068Balcony\u2069: offline)'],
    ],
    [
      {power_w: null, atLeast: false, known_w: -96, unknown: [because('A', 'offline')]},
      ['sun Sun: unknown (known of it: 96\u202fW own use; \u2068Balcony\u2069: offline)'],
    ],
    [
      {power_w: 5, atLeast: true, unknown: [because('B', 'never'), because('X', 'old')]},
      [
        'sun Sun: partly unknown (\u2068Cellar\u2069: never reported; ' +
          '\u2068X\u2069: silent for more than 5 min)',
      ],
    ],
  ];
  for (const [sun, lines] of rows) assert.deepEqual(linesOf(sun), lines);
  assert.deepEqual(
    linesOf({power_w: null, atLeast: false, unknown: [because('A', 'not_reported')]}, de),
    ['sun Sonne: unbekannt (\u2068Balcony\u2069: noch nicht gemeldet)'],
  );
});

test('devices of one name are told by their serial numbers', () => {
  const home = homeWith({power_w: null, atLeast: false, unknown: [because('A', 'never')]});
  home.devices.push(device('C', 'Balcony'));
  assert.deepEqual(unknownTexts(home, en), [
    ['sun', 'Sun: unknown (\u2068A\u2069: never reported)'],
  ]);
});

test('of many devices a few are named, and the others counted', () => {
  const many = (count: number) => Array.from({length: count}, () => because('A', 'offline'));
  const last = (sun: HomeNode) => linesOf(sun)[0]!.split('; ').at(-1);
  assert.equal(
    last({power_w: null, atLeast: false, unknown: many(3)}),
    '\u2068Balcony\u2069: offline)',
  );
  assert.equal(last({power_w: null, atLeast: false, unknown: many(4)}), '1 more)');
  assert.equal(
    last({power_w: null, atLeast: false, unknown: many(8), unknownDevices: 20}),
    '17 more)',
  );
});
