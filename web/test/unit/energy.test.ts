import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Energy, HomeDevice} from '../../api/types.ts';
import {barsOfHome, csvCell, niceStep, totalOf} from '../../charts/energy.ts';
import {barsOf, shifted, startOf} from '../../format/period.ts';

const hour = {from: '2026-11-21T12:00:00+01:00', to: '2026-11-21T13:00:00+01:00'};
const answer = (sn: string, energies: object) =>
  ({
    sn,
    period: 'day',
    ...hour,
    unit: 'kWh',
    quantities: [],
    buckets: [{...hour, unknown_s: 0, ...energies}],
    total: {unknown_s: 0},
  }) as Energy;
const device = (sn: string, role: string) => ({sn, role}) as HomeDevice;

test('behind a meter, what a consumer draws is not counted twice', () => {
  const bars = barsOfHome(
    [
      answer('ocean', {pv: 2, gridOut: 0.5, gridIn: 0, home: 1.5, ev: 0.4}),
      answer('delta', {gridIn: 0.3, batteryIn: 0.3, home: 0}),
    ],
    [device('ocean', 'meter'), device('delta', 'consumer')],
  );
  assert.equal(bars.length, 1);
  assert.equal(bars[0]!.gridIn, 0);
  assert.equal(Number(bars[0]!.home.toFixed(6)), 0.8);
  assert.equal(totalOf(bars).car, 0.4);
});

test('without a meter the grid is what the consumers draw', () => {
  const bars = barsOfHome(
    [answer('a', {gridIn: 0.3, home: 0.2}), answer('b', {gridIn: 0.2, home: 0.2})],
    [device('a', 'consumer'), device('b', 'consumer')],
  );
  assert.equal(bars[0]!.gridIn, 0.5);
  assert.equal(bars[0]!.home, 0.5);
});

test('one device shows what it reports', () => {
  const bars = barsOfHome([answer('a', {pv: 3, home: 1.2})], [device('a', 'feeder')]);
  assert.equal(bars[0]!.home, 1.2);
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
