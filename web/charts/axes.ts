// The labels of a plot's axes have one unit and one length, and do not touch.
import type uPlot from 'uplot';
import {decimal, percentSign, thinSpace} from '../format/number.ts';
import {localeName, whenText} from '../i18n/index.ts';
import {axisName} from './labels.ts';

const day = 86_400_000;

/** Within a day times are told by the clock; its beginning, and days, by their date. */
export function timeLabels(splits: number[], stepMs: number): string[] {
  return splits.map((ms) => {
    if (stepMs >= day) return whenText(ms, 'dayMonth');
    if (stepMs < 60_000) return whenText(ms, 'seconds');
    const clock = axisName(whenText(ms, 'time'));
    return clock === '00:00' ? whenText(ms, 'dayMonth') : clock;
  });
}

/** The labels of one axis have one unit, and the decimals that its steps need. */
export function valueLabels(splits: number[], step: number, unit: string): string[] {
  const most = Math.max(...splits.map(Math.abs));
  const [shown, factor] = unitOf(most, unit);
  const digits = Math.min(3, Math.max(0, Math.ceil(-Math.log10(step / factor) - 1e-9)));
  return splits.map((value) => {
    const text = decimal(value / factor, digits, localeName());
    if (!shown) return text;
    return shown === '%' ? text + percentSign(localeName()) : `${text}${thinSpace}${shown}`;
  });
}

function unitOf(most: number, unit: string): [string, number] {
  if ((unit === 'W' || unit === 'Wh') && most >= 1e6) return [`M${unit}`, 1e6];
  if ((unit === 'W' || unit === 'Wh') && most >= 1000) return [`k${unit}`, 1000];
  return [unit, 1];
}

/** A label of the time needs so many pixels: those with seconds are longer. */
export function timeSpace(_: uPlot, __: number, from: number, to: number, pixels: number): number {
  return (to - from) / Math.max(pixels, 1) < 1000 ? 84 : 72;
}
