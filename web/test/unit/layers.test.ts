import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path/posix';
import {test} from 'node:test';
import {findingsOf} from '../layers.ts';

const layers = '# a comment\nlow:\nhigh: low\n.: high\n';
const found = (file: string, text: string) => findingsOf(layers, new Map([[file, text]]));

const skipped = new Set(['node_modules', 'dist', 'built']);

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, {withFileTypes: true}).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (skipped.has(entry.name)) return [];
    if (entry.isDirectory()) return sourcesIn(path);
    return /\.(ts|tsx|mjs)$/.test(path) ? [path] : [];
  });
}

test('the sources keep to layers.txt', () => {
  const files = new Map(sourcesIn('.').map((path) => [path, readFileSync(path, 'utf8')]));
  assert.ok(files.has('main.tsx') && files.has('test/unit/layers.test.ts'));
  assert.deepEqual(findingsOf(readFileSync('layers.txt', 'utf8'), files), []);
});

test('an import of a folder that the row does not name is refused, in each form of an import', () => {
  for (const text of [
    `import {a} from '../high/a.ts';`,
    `import type {A} from '../high/a.ts';`,
    `import {\n  a,\n  b,\n} from '../high/a.ts';`,
    `import '../high/a.ts';`,
    `export {a} from '../high/a.ts';`,
    `const load = () => import('../high/a.ts');`,
  ]) {
    assert.deepEqual(found('low/b.ts', text), [
      'low/b.ts imports high/a.ts: low may not import high',
    ]);
    assert.deepEqual(found('high/b.ts', text), []);
  }
});

test('files of the same folder and modules of npm are allowed', () => {
  assert.deepEqual(found('low/b.ts', `import {a} from './a.ts'; import {h} from 'preact';`), []);
  assert.deepEqual(found('low/in/b.ts', `import {a} from '../a.ts';`), []);
  assert.deepEqual(found('main.tsx', `import {a} from './high/a.ts';`), []);
  assert.deepEqual(found('main.tsx', `import {a} from './low/a.ts';`), [
    'main.tsx imports low/a.ts: . may not import low',
  ]);
});

test('a folder without a row is refused, and so are rows that could make a circle', () => {
  assert.deepEqual(found('new/a.ts', ''), ['new/a.ts: the folder new has no row in layers.txt']);
  assert.deepEqual(findingsOf('a: b\nb: a\n', new Map()), ['layers.txt: a names b before its row']);
});
