import assert from 'node:assert/strict';
import {test} from 'node:test';
import type uPlot from 'uplot';
import {me} from '../../api/client.ts';
import type {CommandFacts, Family, Field, HomeDevice, Me, ParamFacts} from '../../api/types.ts';
import {timeLabels, valueLabels} from '../../charts/axes.ts';
import {plotCsv} from '../../charts/csv.ts';
import {known} from '../../charts/span.ts';
import {sparkPath} from '../../charts/spark.tsx';
import {followTouch, spanUnder} from '../../charts/touch.ts';
import {duration} from '../../format/age.ts';
import {display, textOf} from '../../format/field.ts';
import {joined, measured} from '../../format/number.ts';
import {numberEntry, timeUnitsOf, usualUnit} from '../../forms/body.ts';
import {commandGroups} from '../../forms/groups.ts';
import {presentText} from '../../forms/present.ts';
import {
  essentialsOf,
  greatestOf,
  namesOfLines,
  powerOf,
  sumColumn,
  sumOf,
  timeLeft,
} from '../../pages/essentials.ts';
import {groupsOf} from '../../pages/field_groups.ts';
import {fieldsOf} from '../../store/paths.ts';

const age = {now: 'now', s: 's', min: 'min', h: 'h'};
const words = {none: 'none', noSensor: 'no sensor', never: 'never', yes: 'yes', no: 'no', age};
const plain = (said: string) => said.replace(/\u202f/g, ' ');
const text = (facts: object | undefined, value: unknown) =>
  plain(textOf(display(facts, value, 'en', words)));

test('versions, texts, times and powers are shown as people read them', () => {
  const rows: [object, unknown, string][] = [
    [{format: 'version'}, 16_908_335, '1.2.0.47'],
    [{format: 'version'}, 1029, '0.4.5'],
    [{format: 'version'}, 4_278_190_081, '255.0.0.1'],
    [{format: 'version'}, 0, '0.0.0'],
    [{format: 'text'}, [86, 48, 46, 49, 0], 'V0.1'],
    [{format: 'text'}, ['V', 1], '["V",1]'],
    [{format: 'text'}, [86, 1_114_112], '[86,1114112]'],
    [{format: 'text'}, [0.5], '[0.5]'],
    [{absent: [0, 0], values: []}, [0, 0], 'no sensor'],
    [{unit: 'min', never: 0}, 0, 'never'],
    [{unit: 'min', never: 0}, 720, '12 h'],
    [{unit: 's'}, 90, '1 min 30 s'],
    [{unit: 'min', absent: 5939}, 5939, '—'],
    [{unit: 'V', absent: 5939}, 5939, 'no sensor'],
    [{}, true, 'yes'],
    [{values: [{value: false, name: 'off'}]}, false, 'off'],
    [{unit: 'W', scale: 0.1}, 9994, '999 W'],
    [{unit: 'W'}, 3240, '3.24 kW'],
    [{unit: 'W'}, -0.4, '0 W'],
    [{unit: 'mA'}, 8000, '8 A'],
    [{unit: 'mA'}, -1250, '−1.25 A'],
    [{unit: 'mA'}, 999, '999 mA'],
    [{unit: 'Wh'}, 12_400, '12.4 kWh'],
  ];
  for (const [facts, value, shown] of rows) {
    assert.equal(text(facts, value), shown, JSON.stringify([facts, value]));
  }
});

test('a time that is set is told exactly, by its two greatest parts', () => {
  const rows: [number, string][] = [
    [0, '0 s'],
    [45, '45 s'],
    [300, '5 min'],
    [5400, '1 h 30 min'],
    [65_534, '18 h 12 min'],
    [183_600, '2 d 3 h'],
    [-60, '\u22121 min'],
  ];
  for (const [seconds, shown] of rows) assert.equal(plain(duration(seconds, age)), shown);
});

test('figures of plots have a unit that fits, and no digits that mean nothing', () => {
  const rows: [number, string, string][] = [
    [98.02, 'W', '98 W'],
    [6000, 'W', '6.00 kW'],
    [-6.47, 'W', '\u22126 W'],
    [229.87, 'V', '230 V'],
    [53.587, 'V', '53.6 V'],
    [24.96, '°C', '25 °C'],
    [12, '', '12'],
  ];
  for (const [value, unit, shown] of rows) {
    assert.equal(plain(joined(measured(value, unit, 'en'))), shown);
  }
});

test('labels of an axis share a unit and their decimals', () => {
  assert.deepEqual(valueLabels([0, 500, 1000, 1500], 500, 'W').map(plain), [
    '0.0 kW',
    '0.5 kW',
    '1.0 kW',
    '1.5 kW',
  ]);
  assert.deepEqual(valueLabels([-50, 0, 50], 50, 'W').map(plain), ['\u221250 W', '0 W', '50 W']);
  assert.deepEqual(valueLabels([0, 50, 100], 50, '%').map(plain), ['0%', '50%', '100%']);
});

test('times at an axis are short: the clock within a day, and days by their date', () => {
  const noon = new Date(2026, 4, 25, 12).getTime();
  const midnight = new Date(2026, 4, 25).getTime();
  assert.deepEqual(timeLabels([midnight, noon], 43_200_000), ['25 May', '12:00']);
  assert.deepEqual(timeLabels([midnight], 86_400_000), ['25 May']);
  assert.deepEqual(timeLabels([noon + 5000], 5000), ['12:00:05']);
});

test('a plot opens where values are', () => {
  assert.deepEqual(known([10, 20, 30, 40], [[null, 1, null, 2]], 10), {from: 20, to: 50});
  assert.deepEqual(
    known(
      [10, 20],
      [
        [null, null],
        [null, 5],
      ],
      10,
    ),
    {from: 20, to: 30},
  );
  assert.equal(known([10, 20], [[null, null]], 10), null);
});

test('a gap of a sparkline stays a gap', () => {
  assert.equal(sparkPath([0, 10, null, 10], 0, 10), 'M0.0 26.0h0L40.0 2.0M120.0 2.0h0');
});

test('CSV of a plot names each field with its unit', (t) => {
  me.value = {zone: 'Europe/Berlin'} as Me;
  t.after(() => {
    me.value = undefined;
  });
  const line = {title: 'T', colour: '', dashed: false};
  assert.equal(
    plotCsv(
      [0, 1000],
      [
        {...line, name: 'a.w', unit: 'W', column: [0.1 + 0.2, null]},
        {...line, name: 'b', unit: '', column: [null, 7]},
      ],
    ),
    'time,local_time,a.w [W],b\n' +
      '1970-01-01T00:00:00.000Z,1970-01-01T01:00:00+01:00,0.3,\n' +
      '1970-01-01T00:00:01.000Z,1970-01-01T01:00:01+01:00,,7\n',
  );
});

const field = (name: string, more: Partial<Field> = {}): Field => ({name, type: 'int', ...more});
const family = (fields: Field[]): Family => ({
  id: 'f',
  prefixes: [],
  groups: [
    {name: 'pd', title: 'Whole unit', fields: ['pd.']},
    {name: 'bms', title: 'Battery', fields: ['bms.', 'pd.soc']},
    {name: 'cells', title: 'Cells', fields: ['m.*.t', 'm.*.v']},
  ],
  fields,
  commands: [],
  reports: [],
  quirks: [],
});

test('what people look at first comes from natures and marks', () => {
  const all = essentialsOf(
    family([
      field('soc', {nature: 'battery.soc', unit: '%'}),
      field('other', {nature: 'battery.soc', unit: '%'}),
      field('pv1', {nature: 'pv.power', unit: 'W'}),
      field('pv2', {nature: 'pv.power', unit: 'W', part: true}),
      field('pv3', {nature: 'pv.power', unit: 'W'}),
      field('in', {nature: 'battery.charge_power', unit: 'W', scale: 0.1}),
      field('out', {nature: 'battery.discharge_power', unit: 'W', scale: 0.1}),
      field('m.*.load', {nature: 'load.power', unit: 'W'}),
      field('p1', {nature: 'battery.temperature', unit: '°C'}),
      field('p2', {nature: 'battery.temperature', unit: '°C'}),
      field('state', {essential: true}),
    ]),
    ['m.A.load', 'm.B.load'],
  );
  assert.deepEqual(all.charge, [{name: 'soc', factor: 1}]);
  assert.deepEqual(
    all.powers.map(({key, parts}) => [key, parts.map(({name, factor}) => `${name} ${factor}`)]),
    [
      ['sun', ['pv1 1', 'pv2 1']],
      ['battery', ['in 0.1', 'out -0.1']],
      ['load', ['m.A.load 1', 'm.B.load 1']],
    ],
  );
  assert.deepEqual(
    all.marked.map(({name}) => name),
    ['state'],
  );
  const values: Record<string, unknown> = {in: 500, out: 300, p1: 20, p2: 31};
  const read = (name: string) => values[name];
  const [sun, battery] = all.powers;
  assert.equal(sumOf(battery!.parts, read), 20);
  assert.equal(sumOf(sun!.parts, read), null);
  assert.equal(greatestOf(all.temperatures, read), 31);
  // The home's figure goes before the device's own.
  assert.equal(powerOf('battery', battery!.parts, {batteryPower_w: 25} as HomeDevice, read), 25);
  assert.equal(powerOf('battery', battery!.parts, undefined, read), 20);
});

test('a sparkline of several fields is their sum, and unknown where none is known', () => {
  const columns = new Map([
    ['in', [1, 2, null]],
    ['out', [4, null, null]],
  ]);
  const parts = [
    {name: 'in', factor: 0.1},
    {name: 'out', factor: -0.1},
    {name: 'absent', factor: 1},
  ];
  assert.deepEqual(sumColumn(parts, columns), [-3, 2, null]);
});

test('one request has the names of all lines, but for one that does not fit', () => {
  const modules = Array.from({length: 40}, (_, i) => `m.${i}.load`);
  const all = essentialsOf(
    family([
      field('soc', {nature: 'battery.soc', unit: '%'}),
      field('pv', {nature: 'pv.power', unit: 'W'}),
      field('m.*.load', {nature: 'load.power', unit: 'W'}),
      field('p1', {nature: 'battery.temperature', unit: '°C'}),
      field('p2', {nature: 'battery.temperature', unit: '°C'}),
      field('fan', {essential: true, unit: '%'}),
      field('state', {essential: true}),
    ]),
    modules,
  );
  assert.deepEqual(namesOfLines(all), ['soc', 'pv', 'p1', 'fan']);
});

test('the time left is that to where the battery goes', () => {
  const two = essentialsOf(
    family([
      field('full', {nature: 'battery.time_to_full', unit: 'min', absent: 5999}),
      field('empty', {nature: 'battery.time_to_empty', unit: 'min', absent: 5999}),
    ]),
    [],
  );
  const one = essentialsOf(family([field('left', {nature: 'battery.time_left', unit: 'min'})]), []);
  const rows: [typeof two, number | null, Record<string, number>, unknown][] = [
    [two, 500, {full: 90, empty: 300}, {until: 'full', seconds: 5400}],
    [two, -500, {full: 90, empty: 300}, {until: 'empty', seconds: 18_000}],
    [two, -500, {full: 90, empty: 5999}, null],
    [two, 0, {full: 90, empty: 300}, null],
    [two, null, {full: 90, empty: 300}, null],
    [one, 500, {left: 30}, {until: 'full', seconds: 1800}],
    [one, -500, {left: -30}, {until: 'empty', seconds: 1800}],
  ];
  for (const [all, power, values, expected] of rows) {
    assert.deepEqual(
      timeLeft(all, power, (name) => values[name]),
      expected,
    );
  }
});

test('groups have the titles and the order of the family, and each module is one', () => {
  const made = family([
    field('pd.soc'),
    field('bms.vol'),
    field('pd.w'),
    field('power'),
    field('m.*.w'),
    field('m.*.v'),
    field('m.*.t'),
  ]);
  const groups = groupsOf(fieldsOf(made, ['m.B.w', 'm.A.w', 'm.A.v', 'm.A.t']), made);
  assert.deepEqual(
    groups.map(({title, fields}) => [title, fields.map(({name}) => name)]),
    [
      [null, ['power']],
      ['Whole unit', ['pd.w']],
      ['Battery', ['bms.vol', 'pd.soc']],
      ['Cells · A', ['m.A.t', 'm.A.v']],
      ['m · A', ['m.A.w']],
      ['m · B', ['m.B.w']],
    ],
  );
});

const seconds: ParamFacts = {
  name: 's',
  type: 'int',
  unit: 's',
  range: [0, 65_534],
  never: 0,
  required: false,
  sets: ['x'],
};

test('a time is typed in the unit that fits, and sent in the parameter’s own', () => {
  const units = timeUnitsOf(seconds);
  assert.deepEqual(
    units.map(({unit, times}) => [unit, times]),
    [
      ['s', 1],
      ['min', 60],
      ['h', 3600],
    ],
  );
  for (const [value, unit] of [
    [300, 'min'],
    [90, 's'],
    [7200, 'h'],
    [0, 's'],
    [null, 's'],
  ] as const) {
    assert.equal(usualUnit(units, value)?.unit, unit);
  }
  assert.deepEqual(numberEntry('1,5', seconds, 3600), {value: 5400, problem: null, text: '1,5'});
  assert.equal(numberEntry('19', seconds, 3600).problem, 'range');
  assert.deepEqual(timeUnitsOf({...seconds, unit: 'W'}), []);
  assert.deepEqual(
    timeUnitsOf({...seconds, unit: 'min', range: [0, 30]}).map(({unit}) => unit),
    ['min'],
  );
});

test('the present value stands in the words and the unit of its form', () => {
  const onOff = [
    {value: 0, name: 'off'},
    {value: 1, name: 'on'},
  ];
  const current: ParamFacts = {...seconds, unit: 'mA', sets: ['x']};
  const rows: [ParamFacts, Field, unknown, string][] = [
    [current, field('x', {unit: 'A', scale: 0.001}), 8000, '8000 mA'],
    [seconds, field('x', {unit: 's'}), 300, '5 min'],
    [seconds, field('x', {unit: 's'}), 0, 'never'],
    [{...current, values: onOff}, field('x', {values: [{value: 1, name: 'silent'}]}), 1, 'on'],
    [current, field('x', {unit: 'A', absent: 65_535}), 65_535, 'no sensor'],
    [{...current, sets: undefined as never}, field('x', {unit: 'A'}), 8, '8 A'],
  ];
  for (const [param, facts, value, shown] of rows) {
    assert.equal(plain(presentText(param, facts, value)), shown);
  }
});

test('commands stand by what they are about', () => {
  const command = (name: string, group?: CommandFacts['group']): CommandFacts => ({
    kind: 'command',
    name,
    dangerous: false,
    example: {},
    params: [],
    ...(group ? {group} : {}),
  });
  assert.deepEqual(
    commandGroups([command('a'), command('b', 'display'), command('c', 'outputs')]).map(
      ({group, commands}) => [group, commands.map(({name}) => name)],
    ),
    [
      ['outputs', ['c']],
      ['display', ['b']],
      ['other', ['a']],
    ],
  );
});

test('what lies under fingers stays under them', () => {
  const shown = {from: 1_000_000, to: 2_000_000};
  const rows: [number[], number[], number, number][] = [
    [[100], [100], 1_000_000, 2_000_000],
    [[100], [150], 950_000, 1_950_000],
    [[250, 750], [0, 1000], 1_250_000, 1_750_000],
    [[0, 1000], [250, 750], 500_000, 2_500_000],
    [[750, 250], [1000, 0], 1_250_000, 1_750_000],
    [[400, 600], [500, 700], 900_000, 1_900_000],
    // They cannot meet, and less than a minute shows too little.
    [[490, 510], [500, 500], 1_000_000, 2_000_000],
    [[499, 501], [0, 1000], 1_470_000, 1_530_000],
  ];
  for (const [before, now, from, to] of rows) {
    assert.deepEqual(spanUnder(shown, 1000, before, now), {from, to}, `${before} ${now}`);
  }
});

test('data that arrive while fingers move a plot do not set it back', () => {
  class Over extends EventTarget {
    clientWidth = 1000;
    getBoundingClientRect = () => ({left: 0});
  }
  const over = new Over();
  const x = {min: 0, max: 1_000_000};
  const setScale = (_: string, span: {min: number; max: number}) => Object.assign(x, span);
  const ends: object[] = [];
  followTouch({over, scales: {x}, setScale} as unknown as uPlot, (span) => ends.push(span));
  const touch = (type: string, pointerId: number, clientX: number) =>
    over.dispatchEvent(Object.assign(new Event(type), {pointerId, clientX, pointerType: 'touch'}));
  touch('pointerdown', 1, 400);
  touch('pointerdown', 2, 600);
  touch('pointermove', 1, 300);
  touch('pointermove', 2, 700);
  assert.deepEqual(x, {min: 250_000, max: 750_000});
  setScale('x', {min: 0, max: 1_000_000});
  touch('pointerup', 1, 300);
  touch('pointerup', 2, 700);
  assert.deepEqual(ends, [{from: 250_000, to: 750_000}]);
});
