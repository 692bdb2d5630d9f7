// The server's clock: virtual devices may live at another speed than the browser, or stand still.
import {signal} from '@preact/signals';

export class ServerClock {
  readonly rate = signal(1);
  private setAt: number;

  /** `now` counts until the server has told its time; `monotonicMs` is moved by no change of it. */
  constructor(
    private now: number,
    private readonly monotonicMs: () => number,
  ) {
    this.setAt = monotonicMs();
  }

  set(now: number, newRate: number | null = null): void {
    this.now = now;
    this.setAt = this.monotonicMs();
    if (newRate !== null) this.rate.value = newRate;
  }

  /** The server's time as it told it last. */
  get told(): number {
    return this.now;
  }

  /** The server's present time: the last that it told, and what has passed since. */
  read(): number {
    return this.now + (this.monotonicMs() - this.setAt) * this.rate.peek();
  }
}

export const clock = new ServerClock(Date.now(), () => performance.now());
export const {rate} = clock;
export const serverNow = () => clock.read();

/** Counts seconds of the wall, so that ages are drawn anew. */
export const tick = signal(0);
