import assert from 'node:assert/strict';
import {test} from 'node:test';
import {decoded, Router} from '../../store/routes.ts';

/** A window with an address and a history that can go back. */
function routerAt(address: string) {
  const entries = [address];
  const scrolls: [number, number][] = [];
  const part = (from: number) => entries.at(-1)!.split('?')[from];
  const router = new Router();
  router.attach({
    location: {
      get pathname() {
        return part(0)!;
      },
      get search() {
        const text = part(1);
        return text ? `?${text}` : '';
      },
    },
    history: {
      pushState: (_data, _title, url) => {
        entries.push(String(url));
      },
      replaceState: (_data, _title, url) => {
        entries[entries.length - 1] = String(url);
      },
    },
    scrollTo: (x, y) => {
      scrolls.push([x, y]);
    },
  });
  return {router, entries, scrolls};
}

test('an address is a path and a query', () => {
  const {router} = routerAt('/d/R331%2F1?tab=plots&fields=a,b');
  assert.equal(router.path.value, '/d/R331%2F1');
  assert.equal(router.query.value.get('tab'), 'plots');
  assert.equal(router.query.value.get('fields'), 'a,b');
  assert.equal(String(routerAt('/').router.query.value), '');
});

test('a card is embedded wherever its address says so', () => {
  const isEmbedded = (address: string) => routerAt(address).router.embedded.value;
  assert.deepEqual(['/?embed', '/d/A?x=1&embed=1', '/d/A', '/wall'].map(isEmbedded), [
    true,
    true,
    false,
    false,
  ]);
});

test('a wall and what is embedded have no navigation', () => {
  const bare = (address: string) => routerAt(address).router.bare.value;
  assert.deepEqual(['/wall', '/?embed', '/d/A?embed=1', '/', '/walls'].map(bare), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('a step adds to the history, or takes the place of the last', () => {
  const {router, entries} = routerAt('/');
  router.navigate('/fleet?q=x');
  assert.equal(router.path.value, '/fleet');
  router.navigate('/alarms', true);
  assert.equal(router.path.value, '/alarms');
  assert.equal(router.query.value.get('q'), null);
  assert.deepEqual(entries, ['/', '/alarms']);
  entries.pop();
  router.arrive();
  assert.equal(router.path.value, '/');
});

test('parts of the query are set and taken away, and the others stay', () => {
  const {router, entries} = routerAt('/history?period=day&at=2026-11-21');
  router.setQuery({at: null, dev: 'A B', period: 'week'});
  assert.deepEqual(entries, ['/history?period=week&dev=A+B']);
  assert.equal(router.query.value.get('dev'), 'A B');
  router.setQuery({period: null, dev: null}, false);
  assert.deepEqual(entries, ['/history?period=week&dev=A+B', '/history']);
});

test('the heading of another page is announced once, and that of the first page never', () => {
  const {router, scrolls} = routerAt('/');
  const focused: unknown[] = [];
  const heading = {focus: (options?: FocusOptions) => focused.push(options)};
  router.announce(heading);
  router.setQuery({q: 'x'});
  router.announce(heading);
  assert.deepEqual(focused, []);
  router.navigate('/fleet');
  router.announce(null); // The page before is taken away.
  router.announce(heading);
  router.announce(heading);
  assert.deepEqual(focused, [{preventScroll: true}]);
  assert.deepEqual(scrolls, [[0, 0]]);
});

test('a part of a path is a text, or none', () => {
  assert.deepEqual(['R331%2F1', 'A', '', '%E0%A4%A', '%'].map(decoded), [
    'R331/1',
    'A',
    '',
    null,
    null,
  ]);
});
