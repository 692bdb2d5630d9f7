import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {CommandStatus} from '../../api/types.ts';
import {type Environment, SetSender} from '../../forms/send.ts';
import {answerWith, type Request} from '../fakes.ts';

const body = {params: {limit: 80}};

const status = (changed: Partial<CommandStatus>): CommandStatus => ({
  id: 'id1',
  sn: 'A 1',
  epoch: 'e1',
  state: 'answered',
  final: true,
  by: 'session 1',
  sentAt: 1,
  fields: [],
  ...changed,
});

const says = (changed: Partial<CommandStatus>) => Response.json(status(changed));
const fails = (code: string, error: number) =>
  Response.json({code, message: 'because'}, {status: error});
const dies = (): never => {
  throw new TypeError('Failed to fetch');
};

type Answer = () => Response;

/** A sender, to whose requests the server answers one after the other. */
function open(answers: Answer[], changed: Partial<Environment> = {}) {
  const states: string[] = [];
  const requests: Request[] = answerWith(() => {
    const [next = dies] = answers.splice(0, 1);
    states.push(sender.state.value.state);
    return next();
  });
  let ids = 0;
  const sender = new SetSender('A 1', {
    newId: () => `id${++ids}`,
    isAway: () => false,
    contact: () => Promise.resolve(),
    nowMs: () => 0,
    ...changed,
  });
  return {sender, requests, states};
}

test('a set has an id, by which it is asked for until its state is final', async () => {
  const reply = {data: {ack: 0}};
  const {sender, requests, states} = open([
    () => says({final: false, reply}),
    () => says({final: false, reply}),
    () => says({state: 'applied', reply}),
  ]);
  assert.equal(sender.state.value.state, 'idle');
  assert.equal(await sender.send(body), true);
  assert.deepEqual(states, ['sending', 'waiting', 'waiting']);
  assert.equal(sender.state.value.state, 'applied');
  assert.deepEqual(sender.reply.value, reply);
  const [sent, asked] = requests;
  assert.equal(sent?.url, '/api/v1/devices/A%201/commands');
  assert.equal(sent?.method, 'POST');
  assert.equal(sent?.headers['idempotency-key'], 'id1');
  assert.deepEqual(sent?.body, body);
  assert.equal(asked?.url, '/api/v1/devices/A%201/commands/id1?wait=30s');
  assert.equal(asked?.method, 'GET');
});

test('each set has an id of its own', async () => {
  const {sender, requests} = open([() => says({}), () => says({})]);
  await sender.send(body);
  await sender.send(body);
  assert.deepEqual(
    requests.map((request) => request.headers['idempotency-key']),
    ['id1', 'id2'],
  );
});

test('a set ends as the server says', async () => {
  const fields = [
    {field: 'soc', asked: 80, is: 80},
    {field: 'limit', asked: 1, is: 0},
  ];
  const rows: [Answer, object, boolean][] = [
    [() => says({}), {state: 'accepted'}, true],
    [() => says({state: 'applied'}), {state: 'applied'}, true],
    [
      () => says({state: 'not_applied', fields}),
      {state: 'notApplied', field: 'limit', asked: 1, is: 0},
      false,
    ],
    [
      () => says({state: 'refused', code: 'device_refused', message: 'busy'}),
      {state: 'refused', why: 'busy'},
      false,
    ],
    [() => fails('bad_params', 400), {state: 'refused', why: 'because'}, false],
    [() => fails('too_many_requests', 429), {state: 'refused', why: 'because'}, false],
    [() => fails('io', 503), {state: 'refused', why: 'because'}, false],
    [() => fails('offline', 504), {state: 'offline'}, false],
  ];
  for (const [answer, state, done] of rows) {
    const {sender} = open([answer]);
    assert.equal(await sender.send(body), done);
    assert.deepEqual(sender.state.value, state);
  }
});

test('a device that does not answer may still do it', async () => {
  const {sender, states} = open([
    () => fails('no_answer', 504),
    () => says({state: 'unanswered', final: false}),
    () => says({state: 'applied'}),
  ]);
  assert.equal(await sender.send(body), true);
  assert.deepEqual(states, ['sending', 'unanswered', 'unanswered']);
  assert.equal(sender.state.value.state, 'applied');
  const silent = open([() => fails('no_answer', 504), () => says({state: 'unanswered'})]);
  assert.equal(await silent.sender.send(body), false);
  assert.equal(silent.sender.state.value.state, 'unanswered');
});

test('a set whose answer is lost is unknown, and asked for once contact is back', async () => {
  let returns = 0;
  const {sender, requests, states} = open(
    [dies, dies, () => fails('502', 502), () => says({state: 'applied'})],
    {
      contact: () => {
        returns++;
        return Promise.resolve();
      },
    },
  );
  assert.equal(await sender.send(body), true);
  assert.deepEqual(states, ['sending', 'unknown', 'unknown', 'unknown']);
  assert.equal(returns, 3);
  assert.equal(sender.state.value.state, 'applied');
  assert.deepEqual(
    requests.map((request) => request.method),
    ['POST', 'GET', 'GET', 'GET'],
    'it is sent once',
  );
});

test('a set that the server does not know never reached it, unless that is an hour ago', async () => {
  const unknown: Answer[] = [dies, () => fails('not_found', 404)];
  const soon = open([...unknown]);
  assert.equal(await soon.sender.send(body), false);
  assert.equal(soon.sender.state.value.state, 'lost');
  const times = [0, 3_600_000];
  const late = open([...unknown], {nowMs: () => times.shift() ?? 0});
  assert.equal(await late.sender.send(body), false);
  assert.equal(late.sender.state.value.state, 'forgotten');
});

test('no set is sent without contact, and none is where the session ended', async () => {
  const away = open([], {isAway: () => true});
  assert.equal(await away.sender.send(body), false);
  assert.equal(away.sender.state.value.state, 'away');
  assert.equal(away.requests.length, 0);
  const over = open([() => fails('unauthorized', 401)]);
  assert.equal(await over.sender.send(body), false);
  assert.equal(over.sender.state.value.state, 'lost');
});

test('a session that ends meanwhile leaves the set open until somebody signs in', async () => {
  const {sender, states} = open([
    () => says({final: false}),
    () => fails('unauthorized', 401),
    () => says({state: 'applied'}),
  ]);
  const done = sender.send(body);
  assert.ok(sender.isBusy);
  assert.equal(await done, true);
  assert.deepEqual(states, ['sending', 'waiting', 'unknown']);
  assert.equal(sender.isBusy, false);
});

test('a new set forgets what became of the one before', async () => {
  const {sender} = open([
    () => says({reply: {data: 1}}),
    () => says({state: 'unanswered', final: false}),
    () => says({state: 'unanswered'}),
  ]);
  await sender.send(body);
  assert.deepEqual(sender.reply.value, {data: 1});
  const done = sender.send(body);
  assert.equal(sender.state.value.state, 'sending');
  assert.equal(sender.reply.value, null);
  await done;
});

test('what becomes of an earlier set is not shown as that of a later one', async () => {
  let end: (answer: Response) => void = () => undefined;
  const first = new Promise<Response>((resolve) => {
    end = resolve;
  });
  let requests = 0;
  answerWith(() => (++requests === 1 ? first : says({state: 'offline'})));
  const sender = new SetSender('A', {
    newId: () => String(requests),
    isAway: () => false,
    contact: () => Promise.resolve(),
    nowMs: () => 0,
  });
  const early = sender.send(body);
  await sender.send(body);
  end(says({state: 'applied'}));
  assert.equal(await early, true);
  assert.equal(sender.state.value.state, 'offline');
});
