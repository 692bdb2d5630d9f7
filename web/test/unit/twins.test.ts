import assert from 'node:assert/strict';
import {test} from 'node:test';
import {language} from '../../api/client.ts';
import type {Family, Field} from '../../api/types.ts';
import {loadTwin, Twin} from '../../store/twins.ts';
import {answerWith, balcony as facts, openStream} from '../fakes.ts';

const field = (name: string): Field => ({name, type: 'int'});
const family: Family = {
  id: 'f',
  prefixes: [],
  groups: [],
  fields: [field('soc'), field('w')],
  commands: [],
  reports: [],
  quirks: [],
};
const names = {t: 'names', family: 'f', names: ['soc', 'w']};
const snapshot = {t: 'snap', id: 1, seq: 1, now: 2000, family: 'f', state: 'live', last: 1900};

function followed() {
  const stream = openStream();
  const twin = new Twin(facts, family);
  const end = twin.follow(stream.live);
  stream.socket().receive(names);
  return {...stream, twin, end};
}

test('a twin begins with what was loaded, without the times of its values', () => {
  const twin = new Twin(facts, family);
  assert.equal(twin.state.value, 'live');
  assert.equal(twin.lastReport.value, 900);
  assert.deepEqual(twin.field('soc').value, {value: 50, at: null});
  assert.equal(twin.field('w').value, null);
  assert.deepEqual(twin.names.value, ['soc']);
  assert.equal(new Twin({...facts, online: false}, family).state.value, 'offline');
  const {reportedAt: _, ...silent} = facts;
  assert.equal(new Twin(silent, family).state.value, 'never');
});

test('a snapshot replaces values, and names of its own count for this device alone', () => {
  const {twin, socket} = followed();
  socket().receive({
    ...snapshot,
    f: [
      [0, 51],
      [1, 300, 1500],
    ],
  });
  assert.equal(twin.lastReport.value, 1900);
  assert.deepEqual(twin.field('soc').value, {value: 51, at: 2000});
  assert.deepEqual(twin.field('w').value, {value: 300, at: 1500});
  socket().receive({
    ...snapshot,
    names: ['m.X.w', 'soc'],
    f: [
      [0, 7],
      [1, 52],
      [2, 1],
    ],
  });
  assert.deepEqual(twin.field('m.X.w').value, {value: 7, at: 2000});
  assert.equal(twin.field('soc').value?.value, 52);
  assert.deepEqual(twin.names.value, ['soc', 'w', 'm.X.w']);
});

test('a twin follows the fields that are wanted alone', () => {
  const {live, socket} = openStream();
  const twin = new Twin({sn: 'A', online: true, values: {}}, family);
  assert.deepEqual(twin.names.value, []);
  const end = twin.follow(live, ['w'], 1000);
  const asked = {t: 'sub', id: 1, topic: 'device', sn: 'A', fields: ['w'], every: 1000};
  assert.deepEqual(socket().sent.at(-1), asked);
  socket().receive(names);
  socket().receive({...snapshot, f: [[1, 300]]});
  assert.deepEqual(twin.field('w').value, {value: 300, at: 2000});
  end();
  assert.deepEqual(socket().sent.at(-1), {t: 'unsub', id: 1});
});

test('a change is of a device that is live now', () => {
  const {twin, socket} = followed();
  socket().receive({t: 'state', id: 1, seq: 2, now: 2500, state: 'quiet', since: 900});
  assert.equal(twin.state.value, 'quiet');
  assert.equal(twin.lastReport.value, 900);
  socket().receive({t: 'd', id: 1, seq: 3, now: 3000, f: [[1, 20]]});
  assert.equal(twin.state.value, 'live');
  assert.equal(twin.lastReport.value, 3000);
  assert.deepEqual(twin.field('soc').value, {value: 50, at: null});
  assert.deepEqual(twin.field('w').value, {value: 20, at: 3000});
});

test('values are not current of a device that is offline, or that the stream refuses', () => {
  const {twin, socket} = followed();
  assert.ok(twin.isCurrent.value);
  socket().receive({t: 'state', id: 1, seq: 2, now: 2500, state: 'offline', since: 900});
  assert.ok(!twin.isCurrent.value);
  socket().receive({...snapshot, f: []});
  assert.ok(twin.isCurrent.value);
  socket().receive({t: 'error', id: 1, code: 'no_permission', message: 'not yours'});
  assert.ok(!twin.isCurrent.value);
  assert.equal(twin.error.value?.code, 'no_permission');
  assert.equal(twin.field('soc').value?.value, 50);
  socket().receive({...snapshot, f: []}); // Shared again.
  assert.equal(twin.error.value, null);
});

test('a twin that is followed no more stays as it is', () => {
  const {twin, socket, end} = followed();
  end();
  assert.deepEqual(socket().sent.at(-1), {t: 'unsub', id: 1});
  socket().receive({t: 'd', id: 1, seq: 3, now: 3000, f: [[0, 1]]});
  assert.equal(twin.field('soc').value?.value, 50);
});

test('a family is loaded once for all its devices, and again after a failure', async () => {
  let works = false;
  const requests = answerWith(({url}) => {
    if (url.includes('/devices/')) return Response.json(facts);
    return works ? Response.json(family) : new Response('', {status: 503});
  });
  const {signal} = new AbortController();
  await assert.rejects(loadTwin('A', signal), {status: 503});
  works = true;
  await loadTwin('A', signal);
  const [twin, loaded] = await loadTwin('B/1', signal);
  assert.deepEqual(loaded, family);
  assert.equal(twin.facts.sn, 'A');
  assert.deepEqual(
    requests.map(({url}) => url),
    [
      '/api/v1/devices/A',
      '/api/v1/families/f',
      '/api/v1/devices/A',
      '/api/v1/families/f',
      '/api/v1/devices/B%2F1',
    ],
  );
  requests.length = 0;
  language.value = 'de';
  await loadTwin('A', signal);
  language.value = 'en';
  await loadTwin('A', signal);
  assert.deepEqual(
    requests.map(({url}) => url),
    ['/api/v1/devices/A?lang=de', '/api/v1/families/f?lang=de', '/api/v1/devices/A'],
  );
});
