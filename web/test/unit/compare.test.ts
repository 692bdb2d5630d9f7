import assert from 'node:assert/strict';
import {test} from 'node:test';
import {me} from '../../api/client.ts';
import type {History, Me} from '../../api/types.ts';
import {columnOf, compared, earlier, withBefore} from '../../charts/compare.ts';
import {plotCsv} from '../../charts/csv.ts';
import type {Column, Line} from '../../charts/data.ts';
import {difference} from '../../format/number.ts';

const minute = 60_000;
const hour = 60 * minute;

type Series = History['series'][number];
const series = (field: string, points: Series['points'], more: Partial<Series> = {}): Series => ({
  field,
  points,
  ...more,
});
const line = (name: string, column: Column, more: Partial<Line> = {}): Line => ({
  name,
  title: name,
  unit: 'W',
  colour: 'sun',
  column,
  dashed: false,
  ...more,
});

me.value = {zone: 'Europe/Berlin'} as Me;

test('the period before has whole steps, and stays while a step goes on', () => {
  const rows: [from: number, to: number, step: number, back: number, low: number, high: number][] =
    [
      [0, 24 * hour, 5 * minute, 24 * hour, -24 * hour, 0],
      [hour + 7, 25 * hour + 7, 5 * minute, 24 * hour, -23 * hour, hour + 5 * minute],
      [hour + 9, 25 * hour + 9, 5 * minute, 24 * hour, -23 * hour, hour + 5 * minute],
      [0, 24 * hour, hour, 24 * hour, -24 * hour, 0],
      // A zoom of an hour and a bit of a step.
      [0, hour + 7000, 30_000, hour, -hour, 30_000],
      [0, hour + 20_000, 30_000, hour + 30_000, -hour - 30_000, 0],
      [0, 100, 1000, 1000, -1000, 0],
    ];
  for (const [from, to, step, backMs, low, high] of rows) {
    assert.deepEqual(earlier({from, to}, step), {from: low, to: high, backMs}, `${from} to ${to}`);
  }
});

test('a step of the period before stands in the row that it is compared with', () => {
  const times = [100, 110, 120, 130];
  const rows: [string, Series['points'], (number | null)[]][] = [
    [
      'whole',
      [
        [0, 1],
        [10, 2],
        [20, 3],
        [30, 4],
      ],
      [1, 2, 3, 4],
    ],
    [
      'with a gap',
      [
        [0, 1],
        [10, null],
        [30, 4],
      ],
      [1, null, null, 4],
    ],
    [
      'clocks changed in between',
      [
        [4, 1],
        [14, 2],
      ],
      [1, 2, null, null],
    ],
    [
      'wider than the rows',
      [
        [-10, 9],
        [0, 1],
        [40, 9],
      ],
      [1, null, null, null],
    ],
    ['no number', [[0, 'on']], [null, null, null, null]],
    ['nothing', [], [null, null, null, null]],
  ];
  for (const [name, points, column] of rows) {
    assert.deepEqual(columnOf(series('a', points), times, 100, 10), column, name);
  }
  assert.deepEqual(columnOf(series('a', [[0, 5]], {scale: 0.1}), [100], 100, 10), [0.5]);
  assert.deepEqual(columnOf(series('a', [[0, 5]]), [], 100, 10), []);
});

test('figures are of the steps that are known in both periods', () => {
  const rows: [Column, Column | undefined, string | null][] = [
    [[1, 2, 6], [2, 4, 0], '1/3/6 before 0/2/4 of 3'],
    [[1, null, 6], [2, 4, null], '1/1/1 before 2/2/2 of 1'],
    [[1, null], [null, 2], null],
    [[1, 2], undefined, null],
    [[], [], null],
  ];
  const text = ({least, mean, most}: {least: number; mean: number; most: number}) =>
    `${least}/${mean}/${most}`;
  for (const [column, before, said] of rows) {
    const it = compared(line('a', column, before ? {before} : {}));
    const got = it && `${text(it.now)} before ${text(it.before)} of ${it.rows}`;
    assert.equal(got, said, JSON.stringify([column, before]));
  }
});

test('panes have empty outlines until the period before is known, and keep their lines', () => {
  const panes = [{unit: 'W', lines: [line('a', [1, 2]), line('b', [3, 4])]}];
  const before = (answer: Parameters<typeof withBefore>[2]) =>
    withBefore(panes, [100, 110], answer, 10)[0]!.lines.map((each) => each.before);
  assert.deepEqual(before(null), [
    [null, null],
    [null, null],
  ]);
  const history = {
    series: [
      series('b', [
        [0, 7],
        [10, 8],
      ]),
    ],
  } as unknown as History;
  assert.deepEqual(before({history, backMs: 100}), [
    [null, null],
    [7, 8],
  ]);
  assert.equal(panes[0]!.lines[0]!.before, undefined);
});

test('a field that is compared has a column of the period before in the CSV', () => {
  const lines = [line('pd.watts', [1, null], {before: [0.1 + 0.2, 2]}), line('n', [5, 6])];
  assert.equal(
    plotCsv([0, 1000], lines),
    'time,local_time,pd.watts [W],pd.watts before [W],n [W]\n' +
      '1970-01-01T00:00:00.000Z,1970-01-01T01:00:00+01:00,1,0.3,5\n' +
      '1970-01-01T00:00:01.000Z,1970-01-01T01:00:01+01:00,,2,6\n',
  );
});

test('a difference has its sign, and one of shares is in points', () => {
  const rows: [number, string, string, string][] = [
    [38, 'W', '+38 W', '+38 W'],
    [-1200, 'W', '−1.20 kW', '−1,20 kW'],
    [0.2, 'W', '±0 W', '±0 W'],
    [-0.4, '%', '±0 points', '±0 Punkte'],
    [10, '%', '+10 points', '+10 Punkte'],
  ];
  const plain = (text: string) => text.replace(/[\u202f\u00a0]/g, ' ');
  for (const [value, unit, english, german] of rows) {
    assert.equal(plain(difference(value, unit, 'en', 'points')), english);
    assert.equal(plain(difference(value, unit, 'de', 'Punkte')), german);
  }
});
