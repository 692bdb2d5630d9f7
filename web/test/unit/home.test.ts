import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';
import {language, me} from '../../api/client.ts';
import type {Home, HomeDevice, Me} from '../../api/types.ts';
import {serverNow} from '../../store/clock.ts';
import {alarms, byTrouble, fetchHome, followHome, home, homeError} from '../../store/home.ts';
import {answerWith, deviceOf as device, hot, openStream} from '../fakes.ts';

const homeOf = (devices: HomeDevice[]) =>
  ({now: 1_700_000_000_000, nodes: {}, flows: [], today: {}, devices}) as unknown as Home;

const signedIn = (account: string) => ({account}) as Me;

beforeEach(() => {
  me.value = signedIn('demo');
  home.value = null;
  homeError.value = null;
});

test('the home is fetched with its time, and then replaced whole by the stream', async () => {
  const {live, socket} = openStream();
  const requests = answerWith(() => Response.json(homeOf([device('A')])));
  followHome(live);
  followHome(live); // Another page shows it too.
  await fetchHome();
  assert.equal(requests.length, 2);
  assert.deepEqual(socket().sent.slice(1), [{t: 'sub', id: 1, topic: 'home'}]);
  assert.deepEqual(
    home.value?.devices.map(({sn}) => sn),
    ['A'],
  );
  assert.ok(Math.abs(serverNow() - 1_700_000_000_000) < 60_000);

  socket().receive({t: 'snap', id: 1, seq: 8, now: 2000, home: homeOf([device('A'), device('B')])});
  assert.deepEqual(
    home.value?.devices.map(({sn}) => sn),
    ['A', 'B'],
  );
  socket().receive({t: 'error', id: 1, code: 'conflict', message: 'limit'});
  socket().receive({t: 'd', id: 1, seq: 9, now: 2000, home: 'spoilt'});
  assert.equal(home.value?.devices.length, 2);

  // In another language both are asked for anew.
  requests.length = 0;
  language.value = 'de';
  await fetchHome();
  assert.equal(requests[0]?.url, '/api/v1/home?lang=de');
  assert.deepEqual(socket().sent.slice(2), [
    {t: 'unsub', id: 1},
    {t: 'sub', id: 2, topic: 'home', lang: 'de'},
  ]);
  socket().receive({t: 'snap', id: 2, seq: 9, now: 2000, home: homeOf([device('C')])});
  assert.deepEqual(
    home.value?.devices.map(({sn}) => sn),
    ['C'],
  );
  language.value = 'en';
  await fetchHome();

  // Another account on the same browser sees nothing of it, also before the server answers.
  me.value = {...signedIn('demo'), passwordSet: true};
  assert.notEqual(home.value, null);
  const late = fetchHome();
  me.value = null;
  assert.equal(home.value, null);
  await late;
  assert.equal(home.value, null);
  requests.length = 0;
  me.value = signedIn('guest');
  assert.equal(home.value, null);
  await fetchHome();
  assert.equal(requests.length, 2);
  assert.deepEqual(
    socket()
      .sent.slice(-2)
      .map((message) => (message as {t: string}).t),
    ['unsub', 'sub'],
  );
  me.value = signedIn('demo');
  await fetchHome();
});

test('a home that cannot be fetched is an error until it can', async () => {
  answerWith(() => Response.json({code: 'busy', message: 'Later.'}, {status: 503}));
  await fetchHome();
  assert.equal(home.value, null);
  assert.equal(homeError.value?.message, 'Later.');
  answerWith(() => Response.json(homeOf([])));
  await fetchHome();
  assert.deepEqual(home.value, homeOf([]));
  assert.equal(homeError.value, null);
});

test('faults and silence are alarms, with the moment where it is known', () => {
  home.value = homeOf([
    device('A', {faults: [hot, {...hot, field: 'fan', since: 300}]}),
    device('B', {state: 'offline'}),
    device('C', {state: 'quiet'}),
    device('D', {state: 'never', lastReport: null}),
  ]);
  assert.deepEqual(
    alarms.value.map(({key, kind, since}) => [key, kind, since]),
    [
      ['A temp', 'fault', null],
      ['A fan', 'fault', 300],
      ['B silent', 'silent', 500],
    ],
  );
});

test('devices with trouble come first, then those without contact, then by name', () => {
  const devices = [
    device('c'),
    device('b', {state: 'quiet'}),
    device('a'),
    device('e', {state: 'offline'}),
    device('d', {state: 'never'}),
    device('a10'),
    device('a9'),
    device('f', {faults: [hot]}),
  ];
  assert.equal(
    devices
      .sort(byTrouble)
      .map(({name}) => name)
      .join(''),
    'fdebaa9a10c',
  );
});
