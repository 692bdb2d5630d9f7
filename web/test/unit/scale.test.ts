import assert from 'node:assert/strict';
import {test} from 'node:test';
import {nextSlot} from '../../charts/bars.tsx';
import {pathOf} from '../../charts/data.ts';
import {areaOf, dayGeometry} from '../../charts/day_geometry.ts';
import {labelled, labelStep, scaleOf, stepDigits} from '../../charts/scale.ts';
import {energyForm, powerForm} from '../../format/number.ts';

test('an axis has 0 on a line, and only the side below it that is needed', () => {
  assert.deepEqual(scaleOf(7, 3, 4), {
    most: 8,
    least: -4,
    lines: [8, 6, 4, 2, 0, -2, -4],
    step: 2,
  });
  assert.deepEqual(scaleOf(7, 0, 4).least, 0);
  assert.deepEqual(scaleOf(0, 5, 2).lines, [5, 0, -5]);
});

test('labels of an axis tell its lines apart, also of a few Wh', () => {
  const rows: [number, number, string][] = [
    [12, 0, 'kWh'],
    [0.5, 1, 'kWh'],
    [0.02, 0, 'Wh'],
    [0.002, 1, 'Wh'],
  ];
  for (const [most, digits, unit] of rows) {
    const {step} = scaleOf(most, most, 4);
    const form = energyForm([most]);
    assert.equal(form.unit, unit);
    const labels = [0, 1, 2].map((i) => ((i * step) / form.size).toFixed(stepDigits(step, form)));
    assert.equal(new Set(labels).size, 3, labels.join());
    assert.ok(stepDigits(step, form) >= digits, `${most}: ${labels.join()}`);
  }
  assert.equal(stepDigits(500, powerForm([2000])), 1);
});

test('labels do not touch, and stand at round hours and days', () => {
  const rows: [number, number, number, number][] = [
    [24, 50, 45, 1],
    [24, 20, 45, 3],
    [24, 11, 45, 6],
    [25, 4, 45, 12],
    [31, 9, 22, 5],
    [7, 40, 30, 1],
  ];
  for (const [count, slot, wide, every] of rows) assert.equal(labelStep(count, slot, wide), every);
  assert.deepEqual(labelled(7, 3), [0, 3, 6]);
});

test('keys go through the slots and stay within them', () => {
  const rows: [string, number | null, number | null][] = [
    ['ArrowRight', null, 0],
    ['ArrowRight', 3, 4],
    ['ArrowRight', 23, 23],
    ['ArrowLeft', null, 23],
    ['ArrowLeft', 0, 0],
    ['Home', 9, 0],
    ['End', 9, 23],
    ['a', 9, null],
  ];
  for (const [key, chosen, next] of rows) assert.equal(nextSlot(key, chosen, 24), next, key);
});

test('a line is interrupted where nothing is known', () => {
  const path = pathOf(
    [1, 2, null, 3],
    (i) => i,
    (value) => value,
  );
  assert.equal(path, 'M0.0 1.0h0L1.0 2.0M3.0 3.0h0');
});

test('a day is drawn from midnight to midnight, also while it lasts', () => {
  const midnight = Date.parse('2026-06-20T22:00:00Z');
  const step = 900_000;
  const series = {from: midnight, to: midnight + 2 * step, step, times: [], powers_w: {}};
  const drawn = dayGeometry({
    series,
    columns: [
      [1000, 3000],
      [-500, null],
    ],
    hasCharge: true,
    width: 46 + 960 + 40,
    height: 248,
    zone: 'Europe/Berlin',
  });
  assert.equal(drawn.hours, 24);
  assert.deepEqual([drawn.hourX(0), drawn.hourX(12), drawn.hourX(24)], [46, 526, 1006]);
  assert.deepEqual([drawn.stepEdge(0), drawn.stepX(0), drawn.stepEdge(1)], [46, 51, 56]);
  assert.deepEqual([45, 46, 55, 57].map(drawn.stepAt), [-1, 0, 0, 1]);
  assert.deepEqual([drawn.scale.most, drawn.scale.least], [3000, -1000]);
  assert.deepEqual([drawn.powerY(3000), drawn.powerY(0), drawn.powerY(-1000)], [24, 174, 224]);
  assert.deepEqual([drawn.chargeY(100), drawn.chargeY(0)], [24, 224]);
  const area = areaOf([1000, null, 3000], drawn);
  assert.equal(area, 'M51.0 174.0L51.0 124.0L51.0 174.0ZM71.0 174.0L71.0 24.0L71.0 174.0Z');
});
