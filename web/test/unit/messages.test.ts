import assert from 'node:assert/strict';
import {test} from 'node:test';
import {decode} from '../../api/messages.ts';

const message = (fields: object) => decode(JSON.stringify(fields));
const home = {now: 1, nodes: {}, flows: [], today: {}, devices: []};

test('each message that the server sends is read', () => {
  for (const sent of [
    {t: 'welcome', epoch: 'e', seq: 3, now: 5, rate: 1, rights: {}},
    {t: 'names', family: 'f', names: ['a']},
    {t: 'hb', now: 5, rate: 1, seq: 3},
    {t: 'bye', why: 'signed out'},
    {t: 'snap', id: 1, seq: 3, now: 5, home},
    {t: 'd', id: 1, seq: 3, now: 5, home},
    {t: 'snap', id: 2, seq: 3, now: 5, family: 'f', state: 'never', last: null, f: []},
    {
      t: 'snap',
      id: 2,
      seq: 3,
      now: 5,
      family: 'f',
      state: 'live',
      last: 4,
      names: ['x'],
      f: [[0, 'v', 4]],
    },
    {t: 'd', id: 2, seq: 4, now: 6, f: [[1, null]]},
    {t: 'state', id: 2, seq: 4, now: 6, state: 'offline', since: 5},
    {t: 'error', id: 2, code: 'no_permission', message: 'm'},
    {t: 'error', code: 'bad_params', message: 'm'},
  ]) {
    assert.deepEqual(message(sent), sent);
  }
});

test('a message with a member of another type is none', () => {
  for (const sent of [
    {t: 'welcome', epoch: 1, seq: 3, now: 5, rate: 1},
    {t: 'names', family: 'f', names: [1]},
    {t: 'names', names: ['a']},
    {t: 'hb', now: 5, rate: 1},
    {t: 'bye'},
    {t: 'snap', seq: 3, now: 5, home},
    {t: 'snap', id: 1, seq: 3, now: 5, home: {...home, devices: null}},
    {t: 'snap', id: 1, seq: 3, now: 5, home: null},
    {t: 'snap', id: 2, seq: 3, now: 5, state: 'asleep', last: null, f: []},
    {t: 'snap', id: 2, seq: 3, now: 5, state: 'live', last: '4', f: []},
    {t: 'snap', id: 2, seq: 3, now: 5, state: 'live', last: 4, names: [1], f: []},
    {t: 'snap', id: 2, seq: 3, state: 'live', last: null, f: []},
    {t: 'd', id: 2, seq: 4, now: 5, f: [['0', 1]]},
    {t: 'd', id: 2, seq: 4, now: 5, f: [[0, 1, null]]},
    {t: 'd', id: 2, seq: 4, now: 5, f: [3]},
    {t: 'd', id: 2, seq: 4, now: 5, f: {}},
    {t: 'state', id: 2, seq: 4, now: 5, state: 1},
    {t: 'state', id: '2', seq: 4, now: 5, state: 'live'},
    {t: 'error', id: null, code: 'bad_params', message: 'm'},
  ]) {
    assert.equal(message(sent), null, JSON.stringify(sent));
  }
});
