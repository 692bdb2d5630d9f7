import assert from 'node:assert/strict';
import {test} from 'node:test';
import {me} from '../../api/client.ts';
import type {Energy, HomeEnergy, Me} from '../../api/types.ts';
import {csvText} from '../../charts/csv.ts';
import {
  changeOf,
  energiesOfDevice,
  energiesOfHome,
  heightOf,
  isKnown,
  markOf,
  niceStep,
  sources,
  stacked,
  uses,
} from '../../charts/energy.ts';
import {energyPath} from '../../charts/use_bars.ts';
import {csvOf} from '../../pages/history_energies.tsx';

const noon = {from: '2026-11-21T12:00:00+01:00', to: '2026-11-21T13:00:00+01:00'};
const later = {from: '2026-11-21T13:00:00+01:00', to: '2026-11-21T14:00:00+01:00'};
const known = {unknown_s: 0, atLeast: false};

const home: HomeEnergy = {
  period: 'day',
  ...noon,
  quantities: ['sun', 'home', 'car', 'gridExport'],
  buckets: [
    {...noon, ...known, sun_kwh: 2, gridExport_kwh: 0.5, home_kwh: 1.5, car_kwh: 0.4},
    {...later, unknown_s: 3600, atLeast: false},
  ],
  total: {
    unknown_s: 3600,
    atLeast: true,
    sun_kwh: 2,
    gridExport_kwh: 0.5,
    home_kwh: 1.5,
    car_kwh: 0.4,
    selfConsumption_percent: 75,
  },
};

me.value = {zone: 'Europe/Berlin'} as Me;

test('a bar of the home has what the server says, and what it does not say is not known', () => {
  const {bars, total, previous} = energiesOfHome(home);
  assert.equal(bars[0]!.from, Date.parse(noon.from));
  assert.deepEqual([bars[0]!.sun, bars[0]!.home, bars[0]!.batteryIn], [2, 1.5, null]);
  assert.equal(total.atLeast, true);
  assert.equal(total.selfConsumption_percent, 75);
  assert.equal(total.selfSufficiency_percent, null);
  assert.equal(previous, undefined);
});

test('an hour of which nothing is known is unknown, not 0', () => {
  const [first, second] = energiesOfHome(home).bars;
  assert.equal(isKnown(first!), true);
  assert.equal(isKnown(second!), false);
  assert.equal(second!.unknown_s, 3600);
  assert.equal(second!.sun, null);
});

test('uses are stacked: the home without car and heat, then these', () => {
  const [bar] = energiesOfHome(home).bars;
  assert.equal(Number(stacked(bar!, 'home').toFixed(6)), 1.1);
  assert.equal(stacked(bar!, 'car'), 0.4);
  assert.equal(heightOf(bar!, sources), 2);
  assert.equal(heightOf(bar!, uses), 2);
});

test('the period before comes along where it was asked for', () => {
  const {previous} = energiesOfHome({
    ...home,
    previous: {
      ...noon,
      buckets: home.buckets,
      total: home.total,
      soFar: {...noon, ...known, sun_kwh: 0.7},
    },
  });
  assert.equal(previous?.bars.length, 2);
  assert.equal(previous?.total.sun, 2);
  assert.equal(previous?.soFar?.sun, 0.7);
});

test('one device shows what it reports, by the same names', () => {
  const device: Energy = {
    sn: 'A',
    period: 'day',
    ...noon,
    unit: 'kWh',
    quantities: ['pv', 'heater', 'heatpump'],
    buckets: [{...noon, unknown_s: 0, pv: 3, heater: 0.2, heatpump: 0.3}],
    total: {unknown_s: 0, pv: 3, selfConsumption: 0.5},
  };
  const {bars, total} = energiesOfDevice(device);
  assert.deepEqual([bars[0]!.sun, bars[0]!.heat, bars[0]!.home], [3, 0.5, null]);
  assert.equal(total.selfConsumption_percent, 50);
});

test('one request has the energies of a period, with those before if they are compared', () => {
  const rows: [Parameters<typeof energyPath>[0], string][] = [
    [{dev: null, period: 'day', start: null}, '/home/energy?period=day'],
    [
      {dev: null, period: 'month', start: '2026-06-01', compare: true},
      '/home/energy?period=month&from=2026-06-01&to=2026-07-01&compare=previous',
    ],
    [
      {dev: 'A/B', period: 'week', start: '2026-06-15'},
      '/devices/A%2FB/energy?period=week&from=2026-06-15&to=2026-06-22',
    ],
  ];
  for (const [asked, path] of rows) assert.equal(energyPath(asked), path);
});

test('a sum that lacks a part is at least that, and the home about that', () => {
  assert.deepEqual(
    (['sun', 'gridIn', 'batteryOut', 'home'] as const).map((part) => markOf(part, {atLeast: true})),
    ['≥ ', '≥ ', '≥ ', '≈ '],
  );
  assert.equal(markOf('home', {atLeast: false}), '');
});

test('a change is in percent of what was before, if there was something', () => {
  const rows: [number | null, number | null, number | null][] = [
    [11, 10, 10],
    [5, 10, -50],
    [0, 10, -100],
    [5, 0, null],
    [null, 10, null],
    [5, null, null],
  ];
  for (const [now, before, change] of rows) assert.equal(changeOf(now, before), change);
});

test('scales have round steps', () => {
  assert.deepEqual([niceStep(8, 4), niceStep(0.7, 4), niceStep(42, 4)], [2, 0.2, 20]);
});

test('a cell of CSV is no formula, and unknown is no 0', () => {
  assert.equal(
    csvText([
      ['=1+1', -1],
      ['a,"b"', ''],
    ]),
    `'=1+1,-1\n"a,""b""",\n`,
  );
  const {bars} = energiesOfHome(home);
  assert.equal(
    csvOf(bars, ['sun', 'car']),
    'from,local_time,sun_kwh,car_kwh,unknown_s\n' +
      '2026-11-21T11:00:00.000Z,2026-11-21T12:00:00+01:00,2,0.4,0\n' +
      '2026-11-21T12:00:00.000Z,2026-11-21T13:00:00+01:00,,,3600\n',
  );
});
