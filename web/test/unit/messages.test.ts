import assert from 'node:assert/strict';
import {test} from 'node:test';
import {decode} from '../../api/messages.ts';

const message = (fields: object) => decode(JSON.stringify(fields))?.message ?? null;
const home = {now: 1, nodes: {}, flows: [], today: {}, devices: []};

test('each message that the server sends is read', () => {
  const rows: [object, object][] = [
    [
      {t: 'welcome', epoch: 'e', seq: 3, now: 5, rate: 1, rights: {}},
      {t: 'welcome', epoch: 'e'},
    ],
    [
      {t: 'names', family: 'f', names: ['a']},
      {t: 'names', family: 'f', names: ['a']},
    ],
    [{t: 'hb', now: 5, rate: 1, seq: 3}, {t: 'hb'}],
    [
      {t: 'bye', why: 'signed out'},
      {t: 'bye', why: 'signed out'},
    ],
    [
      {t: 'snap', id: 1, seq: 3, now: 5, home},
      {t: 'snap', id: 1, home},
    ],
    [
      {t: 'd', id: 1, seq: 3, now: 5, home},
      {t: 'd', id: 1, home},
    ],
    [
      {t: 'snap', id: 2, seq: 3, now: 5, family: 'f', state: 'never', last: null, f: []},
      {t: 'snap', id: 2, now: 5, state: 'never', last: null, names: null, rows: []},
    ],
    [
      {t: 'snap', id: 2, seq: 3, now: 5, state: 'live', last: 4, names: ['x'], f: [[0, 'v', 4]]},
      {t: 'snap', id: 2, now: 5, state: 'live', last: 4, names: ['x'], rows: [[0, 'v', 4]]},
    ],
    [
      {t: 'd', id: 2, seq: 4, now: 6, f: [[1, null]]},
      {t: 'd', id: 2, now: 6, rows: [[1, null, null]]},
    ],
    [
      {t: 'state', id: 2, seq: 4, now: 6, state: 'offline', since: 5},
      {t: 'state', id: 2, state: 'offline'},
    ],
    [
      {t: 'error', id: 2, code: 'no_permission', message: 'm'},
      {t: 'error', id: 2, code: 'no_permission', message: 'm'},
    ],
    [
      {t: 'error', code: 'bad_params', message: 'm'},
      {t: 'error', id: null, code: 'bad_params', message: 'm'},
    ],
  ];
  for (const [sent, read] of rows) assert.deepEqual(message(sent), read);
});

test('a message with a member of another type is none', () => {
  for (const sent of [
    {t: 'names', family: 'f', names: [1]},
    {t: 'names', names: ['a']},
    {t: 'snap', now: 5, home},
    {t: 'snap', id: 1, now: 5, home: {...home, devices: null}},
    {t: 'snap', id: 1, now: 5, home: null},
    {t: 'snap', id: 2, now: 5, state: 'asleep', last: null, f: []},
    {t: 'snap', id: 2, state: 'live', last: null, f: []},
    {t: 'd', id: 2, now: 5, f: [['0', 1]]},
    {t: 'd', id: 2, now: 5, f: [3]},
    {t: 'd', id: 2, now: 5, f: {}},
    {t: 'state', id: 2, state: 1},
    {t: 'state', id: '2', state: 'live'},
  ]) {
    assert.equal(message(sent), null, JSON.stringify(sent));
  }
});
