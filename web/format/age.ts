// How long ago, and when: in the zone of the server, whose home it is.
import {decimal, thinSpace} from './number.ts';

export interface AgeWords {
  now: string;
  s: string;
  min: string;
  h: string;
}

/** "now", "12 s", "4 min", "3 h"; from a day on the caller shows the date. */
export function age(ms: number, words: AgeWords): string | null {
  const s = Math.floor(Math.max(ms, 0) / 1000);
  if (s < 5) return words.now;
  if (s < 60) return `${s}${thinSpace}${words.s}`;
  if (s < 3600) return `${Math.floor(s / 60)}${thinSpace}${words.min}`;
  if (s < 86_400) return `${Math.floor(s / 3600)}${thinSpace}${words.h}`;
  return null;
}

/** A span of minutes or seconds as "1 h 50 min"; the two greatest parts only. */
export function span(seconds: number, words: AgeWords, locale: string): string {
  const total = Math.round(Math.abs(seconds));
  if (total < 60) return `${total}${thinSpace}${words.s}`;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  if (hours === 0) return `${minutes}${thinSpace}${words.min}`;
  if (hours >= 48) return `${decimal(hours / 24, 0, locale)}${thinSpace}d`;
  const rest = minutes ? ` ${minutes}${thinSpace}${words.min}` : '';
  return `${hours}${thinSpace}${words.h}${rest}`;
}

const secondsOf: Record<string, number> = {ms: 0.001, s: 1, min: 60, h: 3600};

/** Seconds of a number in a unit of time; null: it is no such unit. */
export function inSeconds(value: number, unit: string | undefined): number | null {
  const factor = secondsOf[unit ?? ''];
  return factor === undefined ? null : value * factor;
}

/** A time that somebody sets, exactly: "30 s", "1 min 30 s", "12 h", "2 d 3 h". */
export function duration(seconds: number, words: AgeWords): string {
  let rest = Math.round(Math.abs(seconds));
  const parts: string[] = [];
  for (const [size, unit] of [
    [86_400, 'd'],
    [3600, words.h],
    [60, words.min],
    [1, words.s],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${thinSpace}${unit}`);
  }
  const text = parts.slice(0, 2).join(' ') || `0${thinSpace}${words.s}`;
  return seconds < 0 ? `\u2212${text}` : text;
}

const formats = new Map<string, Intl.DateTimeFormat>();

type Form =
  | 'time'
  | 'seconds'
  | 'date'
  | 'weekdayDate'
  | 'weekday'
  | 'moment'
  | 'month'
  | 'monthShort'
  | 'day'
  | 'dayMonth'
  | 'year'
  | 'offset';

const forms: Record<Form, Intl.DateTimeFormatOptions> = {
  time: {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'},
  seconds: {hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23'},
  date: {day: 'numeric', month: 'short', year: 'numeric'},
  weekdayDate: {weekday: 'short', day: 'numeric', month: 'short', year: 'numeric'},
  weekday: {weekday: 'short'},
  moment: {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23'},
  month: {month: 'long', year: 'numeric'},
  monthShort: {month: 'short'},
  day: {day: 'numeric'},
  dayMonth: {day: 'numeric', month: 'short'},
  year: {year: 'numeric'},
  offset: {timeZoneName: 'longOffset'},
};

function formatOf(form: Form, locale: string, zone: string): Intl.DateTimeFormat {
  const key = `${form} ${locale} ${zone}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, {...forms[form], ...(zone ? {timeZone: zone} : {})});
    formats.set(key, format);
  }
  return format;
}

const hourMs = 3_600_000;
/** The last time that a date can have. */
const lastMs = 8.64e15;

/** A time that the clocks show twice, because they are put back, is told by its offset. */
export function when(ms: number, form: Form, locale: string, zone: string): string {
  const format = formatOf(form, locale, zone);
  const text = format.format(ms);
  if (forms[form].hour === undefined) return text;
  const isTwice = [ms - hourMs, ms + hourMs].some(
    (other) => Math.abs(other) <= lastMs && format.format(other) === text,
  );
  return isTwice ? `${text} ${offsetOf(ms, zone)}` : text;
}

/** How far the clocks are ahead of UTC, as +02:00. */
function offsetOf(ms: number, zone: string): string {
  const name = formatOf('offset', 'en', zone)
    .formatToParts(ms)
    .find(({type}) => type === 'timeZoneName')?.value;
  return name?.replace('GMT', '') || '+00:00';
}

/** A moment as the clocks show it, with their offset: 2026-10-25T02:00:00+02:00. */
export function localIso(ms: number, zone: string): string {
  const offset = offsetOf(ms, zone);
  // Its local time, read as if it were UTC: what a Date can print.
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  const aheadMs = (hours * 60 + minutes) * 60_000 * (offset.startsWith('-') ? -1 : 1);
  return new Date(ms + aheadMs).toISOString().replace(/(\.000)?Z$/, offset);
}

/** The calendar day of a moment in a zone, as 2026-11-21. */
export function dayOf(ms: number, zone: string): string {
  // By parts: which separators a locale has differs between browsers.
  const parts = new Intl.DateTimeFormat('en', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...(zone ? {timeZone: zone} : {}),
  }).formatToParts(ms);
  return ['year', 'month', 'day']
    .map((type) => parts.find((part) => part.type === type)?.value)
    .join('-');
}

/** How many hours the day has that begins at a moment: 23 or 25 where clocks are changed. */
export function hoursOfDay(midnight: number, zone: string): number {
  const day = dayOf(midnight, zone);
  const hours = [23, 24].find((many) => dayOf(midnight + many * hourMs, zone) !== day);
  return hours ?? 25;
}
