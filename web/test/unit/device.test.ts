import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {CommandFacts, Home, ParamFacts} from '../../api/types.ts';
import {columns, dashOf, gaps, panes, stepFor} from '../../charts/data.ts';
import {isFlowing, mix} from '../../flow/layout.ts';
import {display, parseNumber, textOf, typed} from '../../format/field.ts';
import {
  commandBody,
  curlLine,
  type Entry,
  jsonEntry,
  lineBody,
  numberEntry,
  type Wire,
} from '../../forms/body.ts';
import {
  changed,
  elementsOf,
  firstValue,
  formOf,
  listEntry,
  objectEntry,
} from '../../forms/parts.ts';
import {flatten, matches} from '../../store/paths.ts';

const words = {
  none: 'none',
  noSensor: 'no sensor',
  never: 'never',
  yes: 'yes',
  no: 'no',
  age: {now: 'now', s: 's', min: 'min', h: 'h'},
};
const text = (facts: object | undefined, value: unknown) =>
  textOf(display(facts, value, 'en', words)).replace(/\u202f/g, ' ');

test('values are displayed by name, unit and scale', () => {
  assert.equal(text({unit: 'V', scale: 0.001}, 53_587), '53.587 V');
  assert.equal(text({unit: '%'}, 62), '62%');
  assert.equal(textOf(display({unit: '%'}, 62.5, 'de', words)), '62,5\u202f%');
  assert.equal(text({values: [{value: 0, name: 'off'}]}, 0), 'off');
  assert.equal(text({values: [{value: 0, name: 'off'}]}, 7), '7');
  assert.equal(
    text(
      {
        bits: [
          {value: 0, name: 'hot'},
          {value: 3, name: 'fan'},
        ],
      },
      9,
    ),
    'hot, fan',
  );
  assert.equal(text({bits: [{value: 0, name: 'hot'}]}, 0), 'none');
  assert.equal(text({absent: 65_535, unit: 'V'}, 65_535), 'no sensor');
  assert.equal(text({absent: -3270}, -3270), 'no sensor');
  assert.equal(text(undefined, [1, 2]), '[1,2]');
  assert.equal(text(undefined, 16_908_607), '16908607');
});

test('numbers are read as people type them', () => {
  const rows: [string, number | null][] = [
    ['12', 12],
    [' 1,5 ', 1.5],
    ['−3', -3],
    ['1.5', 1.5],
    ['', null],
    ['1e9', null],
    ['12 W', null],
  ];
  for (const [typedText, number] of rows) assert.equal(parseNumber(typedText), number);
  assert.equal(typed(8000, 0.1, 'en'), '800');
  assert.equal(typed(125, 0.1, 'de'), '12,5');
});

const number: ParamFacts = {
  name: 'w',
  type: 'int',
  required: false,
  scale: 0.1,
  range: [0, 8000],
};

test('what was typed becomes a wire value, within its range', () => {
  for (const [typedText, value, problem] of [
    ['800', 8000, null],
    ['800,0', 8000, null],
    ['800.1', 8001, 'range'],
    ['many', null, 'number'],
  ] as const) {
    assert.deepEqual(numberEntry(typedText, number), {value, problem, text: typedText});
  }
  assert.deepEqual(jsonEntry('[1]'), {value: [1], problem: null, text: '[1]'});
  assert.deepEqual(jsonEntry('[1'), {value: null, problem: 'json', text: '[1'});
});

test('a command is selected by members, also nested ones', () => {
  const command: CommandFacts = {
    kind: 'command',
    name: 'a',
    dangerous: false,
    params: [],
    select: {'params.cmdSet': 11, 'params.id': 16, operateType: 'TCP'},
    example: {},
  };
  assert.deepEqual(commandBody(command, {ch: 2}), {
    operateType: 'TCP',
    params: {cmdSet: 11, id: 16, ch: 2},
  });
});

test('a command line has what was given, what must be beside it, and else the example', () => {
  const param = {type: 'int', required: false} as const;
  const command: CommandFacts = {
    kind: 'command',
    name: 'a',
    dangerous: false,
    select: {op: 'x'},
    params: [
      {...param, name: 'task', required: true},
      {...param, name: 'w'},
    ],
    example: {op: 'x', params: {task: 1, w: 2}},
  };
  const entry = {value: 5, problem: null, text: '5'};
  assert.deepEqual(lineBody(command, {}), command.example);
  assert.deepEqual(lineBody(command, {w: {...entry, problem: 'range'}}), command.example);
  assert.deepEqual(lineBody(command, {w: entry}), {op: 'x', params: {task: 1, w: 5}});
  assert.deepEqual(lineBody(command, {task: entry}), {op: 'x', params: {task: 5}});
});

test('a command line survives an apostrophe', () => {
  assert.match(curlLine('http://h', 'SN', {name: "it's"}), /-d '\{"name":"it'\\''s"\}' 'http:/);
});

test('names of fields: nested, flat, and of modules', () => {
  const known = new Set(['a.b', 'o']);
  assert.deepEqual(flatten({a: {b: 1, c: {d: 2}}, o: {x: 1}, l: [1]}, known), [
    ['a.b', 1],
    ['a.c.d', 2],
    ['o', {x: 1}],
    ['l', [1]],
  ]);
  assert.ok(matches('k.*.w', 'k.M3.w'));
  assert.ok(!matches('k.*.w', 'k.M3.x.w'));
});

test('columns share one time, and a gap stays null', () => {
  const [times, a, b] = columns([
    {
      points: [
        [1, 5],
        [3, null],
      ],
    },
    {
      points: [
        [2, 7],
        [3, null],
      ],
      scale: 2,
    },
  ]);
  assert.deepEqual(times, [1, 2, 3]);
  assert.deepEqual(a, [5, null, null]);
  assert.deepEqual(b, [null, 14, null]);
  assert.deepEqual(gaps([a!, b!], 3), [[2, 2]]);
});

test('steps fit the pixels; a pane has one unit and percents', () => {
  assert.equal(stepFor(86_400_000, 800).text, '5m');
  assert.equal(stepFor(3_600_000, 800).text, '10s');
  const line = (unit: string) => ({
    name: unit,
    title: '',
    unit,
    colour: '',
    column: [],
    dashed: unit === '%',
  });
  assert.deepEqual(
    panes([line('%'), line('W'), line('V')]).map((p) => p.lines.map((l) => l.unit)),
    [['W', '%'], ['V']],
  );
  // Two lines of one colour differ by their dashes.
  const [pane] = panes([line('W'), line('W'), line('%')]);
  assert.deepEqual(pane!.lines.map(dashOf), [[], [2, 3], [6, 4]]);
});

test('flows do not flicker, and the home shows where its power comes from', () => {
  assert.ok(
    isFlowing(10, false) && !isFlowing(9, false) && isFlowing(5, true) && !isFlowing(4, true),
  );
  const home = {
    flows: [
      {from: 'sun', to: 'home', power_w: 300},
      {from: 'grid', to: 'home', power_w: 100},
      {from: 'sun', to: 'grid', power_w: 50},
    ],
  } as Home;
  assert.deepEqual(mix(home), [
    {from: 'sun', share: 0.75},
    {from: 'grid', share: 0.25},
  ]);
});

const paramOf = (name: string, more: Partial<ParamFacts> = {}): ParamFacts => ({
  name,
  type: 'int',
  required: false,
  ...more,
});
const given = (value: unknown, problem: Entry['problem'] = null): Entry => ({
  value,
  problem,
  text: '',
});

test('an object has the members that were given, and what must be beside them', () => {
  const param = paramOf('o', {
    type: 'object',
    params: [paramOf('a'), paramOf('b', {required: true}), paramOf('c')],
  });
  const put = (parts: Record<string, Entry>, whole: Wire, present: Wire) => {
    const {value, problem} = objectEntry(param, parts, whole, present);
    return [value, problem];
  };
  assert.deepEqual(put({a: given(1)}, {}, {b: 2, c: 3}), [{a: 1, b: 2}, null]);
  assert.deepEqual(put({a: given(1)}, {}, {}), [{a: 1}, 'missing']);
  assert.deepEqual(put({b: given(4)}, {a: 1, c: 3}, {}), [{a: 1, b: 4, c: 3}, null]);
  assert.deepEqual(put({b: given(null, 'number')}, {}, {}), [{b: null}, 'number']);
});

test('a list begins as it is reported, and has as many elements as it takes', () => {
  const param = paramOf('l', {type: 'array', min_items: 2, max_items: 3, params: [paramOf('')]});
  assert.deepEqual(firstValue(param), [0, 0]);
  const reported = elementsOf(undefined, [7, 8]);
  assert.deepEqual(listEntry(param, reported).value, [7, 8]);
  const [first] = reported;
  for (const [count, problem] of [
    [1, 'items'],
    [3, null],
    [4, 'items'],
  ] as const) {
    assert.equal(listEntry(param, Array(count).fill(first)).problem, problem);
  }
  const changedOne = listEntry(param, [given(1), given(null, 'range')]);
  assert.equal(changedOne.problem, 'range');
  assert.deepEqual(elementsOf(changedOne, [7, 8]), [given(1), given(null, 'range')]);
});

test('the form of a parameter is named by the one beside it, and goes with it', () => {
  const days = paramOf('days', {
    type: 'any',
    form_of: 'mode',
    forms: [paramOf('1', {type: 'object'}), paramOf('2', {type: 'array'})],
  });
  assert.equal(formOf(days, 2)?.type, 'array');
  assert.equal(formOf(days, 2)?.name, 'days');
  assert.equal(formOf(days, 0), null);
  const parts = {mode: given(1), days: given({}), power: given(5)};
  const params = [paramOf('mode'), days, paramOf('power')];
  assert.deepEqual(Object.keys(changed(params, parts, 'mode', given(2))), ['mode', 'power']);
  assert.deepEqual(Object.keys(changed(params, parts, 'power', given(6))).length, 3);
});
