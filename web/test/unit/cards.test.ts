import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {DeviceSeries, Family, Field, HomeDevice} from '../../api/types.ts';
import {dayLine, daysPath, mostDevices} from '../../charts/device_days.ts';
import {circuitsOf, essentialFields, powersOf} from '../../pages/card_facts.ts';
import {figuresOf} from '../../pages/device_card.tsx';
import {cardOrder, cardsKey} from '../../pages/home_order.ts';
import {sortedBy} from '../../pages/use_order.ts';
import {deviceOf as device, hot} from '../fakes.ts';

const names = (devices: HomeDevice[]) => devices.map(({name}) => name).join(' ');
const withPower = (name: string, loadPower_w: number) => device(name, {loadPower_w});

test('what moves most comes before what rests, and trouble before both', () => {
  const devices = [
    device('rest'),
    withPower('some', 300),
    device('most', {sunPower_w: 100, batteryPower_w: -2000}),
    withPower('few', 3),
    device('gone', {state: 'offline', loadPower_w: 9000}),
    device('late', {state: 'quiet', loadPower_w: 600}),
    device('hot', {faults: [hot]}),
  ];
  assert.equal(names(cardOrder(devices, [])), 'hot gone most late some few rest');
});

test('a card passes another one only with clearly more power', () => {
  const before = ['A', 'B', 'C'];
  const rows: [number, number, number, string][] = [
    [1000, 1100, 900, 'A B C'],
    [1000, 1300, 900, 'A B C'],
    [1000, 1301, 900, 'B A C'],
    [1000, 1100, 5000, 'C A B'],
    [60, 100, 20, 'A B C'],
    [20, 60, 80, 'A B C'],
    [0, 3, 9, 'A B C'],
    [0, 300, 9, 'B A C'],
  ];
  for (const [a, b, c, order] of rows) {
    const devices = [withPower('C', c), withPower('B', b), withPower('A', a)];
    assert.equal(names(cardOrder(devices, before)), order, `${a} ${b} ${c}`);
    // What was found stays as it is.
    assert.equal(names(cardOrder(devices, order.split(' '))), order);
  }
});

test('trouble moves a card at once, and new cards find their places', () => {
  const before = ['A', 'B', 'C'];
  const devices = [withPower('A', 900), withPower('B', 500), device('C', {state: 'offline'})];
  assert.equal(names(cardOrder(devices, before)), 'C A B');
  assert.equal(names(cardOrder([...devices, withPower('D', 700)], before)), 'C A D B');
  assert.equal(names(cardOrder([withPower('C', 0), ...devices.slice(0, 2)], before)), 'A B C');
  assert.equal(names(cardOrder(devices.slice(1), before)), 'C B');
  const calm = cardsKey([device('A'), device('B')]);
  assert.equal(cardsKey([device('A'), device('B', {state: 'quiet'})]), calm);
  assert.notEqual(cardsKey([device('A'), device('B', {state: 'offline'})]), calm);
  assert.notEqual(cardsKey([device('A', {faults: [hot]}), device('B')]), calm);
});

test('what rests is ordered by name', () => {
  const devices = [withPower('C', 2), withPower('A', 9), withPower('B', 0)];
  assert.equal(names(cardOrder(devices, ['C', 'B', 'A'])), 'A B C');
});

test('a list that is sorted by a column does not look at how it was', () => {
  const order = sortedBy((a, b) => (a.loadPower_w ?? 0) - (b.loadPower_w ?? 0));
  assert.equal(names(order([withPower('B', 2), withPower('A', 1)], ['B', 'A'])), 'A B');
});

test('the days of the cards are one request, whatever their order', () => {
  assert.equal(daysPath(['B', 'A']), '/home/series?from=-1d&step=30m&devices=A%2CB');
  assert.equal(daysPath(['B', 'A']), daysPath(['A', 'B']));
  const many = Array.from({length: 40}, (_, i) => `S${i + 10}`);
  assert.equal(decodeURIComponent(daysPath(many)).split(',').length, mostDevices);
});

test('a line is that of the figure beside it, if two of its values are known', () => {
  const day: DeviceSeries = {
    sn: 'A',
    powers_w: {sun: [null, 5], home: [1, 2]},
    charge_percent: [50, null, 60],
  };
  assert.deepEqual(dayLine(day, 'charge'), {column: [50, null, 60], bounds: 'percent'});
  assert.deepEqual(dayLine(day, 'home'), {column: [1, 2], bounds: 'zero'});
  assert.equal(dayLine(day, 'sun'), null);
  assert.equal(dayLine(day, 'grid'), null);
  assert.equal(dayLine(undefined, 'charge'), null);
  const keys = (of: Partial<HomeDevice>) => figuresOf(device('A', of)).map(({node}) => node);
  assert.deepEqual(keys({loadPower_w: 5}), ['home']);
  assert.deepEqual(keys({gridPower_w: 5, batteryPower_w: 0}), ['battery', 'grid']);
});

test('a power that flows the other way has another word', () => {
  const rows: [Partial<HomeDevice>, string, string, string][] = [
    [{sunPower_w: 1}, 'Sun', 'Sun', 'Own use'],
    [{batteryPower_w: 1}, 'charging', 'Battery', 'discharging'],
    [{loadPower_w: 1}, 'Output', 'Output', 'Fed back'],
    [{gridPower_w: 1}, 'Import', 'Grid', 'Export'],
  ];
  for (const [of, ...words] of rows) {
    const [key] = Object.keys(of);
    const labels = [60, 0.9, -60].map(
      (power_w) => figuresOf(device('A', {[key!]: power_w}))[0]?.label,
    );
    assert.deepEqual(labels, words);
  }
});

const field = (name: string, more: Partial<Field> = {}): Field => ({name, type: 'int', ...more});
const list = (name: string, members: Field[]) =>
  field(name, {type: 'array', title: name, fields: [field('', {type: 'object', fields: members})]});
const family = (fields: Field[]): Family => ({
  id: 'f',
  prefixes: [],
  groups: [],
  fields,
  commands: [],
  reports: [],
  quirks: [],
});

test('the circuits of a panel are the list whose elements have one power each', () => {
  const watts = field('watts', {unit: 'W', scale: 0.1});
  const found = circuitsOf(
    family([
      field('w', {unit: 'W'}),
      list('packs', [watts, field('out', {unit: 'W'})]),
      list('channels', [field('state'), watts]),
    ]),
  );
  assert.deepEqual(found, {name: 'channels', title: 'channels', power: watts});
  assert.deepEqual(powersOf(found!, [{watts: 50}, {}, null, {watts: 'x'}]), [5, null, null, null]);
  assert.deepEqual(powersOf(found!, undefined), []);
  assert.equal(circuitsOf(family([list('packs', [field('state')])])), null);
});

test('a card has the first essential fields', () => {
  const fields = ['a', 'b', 'c', 'd'].map((name) => field(name, {essential: name !== 'a'}));
  assert.deepEqual(
    essentialFields(family(fields)).map(({name}) => name),
    ['b', 'c'],
  );
});
