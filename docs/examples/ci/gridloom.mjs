// A Gridloom of a test's own, with devices whose time goes on when the test says so.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.env.GRIDLOOM ?? 'gridloom';
const ports = ['http', 'https', 'mqtt', 'mqtts'].flatMap((door) => [`--${door}`, '127.0.0.1:0']);

export async function start(...flags) {
  const folder = mkdtempSync(join(tmpdir(), 'gridloom-'));
  const data = join(folder, 'data');
  const server = spawn(program, ['serve', '--demo', '--data', data, ...ports, ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(server, 'exit');
  // It greets when it is ready, and not before.
  const greeted = once(server.stdout, 'data').then(() => true);
  if ((await Promise.race([greeted, ended])) !== true) throw new Error('the server did not start');
  server.stdout.resume();
  return {
    ...JSON.parse(readFileSync(join(data, 'ready.json'), 'utf8')),
    // As on the command line: run('fault', 'on', 'grid_outage')
    run: (...words) => execFileSync(program, [...words, '--data', data], { encoding: 'utf8' }),
    stop: async () => {
      server.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

// Plays scenarios; throws with what they found.
export const simulate = (...words) =>
  execFileSync(program, ['simulate', ...words], { encoding: 'utf8' });
