// Days, weeks, months and years as dates of the server's calendar: 2026-11-21.

export type Period = 'day' | 'week' | 'month' | 'year';

const dayMs = 86_400_000;
const parse = (date: string) => Date.parse(`${date}T00:00:00Z`);
const print = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** The first day of the period that contains a day; weeks begin on Monday. */
export function startOf(date: string, period: Period): string {
  if (period === 'day') return date;
  if (period === 'week') {
    const ms = parse(date);
    return print(ms - ((new Date(ms).getUTCDay() + 6) % 7) * dayMs);
  }
  return period === 'month' ? `${date.slice(0, 7)}-01` : `${date.slice(0, 4)}-01-01`;
}

/** The first day of the period that lies so many periods later. */
export function shifted(date: string, period: Period, by: number): string {
  const start = startOf(date, period);
  if (period === 'day' || period === 'week')
    return print(parse(start) + by * (period === 'day' ? 1 : 7) * dayMs);
  const at = new Date(parse(start));
  if (period === 'month') at.setUTCMonth(at.getUTCMonth() + by);
  else at.setUTCFullYear(at.getUTCFullYear() + by);
  return print(at.getTime());
}

/** How many bars a whole period has, if the clocks are not changed in it. */
export function barsOf(start: string, period: Period): number {
  if (period === 'day') return 24;
  if (period === 'year') return 12;
  return Math.round((parse(shifted(start, period, 1)) - parse(start)) / dayMs);
}

/** The date so many days later. */
export const addedDays = (date: string, days: number) => print(parse(date) + days * dayMs);

/** Whether a text is a date that exists, as 2026-11-21. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = parse(text);
  return !Number.isNaN(ms) && print(ms) === text;
}

/** The period that a slot of a longer one opens, and its first day; an hour opens none. */
export function within(start: string, period: Period, index: number): [Period, string] | null {
  if (period === 'year') return ['month', shifted(start, 'month', index)];
  return period === 'day' ? null : ['day', addedDays(start, index)];
}
