import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {SubscriptionMessage} from '../../api/messages.ts';
import type {Home} from '../../api/types.ts';
import {fakeStream, openStream} from '../fakes.ts';

const home = {now: 1, nodes: {}, flows: [], today: {}, devices: []} as unknown as Home;
const device = (sn: string) => ({topic: 'device', sn, fields: '*', every: 250}) as const;

test('subscriptions made before the welcome are asked for once it is there', () => {
  const {live, socket} = fakeStream();
  live.subscribe({topic: 'home'}, () => undefined);
  live.start();
  live.subscribe(device('A'), () => undefined);
  assert.deepEqual(socket().sent, []);
  socket().events.onOpen();
  assert.deepEqual(socket().sent, [{t: 'hello'}]);
  assert.equal(live.contact.value, 'connecting');
  socket().receive({t: 'welcome', epoch: 'e1', seq: 7, now: 1000, rate: 1});
  assert.deepEqual(socket().sent.slice(1), [
    {t: 'sub', id: 1, topic: 'home'},
    {t: 'sub', id: 2, topic: 'device', sn: 'A', fields: '*', every: 250},
  ]);
  assert.equal(live.contact.value, 'live');
});

test('a second start opens no second socket', () => {
  const {live, sockets} = openStream();
  live.start();
  assert.equal(sockets.length, 1);
});

test('a message goes to its subscription, and to none once that has ended', () => {
  const {live, socket} = openStream();
  const got: SubscriptionMessage[] = [];
  const end = live.subscribe({topic: 'home'}, (message) => got.push(message));
  live.subscribe(device('A'), () => assert.fail('a message of another subscription'));
  socket().receive({t: 'd', id: 1, seq: 8, now: 2000, home});
  end();
  socket().receive({t: 'd', id: 1, seq: 9, now: 3000, home});
  assert.deepEqual(got, [{t: 'd', id: 1, seq: 8, now: 2000, home}]);
  assert.deepEqual(socket().sent.at(-1), {t: 'unsub', id: 1});
});

test('a lost connection is made anew, and what is still followed is asked for again', () => {
  const {live, time, sockets, socket} = openStream();
  live.subscribe({topic: 'home'}, () => undefined);
  const end = live.subscribe(device('A'), () => undefined);
  socket().receive({t: 'hb', now: 2000, rate: 1, seq: 9});
  socket().events.onClose();
  assert.equal(live.contact.value, 'lost');
  end(); // Nobody is there to be told.
  time.pass(500);
  assert.equal(sockets.length, 2);
  socket().welcome();
  assert.equal(live.contact.value, 'live');
  assert.deepEqual(socket().sent, [{t: 'hello'}, {t: 'sub', id: 1, topic: 'home'}]);
});

test('attempts become rarer, up to 15 s apart, until the server welcomes one', () => {
  const {live, time, sockets, socket} = fakeStream();
  live.start();
  const waits: number[] = [];
  const nextWait = () => {
    const [count, from] = [sockets.length, time.nowMs];
    socket().events.onClose();
    while (sockets.length === count) time.pass(100);
    return time.nowMs - from;
  };
  for (let i = 0; i < 7; i++) waits.push(nextWait());
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  socket().welcome();
  assert.equal(nextWait(), 500);
});

test('a stream that is refused leaves the page without contact', () => {
  const {live, time, socket} = fakeStream();
  live.start();
  socket().events.onClose(); // As with 429: the socket never opens.
  assert.equal(live.contact.value, 'lost');
  time.pass(500);
  socket().events.onOpen();
  socket().receive({t: 'bye', why: 'a message has at most 16384 bytes'});
  socket().events.onClose();
  assert.equal(live.contact.value, 'lost');
});

test('a silent server is given up after 20 s, and its late words are not heard', () => {
  const {live, time, sockets, socket, told} = openStream();
  time.pass(15_000);
  socket().receive({t: 'hb', now: 16_000, rate: 1, seq: 7});
  time.pass(19_999);
  assert.equal(live.contact.value, 'live');
  time.pass(1);
  const [first] = sockets;
  assert.ok(first?.isClosed);
  assert.equal(live.contact.value, 'lost');
  assert.equal(live.heardAt.value, 15_000);
  const times = told.times.length;
  first.receive({t: 'hb', now: 99_000, rate: 1, seq: 7});
  assert.equal(told.times.length, times);
  time.pass(500);
  assert.equal(sockets.length, 2);
  socket().welcome();
  first.events.onClose();
  assert.equal(live.contact.value, 'live');
});

test('a socket that never opens is given up as well', () => {
  const {live, time, sockets, socket} = fakeStream();
  live.start();
  time.pass(20_000);
  assert.ok(socket().isClosed);
  time.pass(500);
  assert.equal(sockets.length, 2);
});

test('a page that is left closes its socket, and nothing opens another', () => {
  const {live, time, sockets, socket} = openStream();
  live.stop();
  assert.ok(socket().isClosed);
  socket().events.onClose();
  live.retryNow();
  live.setHidden(false);
  time.pass(60_000);
  assert.equal(sockets.length, 1);

  live.start();
  assert.deepEqual(sockets.length, 2);
  socket().events.onOpen();
  assert.deepEqual(socket().sent, [{t: 'hello'}]);
  socket().events.onClose();
  live.stop(); // While it waits for the next attempt.
  time.pass(60_000);
  assert.equal(sockets.length, 2);
});

test('the end of the session is told; other ends are not', () => {
  const {socket, told} = openStream();
  socket().receive({t: 'bye', why: 'the server stops'});
  assert.equal(told.signedOut, 0);
  socket().receive({t: 'bye', why: 'signed out'});
  assert.equal(told.signedOut, 1);
});

test('a return of the network or of the user does not wait for the next attempt', () => {
  const {live, time, sockets, socket} = openStream();
  for (const returns of [() => live.retryNow(), () => live.setHidden(false)]) {
    const count = sockets.length;
    socket().events.onClose();
    returns();
    assert.equal(sockets.length, count + 1);
    time.pass(400);
    socket().events.onClose();
    time.pass(400); // The attempt that was planned first is not made.
    assert.equal(sockets.length, count + 1);
    time.pass(100);
    assert.equal(sockets.length, count + 2);
    socket().welcome();
  }
});

test('a page that is hidden for half a minute is sent heartbeats only, until it is seen', () => {
  const {live, time, socket} = openStream();
  const types = () => socket().sent.map((message) => (message as {t: string}).t);
  const pass10s = () => {
    time.pass(10_000);
    socket().receive({t: 'hb', now: 1000, rate: 1, seq: 7});
  };
  live.setHidden(true);
  pass10s();
  live.setHidden(false);
  assert.deepEqual(types(), ['hello', 'play']);
  live.setHidden(true);
  for (let i = 0; i < 3; i++) pass10s();
  live.setHidden(false);
  assert.deepEqual(types(), ['hello', 'play', 'pause', 'play']);
});

test('the time of each message is told, with the rate where it is said', () => {
  const {socket, told} = openStream();
  socket().receive({t: 'hb', now: 2000, rate: 30, seq: 7});
  socket().receive({t: 'd', id: 9, seq: 8, now: 2500, f: []});
  assert.deepEqual(told.times, [
    [1000, 1],
    [2000, 30],
    [2500, null],
  ]);
});

test('names of a family are kept', () => {
  const {live, socket} = openStream();
  assert.deepEqual(live.namesOf('delta_2'), []);
  socket().receive({t: 'names', family: 'delta_2', names: ['a', 'b']});
  assert.deepEqual(live.namesOf('delta_2'), ['a', 'b']);
});

test('an error is told to its subscription, and the next connection asks again', () => {
  const {live, time, socket} = openStream();
  const got: SubscriptionMessage[] = [];
  live.subscribe(device('A'), (message) => got.push(message));
  socket().receive({t: 'error', id: 1, code: 'no_permission', message: 'not yours'});
  socket().receive({t: 'error', code: 'bad_params', message: 'of no subscription'});
  assert.deepEqual(got, [{t: 'error', id: 1, code: 'no_permission', message: 'not yours'}]);
  socket().events.onClose();
  time.pass(500);
  socket().welcome();
  assert.equal(socket().sent.length, 2);
});

test('what is no message of the stream changes nothing but that the server is heard', () => {
  const {live, time, socket, told} = openStream();
  const times = told.times.length;
  time.pass(5000);
  for (const text of ['', '{', 'null', '[]', '{"t":"new","now":5}', '{"now":5}']) {
    socket().events.onText(text);
  }
  assert.equal(live.heardAt.value, 5000);
  assert.equal(told.times.length, times);
  assert.equal(live.contact.value, 'live');
});

test('contact is awaited, and each run of the server has an epoch', async () => {
  const {live, socket} = fakeStream();
  assert.equal(live.epoch, null);
  live.start();
  let isBack = false;
  const back = live.untilContact().then(() => {
    isBack = true;
  });
  await Promise.resolve();
  assert.equal(isBack, false);
  socket().welcome();
  await back;
  assert.equal(live.epoch, 'e1');
  await live.untilContact();
});
