// A plot under fingers: one moves it in time, two zoom it. Up and down scroll the page, a tap reads.
import type uPlot from 'uplot';
import type {Span} from './span.ts';

/** Less shows too little. */
const leastMs = 60_000;
/** Fingers that are nearer are as far apart as this. */
const leastPx = 24;
/** A finger that moves less taps. */
const tapPx = 8;

/**
 * The span of a plot whose fingers, at most two, were at `before` while it showed `shown`: what lay
 * under a finger stays under it.
 */
export function spanUnder(shown: Span, width: number, before: number[], now: number[]): Span {
  const perPx = (shown.to - shown.from) / width;
  const [first = 0, second] = before;
  const [firstNow = first, secondNow] = now;
  if (second === undefined || secondNow === undefined) {
    const byMs = (first - firstNow) * perPx;
    return {from: shown.from + byMs, to: shown.to + byMs};
  }
  const apart = (a: number, b: number) => Math.max(leastPx, Math.abs(b - a));
  const ratio = apart(first, second) / apart(firstNow, secondNow);
  const spanMs = Math.max(leastMs, (shown.to - shown.from) * ratio);
  const middle = shown.from + ((first + second) / 2) * perPx;
  const from = middle - ((firstNow + secondNow) / 2 / width) * spanMs;
  return {from, to: from + spanMs};
}

/** The plot follows the fingers at once; `onEnd` gets what it shows then. */
export function followTouch(u: uPlot, onEnd: (span: Span) => void): void {
  const fingers = new Map<number, number>();
  let before: number[] = [];
  let shown: Span = {from: 0, to: 0};
  // Under the fingers: data that arrive meanwhile set the plot's own span back.
  let moved: Span = shown;
  let isMoving = false;
  const begin = () => {
    before = [...fingers.values()];
    shown = isMoving ? moved : {from: u.scales.x?.min ?? 0, to: u.scales.x?.max ?? 0};
  };
  const x = (event: PointerEvent) => event.clientX - u.over.getBoundingClientRect().left;
  u.over.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch' || fingers.size === 2) return;
    fingers.set(event.pointerId, x(event));
    begin();
  });
  u.over.addEventListener('pointermove', (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, x(event));
    const now = [...fingers.values()];
    isMoving ||= now.length === 2 || Math.abs(now[0]! - before[0]!) > tapPx;
    if (!isMoving) return;
    moved = spanUnder(shown, u.over.clientWidth, before, now);
    u.setScale('x', {min: moved.from, max: moved.to});
  });
  const end = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    begin();
    if (fingers.size > 0 || !isMoving) return;
    isMoving = false;
    onEnd(moved);
  };
  u.over.addEventListener('pointerup', end);
  u.over.addEventListener('pointercancel', end);
}
