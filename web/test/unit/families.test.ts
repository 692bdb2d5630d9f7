import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Field, Report} from '../../api/types.ts';
import {carried, rangeText} from '../../pages/family_facts.ts';
import {byName} from '../../pages/products.ts';

test('products of one name stand together, with all that their serial numbers begin with', () => {
  const products = [
    {name: 'DELTA 2', prefix: 'R331'},
    {name: 'DELTA 3', prefix: 'P231'},
    {name: 'DELTA 2', prefix: 'R33'},
  ];
  const named = [...byName(products)].map(([name, each]) => [name, each.map((p) => p.prefix)]);
  assert.deepEqual(named, [
    ['DELTA 2', ['R331', 'R33']],
    ['DELTA 3', ['P231']],
  ]);
});

test('a report carries the fields that it names, and those that begin as it says', () => {
  const fields = ['pd.soc', 'pd.beep', 'pdx', 'inv.watts'].map(
    (name): Field => ({name, type: 'int'}),
  );
  const report = (names: string[]): Report => ({name: 'r', match: {}, fields: names});
  assert.equal(carried(report(['pd.']), fields), 2);
  assert.equal(carried(report(['pd.', 'inv.watts', 'pdx']), fields), 4);
  assert.equal(carried(report(['inv.']), fields), 1);
  assert.equal(carried(report(['inv']), fields), 0);
});

test('a range is told in the unit, and not where values have names', () => {
  const field: Field = {name: 'x', type: 'int', unit: 'W', scale: 0.1, range: [0, 8000]};
  assert.equal(rangeText(field).replace(/\s/g, ' '), '0 to 800 W');
  assert.equal(rangeText({name: 'x', type: 'int', range: [-3, 7]}), '-3 to 7');
  assert.equal(rangeText({...field, values: [{value: 0}, {value: 8000}]}), '');
  assert.equal(rangeText({name: 'x', type: 'int', unit: 'W'}), '');
});
