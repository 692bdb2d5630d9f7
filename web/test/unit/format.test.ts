import assert from 'node:assert/strict';
import {test} from 'node:test';
import {age, dayOf, hoursOfDay, localIso, span, when} from '../../format/age.ts';
import {
  energy,
  energyForm,
  inForm,
  joined,
  percent,
  power,
  powerForm,
  quantity,
} from '../../format/number.ts';
import {sinceText} from '../../i18n/index.ts';
import {clock} from '../../store/clock.ts';

const plain = (text: string) => text.replace(/\u202f/g, ' ');

test('a moment has the offset of its clock where it is not told otherwise', () => {
  const twice = Date.parse('2026-10-25T02:30:00+01:00');
  const rows: [number, string, string][] = [
    [twice, 'Europe/Berlin', '2026-10-25T02:30:00+01:00'],
    [twice - 3_600_000, 'Europe/Berlin', '2026-10-25T02:30:00+02:00'],
    [twice + 5, 'America/St_Johns', '2026-10-24T23:00:00.005-02:30'],
    [twice, 'UTC', '2026-10-25T01:30:00+00:00'],
  ];
  for (const [ms, zone, text] of rows) assert.equal(localIso(ms, zone), text);
  assert.equal(when(twice, 'moment', 'en-GB', 'Europe/Berlin'), '25 Oct, 02:30 +01:00');
  assert.equal(when(twice, 'date', 'en-GB', 'Europe/Berlin'), '25 Oct 2026');
  assert.equal(when(twice + 1_800_000, 'seconds', 'en-GB', 'Europe/Berlin'), '03:00:00');
});

test('powers have the unit that fits, and three digits', () => {
  const rows: [number | null, string, string][] = [
    [0, '0 W', '0 W'],
    [0.4, '0 W', '0 W'],
    [-0.4, '0 W', '0 W'],
    [3, '3 W', '3 W'],
    [999, '999 W', '999 W'],
    [1000, '1.00 kW', '1,00 kW'],
    [3240, '3.24 kW', '3,24 kW'],
    [9996, '10.0 kW', '10,0 kW'],
    [32_400, '32.4 kW', '32,4 kW'],
    [324_000, '324 kW', '324 kW'],
    [1_240_000, '1.24 MW', '1,24 MW'],
    [-1500, '−1.50 kW', '−1,50 kW'],
    [null, '—', '—'],
    [NaN, '—', '—'],
  ];
  for (const [watts, en, de] of rows) {
    assert.equal(plain(joined(power(watts, 'en'))), en);
    assert.equal(plain(joined(power(watts, 'de'))), de);
  }
});

test('a power near 1 kW keeps its unit', () => {
  assert.equal(power(999, 'en', 'kW').unit, 'kW');
  assert.equal(power(949, 'en', 'kW').unit, 'W');
  assert.equal(power(999, 'en', 'W').unit, 'W');
  assert.equal(power(960_000, 'en', 'MW').unit, 'MW');
});

test('energies', () => {
  const rows: [number | null, string][] = [
    [0, '0 kWh'],
    [0.0421, '42 Wh'],
    [0.1, '0.10 kWh'],
    [1.3, '1.30 kWh'],
    [12.44, '12.4 kWh'],
    [124.4, '124 kWh'],
    [12_440, '12.4 MWh'],
    [null, '—'],
  ];
  for (const [kwh, text] of rows) assert.equal(plain(joined(energy(kwh, 'en'))), text);
});

test('percents are 100 only when full, and never 0 for a little', () => {
  const rows: [number | null, string][] = [
    [0, '0%'],
    [0.3, '< 1%'],
    [64.4, '64%'],
    [99.4, '99%'],
    [99.7, '99%'],
    [99.9, '100%'],
    [100, '100%'],
    [null, '—'],
  ];
  for (const [value, text] of rows) assert.equal(percent(value, 'en'), text);
  assert.equal(plain(percent(64, 'de')), '64 %');
});

test('other quantities have the decimals of their step', () => {
  assert.equal(quantity(53.587, 'en', 0.001), '53.587');
  assert.equal(quantity(23.4, 'en', 0.1), '23.4');
  assert.equal(quantity(720, 'de', 1), '720');
  assert.equal(quantity(-2.25, 'de'), '−2,25');
});

const words = {now: 'now', s: 's', min: 'min', h: 'h'};

test('ages', () => {
  const rows: [number, string | null][] = [
    [-300, 'now'],
    [4999, 'now'],
    [5000, '5 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [86_400_000, null],
  ];
  for (const [ms, text] of rows) {
    const got = age(ms, words);
    assert.equal(got && plain(got), text);
  }
});

test('spans', () => {
  const rows: [number, string][] = [
    [45, '45 s'],
    [300, '5 min'],
    [6600, '1 h 50 min'],
    [-5220, '1 h 27 min'],
    [7200, '2 h'],
    [259_200, '3 d'],
  ];
  for (const [s, text] of rows) assert.equal(plain(span(s, words, 'en')), text);
});

test('times are those of the zone of the server', () => {
  const ms = Date.UTC(2026, 0, 14, 23, 20);
  assert.equal(when(ms, 'time', 'de', 'Europe/Berlin'), '00:20');
  assert.equal(dayOf(ms, 'Europe/Berlin'), '2026-01-15');
  assert.equal(dayOf(ms, 'UTC'), '2026-01-14');
});

test('a column has one unit and one number of digits', () => {
  const column = (values: (number | null)[], form: ReturnType<typeof energyForm>) => [
    form.unit,
    ...values.map((value) => inForm(value, form, 'en')),
  ];
  const energies: [(number | null)[], string[]][] = [
    [
      [2.83, 0.033, 0.001, null, 0],
      ['kWh', '2.83', '0.03', '< 0.01', '—', '0.00'],
    ],
    [
      [0.05, 0.0004],
      ['Wh', '50', '< 1'],
    ],
    [
      [124.4, 2],
      ['kWh', '124.4', '2.0'],
    ],
    [
      [12_440, 300],
      ['MWh', '12.44', '0.30'],
    ],
    [
      [null, 0],
      ['kWh', '—', '0.00'],
    ],
  ];
  for (const [values, shown] of energies)
    assert.deepEqual(column(values, energyForm(values)), shown);
  const powers: [(number | null)[], string, string[]][] = [
    [[277, 0.2, null, -4], '', ['W', '277', '0', '—', '−4']],
    [[-4400, 277, -4], '', ['kW', '−4.40', '0.28', '0.00']],
    [[960, 20], 'kW', ['kW', '0.96', '0.02']],
    [[960, 20], '', ['W', '960', '20']],
  ];
  for (const [values, before, shown] of powers) {
    assert.deepEqual(column(values, powerForm(values, before)), shown);
  }
});

test('a day has the hours that its clocks show', () => {
  const rows: [string, number][] = [
    ['2026-03-28T23:00:00Z', 23],
    ['2026-06-20T22:00:00Z', 24],
    ['2026-10-24T22:00:00Z', 25],
  ];
  for (const [midnight, hours] of rows) {
    assert.equal(hoursOfDay(Date.parse(midnight), 'Europe/Berlin'), hours);
  }
});

test('how long something lasts is a span, from a day on too', () => {
  const now = 1_700_000_000_000;
  clock.set(now, 0);
  const rows: [number | null, string][] = [
    [now + 9000, '0 s'],
    [now - 30_000, '30 s'],
    [now - 7_500_000, '2 h 5 min'],
    [now - 4 * 86_400_000, '4 d'],
    [null, '—'],
  ];
  for (const [since, shown] of rows) {
    assert.equal(sinceText(since).replaceAll('\u202f', ' '), shown);
  }
});
