import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Energy, HomeEnergy} from '../../api/types.ts';
import {csvCell, energiesOfDevice, energiesOfHome, niceStep} from '../../charts/energy.ts';
import {energyPath} from '../../charts/use_bars.ts';
import {barsOf, shifted, startOf} from '../../format/period.ts';

const hour = {from: '2026-11-21T12:00:00+01:00', to: '2026-11-21T13:00:00+01:00'};
const sums = {unknown_s: 0, atLeast: false};
const homeEnergy = (more: Partial<HomeEnergy>): HomeEnergy => ({
  period: 'day',
  ...hour,
  quantities: [],
  buckets: [],
  total: sums,
  ...more,
});

test('car and heat are stacked on the rest of what the home used', () => {
  const kwh = {sun_kwh: 2, gridExport_kwh: 0.5, home_kwh: 1.5, car_kwh: 0.4, heat_kwh: 0.1};
  const {bars, total, previous} = energiesOfHome(
    homeEnergy({buckets: [{...hour, ...sums, ...kwh}], total: {...sums, home_kwh: 3}}),
  );
  assert.equal(bars.length, 1);
  assert.equal(bars[0]!.from, Date.parse('2026-11-21T11:00:00Z'));
  assert.equal(bars[0]!.sun, 2);
  assert.equal(bars[0]!.home, 1);
  assert.equal(bars[0]!.car, 0.4);
  assert.equal(total.home, 3);
  assert.equal(previous, null);
});

test('what is not known is null, and not 0', () => {
  const unknown = {...hour, unknown_s: 3600, atLeast: true};
  const {bars, previous} = energiesOfHome(
    homeEnergy({
      buckets: [{...unknown, car_kwh: 1}],
      previous: {...hour, buckets: [unknown], total: sums},
    }),
  );
  assert.equal(bars[0]!.sun, null);
  assert.equal(bars[0]!.home, null);
  assert.deepEqual(Object.values(previous!.bars[0]!).filter((value) => value === null).length, 8);
});

test('one device shows what it reports', () => {
  const answer: Energy = {
    sn: 'a',
    period: 'day',
    ...hour,
    unit: 'kWh',
    quantities: ['pv', 'home', 'heatpump'],
    buckets: [{...hour, unknown_s: 0, pv: 3, home: 1.2, heatpump: 0.2}],
    total: {unknown_s: 0, pv: 3},
  };
  const {bars, total} = energiesOfDevice(answer);
  assert.equal(bars[0]!.home, 1);
  assert.equal(bars[0]!.heat, 0.2);
  assert.equal(bars[0]!.gridIn, null);
  assert.deepEqual([total.sun, total.home, total.heat], [3, null, null]);
});

test('the energies of a period are one request', () => {
  assert.equal(energyPath({sn: null, period: 'day', start: null}), '/home/energy?period=day');
  assert.equal(
    energyPath({sn: 'A/B', period: 'month', start: '2026-03-01', compares: true}),
    '/devices/A%2FB/energy?period=month&from=2026-03-01&to=2026-04-01&compare=previous',
  );
});

test('periods begin where the calendar says', () => {
  assert.equal(startOf('2026-11-22', 'week'), '2026-11-16');
  assert.equal(startOf('2026-11-16', 'week'), '2026-11-16');
  assert.equal(shifted('2026-03-31', 'month', -1), '2026-02-01');
  assert.equal(shifted('2026-01-01', 'day', -1), '2025-12-31');
  assert.equal(shifted('2026-05-05', 'year', 1), '2027-01-01');
  assert.deepEqual(
    [barsOf('2026-02-01', 'month'), barsOf('2026-11-16', 'week'), barsOf('2026-01-01', 'year')],
    [28, 7, 12],
  );
});

test('scales have round steps', () => {
  assert.deepEqual([niceStep(8, 4), niceStep(0.7, 4), niceStep(42, 4)], [2, 0.2, 20]);
});

test('a cell of CSV is no formula', () => {
  assert.equal(csvCell('=1+1'), "'=1+1");
  assert.equal(csvCell(-1), '-1');
  assert.equal(csvCell('a,"b"'), '"a,""b"""');
});
