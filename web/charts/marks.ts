// A plot also draws the spans in which nothing is known, and marks of what happened.
import type uPlot from 'uplot';
import type {DeviceEvent} from '../api/types.ts';
import {gaps, type Pane} from './data.ts';

export const token = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function shadeGaps(u: uPlot, pane: Pane, times: number[], stepMs: number): void {
  const {ctx, bbox} = u;
  ctx.save();
  ctx.fillStyle = token('sunk');
  for (const [first, last] of gaps(
    pane.lines.map((line) => line.column),
    times.length,
  )) {
    const x1 = Math.max(bbox.left, u.valToPos(times[first]!, 'x', true));
    const x2 = Math.min(bbox.left + bbox.width, u.valToPos(times[last]! + stepMs, 'x', true));
    if (x2 > x1) ctx.fillRect(x1, bbox.top, x2 - x1, bbox.height);
  }
  ctx.restore();
}

type Shape = 'cross' | 'triangle' | 'circle';

interface Mark {
  colour: string;
  shape: Shape;
  /** Where something ended, the line is dashed. */
  dashed?: boolean;
}

export const marks: Record<DeviceEvent['kind'], Mark> = {
  'fault.began': {colour: 'critical', shape: 'cross'},
  'fault.ended': {colour: 'critical', shape: 'cross', dashed: true},
  online: {colour: 'muted', shape: 'circle', dashed: true},
  offline: {colour: 'muted', shape: 'circle'},
  'set.answered': {colour: 'link', shape: 'triangle'},
  'set.refused': {colour: 'link', shape: 'triangle', dashed: true},
  'set.unanswered': {colour: 'link', shape: 'triangle', dashed: true},
  left_out: {colour: 'muted', shape: 'circle', dashed: true},
};

/** Each event has a line, with its sign on top. */
export function markEvents(u: uPlot, events: DeviceEvent[]): void {
  const {ctx, bbox} = u;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const {at, kind} of events) {
    const x = Math.round(u.valToPos(at, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    // A page can be older than its server: an unknown kind is drawn too.
    const {colour, shape, dashed = false} = marks[kind] ?? marks.left_out;
    ctx.strokeStyle = token(colour);
    ctx.fillStyle = ctx.strokeStyle;
    ctx.setLineDash(dashed ? [4, 4] : []);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    sign(ctx, shape, x, bbox.top + 6 * devicePixelRatio, 4 * devicePixelRatio);
  }
  ctx.restore();
}

function sign(
  ctx: CanvasRenderingContext2D,
  shape: Shape,
  x: number,
  y: number,
  size: number,
): void {
  ctx.beginPath();
  if (shape === 'triangle') {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.lineTo(x - size, y + size);
    ctx.fill();
  } else if (shape === 'circle') {
    ctx.arc(x, y, size * 0.8, 0, 2 * Math.PI);
    ctx.fill();
  } else {
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
    ctx.stroke();
    ctx.lineWidth = devicePixelRatio;
  }
}
