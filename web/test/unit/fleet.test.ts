import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {HomeDevice} from '../../api/types.ts';
import {nextRow} from '../../pages/fleet_grid.tsx';
import {type Filter, parseQuery, passes} from '../../pages/fleet_query.ts';
import {deviceOf} from '../fakes.ts';

const now = 1_700_000_000_000;
const devices: HomeDevice[] = [
  deviceOf('Kitchen', {
    sn: 'R331A',
    family: 'delta_2',
    familyName: 'DELTA 2',
    charge_percent: 12,
    batteryPower_w: -300,
    lastReport: now - 2000,
  }),
  deviceOf('Roof house', {
    sn: 'HJ31B',
    family: 'power_ocean',
    familyName: 'PowerOcean',
    charge_percent: 80,
    sunPower_w: 4200,
    gridPower_w: -1500,
    lastReport: now - 3000,
  }),
  deviceOf('Camper', {
    sn: 'M106C',
    family: 'power_kits',
    familyName: 'Power Kits',
    state: 'offline',
    lastReport: now - 7_200_000,
    faults: [{field: 'a', title: 'Battery too hot', value: 1, text: '1', since: null}],
  }),
  deviceOf('New', {sn: 'X1', state: 'never', lastReport: null}),
];
const context = {
  now,
  stateName: (state: HomeDevice['state']) =>
    ({live: 'aktiv', quiet: 'keine Meldung', offline: 'offline', never: 'nie gemeldet'})[state],
};
const found = (text: string) =>
  devices.filter((device) => parseQuery(text).matches(device, context)).map(({name}) => name);

test('a search takes words and comparisons, and all of them have to hold', () => {
  const rows: [string, string[]][] = [
    ['', ['Kitchen', 'Roof house', 'Camper', 'New']],
    ['kitch', ['Kitchen']],
    ['r331', ['Kitchen']],
    ['delta', ['Kitchen']],
    ['"roof house"', ['Roof house']],
    ['roof kitchen', []],
    ['too hot', ['Camper']],
    ['soc<20', ['Kitchen']],
    ['SOC >= 80%', []], // spaces separate words
    ['soc>=80%', ['Roof house']],
    ['ladung<20', ['Kitchen']],
    ['ladestand<20', ['Kitchen']],
    ['akku<0', ['Kitchen']],
    ['sun>1kW', ['Roof house']],
    ['sonne>4,1kW', ['Roof house']],
    ['battery<0', ['Kitchen']],
    ['grid<−1000', ['Roof house']],
    ['age>5min', ['Camper']],
    ['age>1h', ['Camper']],
    ['age<5s', ['Kitchen', 'Roof house']],
    ['family:power', ['Roof house', 'Camper']],
    ['family:"power kits"', ['Camper']],
    ['sn:m106', ['Camper']],
    ['name:camper', ['Camper']],
    ['state:offline', ['Camper']],
    ['zustand:aktiv', ['Kitchen', 'Roof house']],
    ['soc<90 family:ocean', ['Roof house']],
  ];
  for (const [text, names] of rows) assert.deepEqual(found(text), names, text);
});

test('what is no comparison is named, and hides nothing', () => {
  const rows: [string, string[]][] = [
    ['soc<', ['soc<']],
    ['soc<many', ['soc<many']],
    ['soc<20parsecs', ['soc<20parsecs']],
    ['colour<3', ['colour<3']],
    ['name<3', ['name<3']],
    ['soc<20', []],
    ['12:30', []],
    // Every object of a script has these.
    ['constructor:x', []],
    ['toString<3', ['toString<3']],
    ['soc<3valueof', ['soc<3valueof']],
  ];
  for (const [text, wrong] of rows) assert.deepEqual(parseQuery(text).wrong, wrong, text);
  assert.equal(found('colour<3').length, devices.length);
  assert.deepEqual(found('constructor:x'), []);
});

test('a device that reports a fault is one with trouble, whatever its state', () => {
  const count = (filter: Filter) => devices.filter((device) => passes(device, filter)).length;
  assert.deepEqual(
    (['live', 'quiet', 'offline', 'never', 'trouble'] as const).map(count),
    [2, 0, 1, 1, 1],
  );
});

test('keys go through the rows and stay within them', () => {
  const rows: [string, number, number | null][] = [
    ['ArrowDown', -1, 0],
    ['ArrowDown', 5, 6],
    ['ArrowDown', 99, 99],
    ['ArrowUp', -1, 0],
    ['ArrowUp', 5, 4],
    ['PageDown', 95, 99],
    ['PageUp', 5, 0],
    ['Home', 50, 0],
    ['End', 0, 99],
    ['x', 5, null],
  ];
  for (const [key, row, next] of rows) assert.equal(nextRow(key, row, 100, 10), next, key);
});
