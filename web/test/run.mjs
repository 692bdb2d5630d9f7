// Node 20 runs no TypeScript: the unit tests are bundled, and then run by `node --test`.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'gridloom-web-'));
const tests = readdirSync(join(here, 'unit')).filter((name) => name.endsWith('.test.ts'));
await build({
  entryPoints: tests.map((name) => join(here, 'unit', name)),
  outdir: out,
  outExtension: {'.js': '.mjs'},
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  logLevel: 'warning',
});
const run = spawnSync(
  process.execPath,
  ['--test', ...tests.map((name) => join(out, name.replace(/\.ts$/, '.mjs')))],
  // Some tests read the sources.
  {stdio: 'inherit', cwd: dirname(here)},
);
rmSync(out, {recursive: true});
process.exit(run.status ?? 1);
