// Where a day's powers and charge stand in their drawing.
import type {HomeSeries} from '../api/types.ts';
import {hoursOfDay} from '../format/age.ts';
import {type ColumnForm, powerForm} from '../format/number.ts';
import type {Column} from './data.ts';
import {type Scale, scaleOf, stepDigits} from './scale.ts';

const hourMs = 3_600_000;
const sides = {left: 46, right: 40, narrow: 8, top: 24, bottom: 24};

export interface DayGeometry {
  left: number;
  /** The right end of the lines. */
  right: number;
  top: number;
  bottom: number;
  width: number;
  height: number;
  hours: number;
  scale: Scale;
  form: ColumnForm;
  /** Decimals of the labels of the axis. */
  digits: number;
  hourX: (hour: number) => number;
  /** The middle of a step. */
  stepX: (index: number) => number;
  /** The left end of a step, and the right end of the one before. */
  stepEdge: (index: number) => number;
  powerY: (power_w: number) => number;
  chargeY: (percent: number) => number;
  /** The step at a place; it may lie outside of the day. */
  stepAt: (x: number) => number;
}

interface Asked {
  series: HomeSeries;
  /** In W, up and down as they are drawn. */
  columns: Column[];
  hasCharge: boolean;
  width: number;
  height: number;
  zone: string;
}

export function dayGeometry(asked: Asked): DayGeometry {
  const {series, columns, hasCharge, width, height, zone} = asked;
  const {left, top} = sides;
  const right = width - (hasCharge ? sides.right : sides.narrow);
  const bottom = height - sides.bottom;
  // The whole day, also where the answer ends with the present.
  const hours = hoursOfDay(series.from, zone);
  const perMs = (right - left) / (hours * hourMs);
  const values = columns.flatMap((column) => column.flatMap((power_w) => power_w ?? []));
  const scale = scaleOf(Math.max(...values, 1), Math.max(0, -Math.min(...values, 0)), 4);
  const form = powerForm([scale.most, scale.least]);
  const {from, step} = series;
  const msX = (ms: number) => left + (ms - from) * perMs;
  return {
    left,
    right,
    top,
    bottom,
    width,
    height,
    hours,
    scale,
    form,
    digits: stepDigits(scale.step, form),
    hourX: (hour) => left + hour * hourMs * perMs,
    stepX: (index) => msX(from + (index + 0.5) * step),
    stepEdge: (index) => msX(from + index * step),
    powerY: (power_w) =>
      top + ((scale.most - power_w) / (scale.most - scale.least)) * (bottom - top),
    chargeY: (percent) => top + (1 - percent / 100) * (bottom - top),
    stepAt: (x) => Math.floor((x - left) / perMs / step),
  };
}

/** The area between a line and 0, a piece for each stretch that is known. */
export function areaOf(column: Column, {stepX, powerY}: DayGeometry): string {
  const zero = powerY(0).toFixed(1);
  let text = '';
  for (let i = 0; i < column.length; i++) {
    if (column[i] == null) continue;
    text += `M${stepX(i).toFixed(1)} ${zero}`;
    while (column[i] != null) {
      text += `L${stepX(i).toFixed(1)} ${powerY(column[i]!).toFixed(1)}`;
      i++;
    }
    text += `L${stepX(i - 1).toFixed(1)} ${zero}Z`;
  }
  return text;
}
