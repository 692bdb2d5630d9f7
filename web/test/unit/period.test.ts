import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';
import {me} from '../../api/client.ts';
import type {Me} from '../../api/types.ts';
import type {Bar} from '../../charts/energy.ts';
import {axisName, periodName, type Slots, slotName, slotsOf} from '../../charts/labels.ts';
import {barsOf, isDate, type Period, shifted, startOf, within} from '../../format/period.ts';
import {setLanguage} from '../../i18n/index.ts';
import {inSlots} from '../../pages/history_energies.tsx';

beforeEach(() => {
  globalThis.document = {documentElement: {}} as Document;
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

test('only dates that exist are dates', () => {
  const rows: [string, boolean][] = [
    ['2026-11-21', true],
    ['2024-02-29', true],
    ['2026-02-29', false],
    ['2026-13-01', false],
    ['garbage', false],
    ['2026-11-21T00:00', false],
    ['', false],
  ];
  for (const [text, is] of rows) assert.equal(isDate(text), is, text);
});

test('a slot of a year opens its month, a slot of a month or week its day, an hour nothing', () => {
  assert.deepEqual(within('2026-01-01', 'year', 5), ['month', '2026-06-01']);
  assert.deepEqual(within('2026-06-01', 'month', 20), ['day', '2026-06-21']);
  assert.deepEqual(within('2026-06-29', 'week', 3), ['day', '2026-07-02']);
  assert.equal(within('2026-06-21', 'day', 3), null);
});

test('slots have names also where nothing is measured yet', async () => {
  const rows: [string, Period, number, string, string][] = [
    ['2026-06-21', 'day', 7, '07:00', '07:00'],
    ['2026-06-15', 'week', 0, 'Mon 15', 'Mo 15'],
    ['2026-06-29', 'week', 2, 'Wed 1', 'Mi 1'],
    ['2026-06-01', 'month', 29, '30', '30'],
    ['2026-01-01', 'year', 9, 'Oct', 'Okt'],
  ];
  for (const [start, period, index, en, de] of rows) {
    await setLanguage('en');
    assert.equal(slotName(start, period, index), en);
    await setLanguage('de');
    assert.equal(slotName(start, period, index).replace('.', ''), de);
  }
});

// 2026-03-29 has no 02:00, 2026-10-25 has two.
test('a day has a slot for each hour of the clock, and each its name', async () => {
  await setLanguage('en');
  me.value = {zone: 'Europe/Berlin'} as Me;
  const day = (date: string) => slotsOf(date, 'day', [{from: Date.parse(`${date}T00:00+02:00`)}]);
  const rows: [Slots, number, string[]][] = [
    [
      slotsOf('2026-03-29', 'day', [{from: Date.parse('2026-03-29T00:00+01:00')}]),
      23,
      ['00:00', '01:00', '03:00', '04:00'],
    ],
    [day('2026-06-21'), 24, ['00:00', '01:00', '02:00', '03:00']],
    [day('2026-10-25'), 25, ['00:00', '01:00', '02:00 +02:00', '02:00 +01:00']],
    [slotsOf('2026-10-25', 'day', []), 24, ['00:00', '01:00', '02:00', '03:00']],
  ];
  for (const [slots, count, first] of rows) {
    assert.equal(slots.count, count);
    assert.deepEqual([0, 1, 2, 3].map(slots.name), first);
    assert.equal(slots.name(count - 1), '23:00');
    assert.equal(
      new Set(Array.from({length: count}, (_, i) => axisName(slots.name(i)))).size,
      count,
    );
  }
  // An hour is compared with the one that the clock shows so.
  const hours = Array.from({length: 24}, (_, i) => ({
    from: Date.parse('2026-10-24T00:00+02:00') + i * 3_600_000,
  })) as Bar[];
  const beside = inSlots(hours, day('2026-10-25'), 'day').map((bar) => hours.indexOf(bar!));
  assert.deepEqual(beside.slice(0, 5), [0, 1, 2, 2, 3]);
  assert.equal(beside[24], 23);
});

test('a period has a name in words', async () => {
  await setLanguage('en');
  const rows: [string, Period, string][] = [
    ['2026-06-21', 'day', 'Sun, 21 Jun 2026'],
    ['2026-06-15', 'week', '15–21 Jun 2026'],
    ['2026-06-29', 'week', '29 Jun–5 Jul 2026'],
    ['2026-06-01', 'month', 'June 2026'],
    ['2026-01-01', 'year', '2026'],
  ];
  for (const [start, period, name] of rows) {
    assert.equal(periodName(start, period).replace(' ', ' '), name);
  }
});
