import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';
import {
  ApiError,
  get,
  isCard,
  language,
  liveProtocols,
  me,
  request,
  setCardToken,
} from '../../api/client.ts';
import {answerWith} from '../fakes.ts';

beforeEach(() => {
  me.value = {account: 'demo', scope: 'control', csrf: 'token'};
});

test('a read has no body and no token; a change has both', async () => {
  const requests = answerWith(() => Response.json({ok: 1}));
  assert.deepEqual(await get('/home'), {ok: 1});
  await request('POST', '/session', {link: 'x'});
  await request('DELETE', '/session');
  assert.deepEqual(requests, [
    {url: '/api/v1/home', method: 'GET', headers: {accept: 'application/json'}, body: undefined},
    {
      url: '/api/v1/session',
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'x-gridloom-csrf': 'token',
      },
      body: {link: 'x'},
    },
    {
      url: '/api/v1/session',
      method: 'DELETE',
      headers: {accept: 'application/json', 'x-gridloom-csrf': 'token'},
      body: undefined,
    },
  ]);
});

test('texts of devices are asked for in the language of the page, and nothing else', async () => {
  const requests = answerWith(() => Response.json({}));
  const told = async (paths: string[]) => {
    requests.length = 0;
    for (const path of paths) await get(path);
    return requests.map(({url}) => url.replace('/api/v1', ''));
  };
  const withTexts = [
    '/home',
    '/events',
    '/families',
    '/families/a',
    '/devices/A',
    '/devices/A/events',
  ];
  const others = ['/me', '/devices', '/devices/A/history?fields=a', '/home/energy', '/home/series'];
  assert.deepEqual(await told(withTexts), withTexts);
  language.value = 'de';
  assert.deepEqual(
    await told(withTexts),
    withTexts.map((path) => `${path}?lang=de`),
  );
  assert.deepEqual(await told(['/events?limit=1']), ['/events?limit=1&lang=de']);
  assert.deepEqual(await told(others), others);
  requests.length = 0;
  await request('POST', '/devices/A', {});
  assert.equal(requests[0]?.url, '/api/v1/devices/A');
  language.value = 'en';
});

test('without content there is no answer', async () => {
  answerWith(() => new Response(null, {status: 204}));
  assert.equal(await request('DELETE', '/session'), undefined);
});

test('a refusal has its code and words, and how long to wait', async () => {
  const refusal = {code: 'too_many_requests', message: 'Slower.'};
  answerWith(() => Response.json(refusal, {status: 429, headers: {'Retry-After': '3'}}));
  await assert.rejects(get('/home'), {
    status: 429,
    code: 'too_many_requests',
    message: 'Slower.',
    retryAfter: 3,
  });
  answerWith(() => new Response('<html>', {status: 502, statusText: 'Bad Gateway'}));
  await assert.rejects(get('/home'), {
    status: 502,
    code: '502',
    message: 'Bad Gateway',
    retryAfter: null,
  });
  assert.notEqual(me.value, null);
});

test('whose session has ended is nobody', async () => {
  answerWith(() => new Response(null, {status: 401}));
  await assert.rejects(get('/home'), {status: 401});
  assert.equal(me.value, null);
});

test('a server that does not answer is an error of its own; a cancelled request is none', async () => {
  const failure = new TypeError('fetch failed');
  answerWith(() => Promise.reject(failure));
  await assert.rejects(get('/home'), {status: 0, code: 'no_contact'});
  const cancel = new AbortController();
  cancel.abort();
  await assert.rejects(get('/home', cancel.signal), (error) => {
    assert.ok(!(error instanceof ApiError));
    return error === failure;
  });
});

// The last one: a card keeps its token as long as its page is open.
test('the requests of a card are by its token, and the stream offers it', async () => {
  assert.deepEqual(liveProtocols(), ['gridloom.live.1']);
  assert.equal(isCard(), false);
  setCardToken('glt_x');
  const requests = answerWith(() => Response.json({}));
  await get('/home');
  assert.equal(requests[0]?.headers['authorization'], 'Bearer glt_x');
  assert.equal(isCard(), true);
  assert.deepEqual(liveProtocols(), ['gridloom.live.1', 'gridloom.token.glt_x']);
});
