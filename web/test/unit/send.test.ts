import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {DeviceState, Family} from '../../api/types.ts';
import {SetSender} from '../../forms/send.ts';
import {Twin} from '../../store/twins.ts';
import {answerWith, balcony, FakeTime, openStream} from '../fakes.ts';

const family: Family = {
  id: 'f',
  prefixes: [],
  groups: [],
  fields: [{name: 'soc', type: 'int'}],
  commands: [],
};
const body = {params: {limit: 80}};
const soc80 = [{field: 'soc', value: 80}];

function open(changed: Partial<DeviceState> = {}) {
  const time = new FakeTime();
  const twin = new Twin({...balcony, sn: 'A 1', ...changed}, family);
  const {live, socket} = openStream();
  twin.follow(live);
  socket().receive({t: 'names', family: 'f', names: ['soc']});
  const report = (soc: number) =>
    socket().receive({t: 'd', id: 1, seq: 1, now: 1000, f: [[0, soc]]});
  const sender = new SetSender(twin, (ms, call) => time.after(ms, call));
  const stateOf = () => sender.state.value.state;
  return {time, twin, sender, stateOf, report};
}

/** Lets the answer of the server arrive. */
const answered = () => new Promise(setImmediate);

const accepts = () => answerWith(() => Response.json({data: {ack: 0}}));

test('a set is sent to the device, and done once its fields say so', async () => {
  const requests = accepts();
  const {sender, stateOf, report, twin} = open();
  assert.equal(stateOf(), 'idle');
  const done = sender.send(body, soc80);
  assert.equal(stateOf(), 'sending');
  await answered();
  assert.equal(requests[0]?.url, '/api/v1/devices/A%201/commands');
  assert.deepEqual(requests[0]?.body, body);
  assert.equal(stateOf(), 'waiting');
  assert.deepEqual(sender.reply.value, {data: {ack: 0}});
  report(79);
  await answered();
  assert.equal(stateOf(), 'waiting');
  report(80);
  assert.equal(await done, true);
  assert.equal(stateOf(), 'applied');
  assert.equal(twin.watchers.size, 0);
});

test('what the device reported before it replied counts', async () => {
  accepts();
  const {sender, stateOf, report} = open();
  const done = sender.send(body, soc80);
  report(80);
  assert.equal(await done, true);
  assert.equal(stateOf(), 'applied');
});

test('a device that says otherwise for ten seconds has not done what was asked', async () => {
  accepts();
  const {sender, stateOf, report, time, twin} = open();
  const done = sender.send(body, soc80);
  await answered();
  time.pass(9_999);
  report(60);
  await answered();
  assert.equal(stateOf(), 'waiting');
  time.pass(1);
  assert.equal(await done, false);
  assert.deepEqual(sender.state.value, {state: 'notApplied', field: 'soc', asked: 80, is: 60});
  assert.equal(twin.watchers.size, 0);
});

test('without a field that shows it, a set that is acknowledged is accepted', async () => {
  accepts();
  const {sender, stateOf} = open();
  assert.equal(await sender.send(body, []), true);
  assert.equal(stateOf(), 'accepted');
});

test('a set that is not done says why', async () => {
  const failed = (status: number, code: string) => () =>
    Response.json({code, message: 'because'}, {status});
  const rows = [
    [() => Response.json({data: {ack: 1, message: 'busy'}}), {}, {state: 'refused', why: 'busy'}],
    [() => Response.json({data: {ack: 3}}), {}, {state: 'refused', why: 'ack 3'}],
    [failed(400, 'bad_params'), {}, {state: 'refused', why: 'because'}],
    [failed(504, 'offline'), {}, {state: 'unanswered'}],
    [failed(504, 'offline'), {online: false}, {state: 'offline'}],
  ] as const;
  for (const [answer, changed, state] of rows) {
    answerWith(answer);
    const {sender, twin} = open(changed);
    assert.equal(await sender.send(body, soc80), false);
    assert.deepEqual(sender.state.value, state);
    assert.equal(twin.watchers.size, 0);
  }
});

test('a new set forgets what became of the one before', async () => {
  accepts();
  const {sender, stateOf} = open();
  await sender.send(body, []);
  const done = sender.send(body, []);
  assert.equal(stateOf(), 'sending');
  assert.equal(sender.reply.value, null);
  await done;
});
