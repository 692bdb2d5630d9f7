// The server's clock: virtual devices may live at another speed than the browser, or stand still.
import {signal} from '@preact/signals';

let base = Date.now();
let heard = performance.now();
let speed = 1;

/** Counts seconds of the wall, so that ages are drawn anew. */
export const tick = signal(0);
export const rate = signal(1);

setInterval(() => {
  tick.value++;
}, 1000);

export function setClock(now: number, newRate?: number): void {
  base = now;
  heard = performance.now();
  if (newRate !== undefined && newRate !== speed) rate.value = speed = newRate;
}

/** The server's present time; stops where the contact stopped. */
export function serverNow(): number {
  return base + (performance.now() - heard) * speed;
}
