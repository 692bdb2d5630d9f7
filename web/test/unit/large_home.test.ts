import assert from 'node:assert/strict';
import {test} from 'node:test';
import {language, me} from '../../api/client.ts';
import type {Home, Me} from '../../api/types.ts';
import {fetchHome, followHome, home} from '../../store/home.ts';
import {answerWith, deviceOf, openStream} from '../fakes.ts';

const homeOf = (count: number) =>
  ({
    now: 1_700_000_000_000,
    nodes: {},
    flows: [],
    today: {},
    devices: Array.from({length: count}, (_, i) => deviceOf(`SN-${i}`)),
  }) as unknown as Home;

test('a home of many devices is asked for every ten seconds, and not streamed', async () => {
  const {live, time, socket} = openStream();
  let count = 201;
  const requests = answerWith(() => Response.json(homeOf(count)));
  me.value = {account: 'demo'} as Me;
  followHome(live);
  await fetchHome();
  const topics = () => socket().sent.filter((message) => 'topic' in (message as object));
  assert.deepEqual(topics(), []);
  requests.length = 0;
  socket().receive({t: 'hb', now: 1, rate: 1});
  time.pass(10_000);
  assert.equal(requests.length, 1);

  // While the server is not heard, it is not asked.
  socket().events.onClose();

  await time.go(9600);
  assert.equal(requests.length, 1);
  socket().welcome();
  time.pass(10_000);
  assert.equal(requests.length, 2);

  // A smaller one is streamed.
  count = 200;
  language.value = 'de';
  await fetchHome();
  assert.equal(home.value?.devices.length, 200);
  assert.equal(topics().length, 1);
  requests.length = 0;
  time.pass(10_000);
  assert.equal(requests.length, 0);
});
