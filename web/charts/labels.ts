// Names of the parts of a bar, and of the slots of a period.
import {addedDays, type Period, shifted} from '../format/period.ts';
import {dateText, texts} from '../i18n/index.ts';
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

/** The day, week, month or year that begins at a date. */
export function periodName(start: string, period: Period): string {
  if (period === 'month') return dateText(start, 'month');
  if (period === 'year') return start.slice(0, 4);
  if (period === 'day') return dateText(start, 'weekdayDate');
  const last = addedDays(start, 6);
  const first = start.slice(0, 7) === last.slice(0, 7) ? 'day' : 'dayMonth';
  return `${dateText(start, first)}–${dateText(last, 'date')}`;
}
