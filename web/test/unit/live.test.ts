import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {SubscriptionMessage} from '../../api/messages.ts';
import type {Home} from '../../api/types.ts';
import {answers, fakeStream, openStream} from '../fakes.ts';

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

test('a lost connection is made anew, and what is still followed is asked for again', async () => {
  const {live, time, sockets, socket} = openStream();
  live.subscribe({topic: 'home'}, () => undefined);
  const end = live.subscribe(device('A'), () => undefined);
  socket().receive({t: 'hb', now: 2000, rate: 1, seq: 9});
  socket().events.onClose();
  assert.equal(live.contact.value, 'lost');
  end(); // Nobody is there to be told.
  await time.go(500);
  assert.equal(sockets.length, 2);
  socket().welcome();
  assert.equal(live.contact.value, 'live');
  assert.deepEqual(socket().sent, [{t: 'hello'}, {t: 'sub', id: 1, topic: 'home'}]);
});

test('attempts become rarer, up to 15 s apart, until the server welcomes one', async () => {
  const {live, time, sockets, socket} = fakeStream();
  live.start();
  const waits: number[] = [];
  const nextWait = async () => {
    const [count, from] = [sockets.length, time.nowMs];
    socket().events.onClose();
    while (sockets.length === count) await time.go(100);
    return time.nowMs - from;
  };
  for (let i = 0; i < 7; i++) waits.push(await nextWait());
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  socket().welcome();
  assert.equal(await nextWait(), 500);
});

test('a stream that is refused leaves the page without contact', async () => {
  const {live, time, socket} = fakeStream();
  live.start();
  socket().events.onClose(); // As with 429: the socket never opens.
  assert.equal(live.contact.value, 'lost');
  await time.go(500);
  socket().events.onOpen();
  socket().receive({t: 'bye', why: 'a message has at most 16384 bytes'});
  socket().events.onClose();
  assert.equal(live.contact.value, 'lost');
});

test('a silent server is given up after 20 s, and its late words are not heard', async () => {
  const {live, time, sockets, socket, told} = openStream();
  await time.go(15_000);
  socket().receive({t: 'hb', now: 16_000, rate: 1, seq: 7});
  await time.go(19_999);
  assert.equal(live.contact.value, 'live');
  await time.go(1);
  const [first] = sockets;
  assert.ok(first?.isClosed);
  assert.equal(live.contact.value, 'lost');
  const times = told.times.length;
  first.receive({t: 'hb', now: 99_000, rate: 1, seq: 7});
  assert.equal(told.times.length, times);
  await time.go(500);
  assert.equal(sockets.length, 2);
  socket().welcome();
  first.events.onClose();
  assert.equal(live.contact.value, 'live');
});

test('a socket that never opens is given up as well', async () => {
  const {live, time, sockets, socket} = fakeStream();
  live.start();
  await time.go(20_000);
  assert.ok(socket().isClosed);
  await time.go(500);
  assert.equal(sockets.length, 2);
});

test('a page that is left closes its socket, and nothing opens another', async () => {
  const {live, time, sockets, socket} = openStream();
  live.stop();
  assert.ok(socket().isClosed);
  socket().events.onClose();
  live.retryNow();
  live.setHidden(false);
  await time.go(60_000);
  assert.equal(sockets.length, 1);

  live.start();
  assert.deepEqual(sockets.length, 2);
  socket().events.onOpen();
  assert.deepEqual(socket().sent, [{t: 'hello'}]);
  socket().events.onClose();
  live.stop(); // While it waits for the next attempt.
  await time.go(60_000);
  assert.equal(sockets.length, 2);
});

test('the end of the session is told; other ends are not', () => {
  const {socket, told} = openStream();
  socket().receive({t: 'bye', why: 'the server stops'});
  assert.equal(told.signedOut, 0);
  socket().receive({t: 'bye', why: 'signed out'});
  assert.equal(told.signedOut, 1);
});

test('a return of the network or of the user does not wait for the next attempt', async () => {
  const {live, time, sockets, socket} = openStream();
  for (const returns of [() => live.retryNow(), () => live.setHidden(false)]) {
    const count = sockets.length;
    socket().events.onClose();
    returns();
    await answers();
    assert.equal(sockets.length, count + 1);
    await time.go(400);
    socket().events.onClose();
    await time.go(400); // The attempt that was planned first is not made.
    assert.equal(sockets.length, count + 1);
    await time.go(100);
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

test('an error is told to its subscription, and the next connection asks again', async () => {
  const {live, time, socket} = openStream();
  const got: SubscriptionMessage[] = [];
  live.subscribe(device('A'), (message) => got.push(message));
  socket().receive({t: 'error', id: 1, code: 'no_permission', message: 'not yours'});
  socket().receive({t: 'error', code: 'bad_params', message: 'of no subscription'});
  assert.deepEqual(got, [{t: 'error', id: 1, code: 'no_permission', message: 'not yours'}]);
  socket().events.onClose();
  await time.go(500);
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
  assert.equal(told.times.length, times);
  time.pass(19_999);
  assert.equal(live.contact.value, 'live');
});

test('a return of contact is awaited, which is lost a moment before that is noticed', async () => {
  const {live, time, socket} = openStream();
  const seen: string[] = [];
  void live.contactAgain().then(() => seen.push('back'));
  socket().events.onClose();
  await time.go(500);
  await time.go(1000);
  assert.deepEqual(seen, []);
  socket().welcome();
  await answers();
  assert.deepEqual(seen, ['back']);
});

test('while the server does not answer it is asked again and again, and no socket is opened', async () => {
  const {live, time, sockets, socket, told} = openStream();
  told.isThere = false;
  socket().events.onClose();
  await time.go(60_000);
  assert.equal(sockets.length, 1);
  told.isThere = true;
  await time.go(1000);
  assert.equal(sockets.length, 2);
  socket().welcome();
  assert.equal(live.contact.value, 'live');

  // Nobody sees the page: it looks rarely, and at once when it is seen.
  live.setHidden(true);
  told.isThere = false;
  socket().events.onClose();
  await time.go(1000);
  told.isThere = true;
  await time.go(10_000);
  assert.equal(sockets.length, 2);
  live.setHidden(false);
  await answers();
  assert.equal(sockets.length, 3);
});

test('a page that is opened while the server is away connects once it is there', async () => {
  const {live, time, sockets, told} = fakeStream();
  told.isThere = false;
  live.reach();
  await answers();
  assert.equal(live.contact.value, 'lost');
  told.isThere = true;
  await time.go(1000);
  assert.equal(sockets.length, 1);
});
