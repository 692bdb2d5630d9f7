// Names of the parts of a bar, and of the slots of a period.
import {hoursOfDay} from '../format/age.ts';
import {addedDays, barsOf, type Period, shifted} from '../format/period.ts';
import {dateText, texts, whenText, zone} from '../i18n/index.ts';
import type {BarPart} from './energy.ts';

export function partLabel(part: BarPart): string {
  const words = texts.value.home;
  const labels: Record<BarPart, string> = {
    sun: words.sun,
    batteryOut: words.batteryOut,
    gridIn: words.imported,
    home: words.home,
    car: words.car,
    heat: words.heat,
    batteryIn: words.batteryIn,
    gridOut: words.exported,
  };
  return labels[part];
}

/** The name of a slot of a period by its place, also of one that is still to come. */
export function slotName(start: string, period: Period, index: number): string {
  switch (period) {
    case 'day':
      return `${String(index).padStart(2, '0')}:00`;
    case 'week': {
      const date = addedDays(start, index);
      return `${dateText(date, 'weekday')} ${Number(date.slice(8))}`;
    }
    case 'month':
      return String(index + 1);
    case 'year':
      return dateText(shifted(start, 'month', index), 'monthShort');
    default:
      return period satisfies never;
  }
}

/** An axis has no room for an hour that comes twice as "02:00 +02:00": it is 02:00+2 there. */
export const axisName = (name: string) => name.replace(/ ([+-])0?(\d+):00$/, '$1$2');

export interface Slots {
  count: number;
  name: (index: number) => string;
}

/** The slots of a period; where the clocks are changed, a day has 23 or 25 of them. */
export function slotsOf(start: string, period: Period, bars: readonly {from: number}[]): Slots {
  const midnight = bars[0]?.from;
  if (period !== 'day' || midnight === undefined) {
    return {count: barsOf(start, period), name: (i) => slotName(start, period, i)};
  }
  return {
    count: hoursOfDay(midnight, zone()),
    name: (i) => whenText(midnight + i * 3_600_000, 'time'),
  };
}

/** The day, week, month or year that begins at a date. */
export function periodName(start: string, period: Period): string {
  if (period === 'month') return dateText(start, 'month');
  if (period === 'year') return start.slice(0, 4);
  if (period === 'day') return dateText(start, 'weekdayDate');
  const last = addedDays(start, 6);
  const first = start.slice(0, 7) === last.slice(0, 7) ? 'day' : 'dayMonth';
  return `${dateText(start, first)}–${dateText(last, 'date')}`;
}
