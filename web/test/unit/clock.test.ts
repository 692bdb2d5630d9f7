import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ServerClock} from '../../store/clock.ts';
import {FakeTime} from '../fakes.ts';

test("the server's time goes on from what it told last, at its rate", () => {
  const time = new FakeTime();
  const clock = new ServerClock(1000, () => time.nowMs);
  time.pass(500);
  assert.equal(clock.read(), 1500);
  clock.set(20_000, 30);
  time.pass(100);
  assert.equal(clock.read(), 23_000);
  clock.set(50_000); // The rate stays.
  time.pass(100);
  assert.equal(clock.read(), 53_000);
});

test('a paused server stands still, and its rate is told', () => {
  const time = new FakeTime();
  const clock = new ServerClock(0, () => time.nowMs);
  const rates: number[] = [];
  clock.rate.subscribe((rate) => {
    rates.push(rate);
  });
  clock.set(7000, 0);
  time.pass(60_000);
  assert.equal(clock.read(), 7000);
  clock.set(7000, 0);
  assert.deepEqual(rates, [1, 0]);
});
