// Lines and labels of a chart's axes.
import type {ColumnForm} from '../format/number.ts';
import {niceStep} from './energy.ts';

export interface Scale {
  /** The greatest and the least value of the axis, both on a line; the least is 0 or below. */
  most: number;
  least: number;
  /** The values of its lines, from the greatest on. */
  lines: number[];
  step: number;
}

/** An axis that has 0 on it; `lines` are about as many as fit between 0 and its farther end. */
export function scaleOf(up: number, down: number, lines: number): Scale {
  const step = niceStep(Math.max(up, down), lines);
  const above = Math.max(0, Math.ceil(up / step - 1e-9));
  const below = Math.max(0, Math.ceil(down / step - 1e-9));
  const count = Math.max(1, above) + below;
  return {
    most: Math.max(1, above) * step,
    least: 0 - below * step,
    lines: Array.from({length: count + 1}, (_, i) => (Math.max(1, above) - i) * step),
    step,
  };
}

/** Decimals that tell two lines of an axis apart, in the unit of its labels. */
export function stepDigits(step: number, {size}: ColumnForm): number {
  return Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9));
}

const ofHours = [1, 2, 3, 6, 12];
const ofDays = [1, 2, 5, 10, 15];

/** Each how manieth of `count` slots has a label, so that labels of `wide` px do not touch. */
export function labelStep(count: number, slot: number, wide: number): number {
  const steps = count >= 23 && count <= 25 ? ofHours : ofDays;
  return steps.find((each) => each * slot >= wide) ?? count;
}

/** The slots that have a label. */
export const labelled = (count: number, every: number) =>
  Array.from({length: Math.ceil(count / every)}, (_, i) => i * every);
