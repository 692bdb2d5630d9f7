// A plot opens in the span in which its fields have values.
import {get} from '../api/client.ts';
import type {History} from '../api/types.ts';
import {type Column, columns} from './data.ts';

const hour = 3_600_000;

export interface Span {
  from: number;
  to: number;
}

/** The span goes from the first to the last row with a value; null: there is none. */
export function known(times: number[], list: Column[], stepMs: number): Span | null {
  const rows = times.flatMap((_, row) => (list.some((one) => one[row] != null) ? [row] : []));
  if (rows.length === 0) return null;
  return {from: times[rows[0]!]!, to: times[rows.at(-1)!]! + stepMs};
}

/** Asks first of the last day, then of the last month; null: there is no value. */
export async function knownSpan(
  sn: string,
  fields: string[],
  now: number,
  cancel: AbortSignal,
): Promise<Span | null> {
  for (const {back, step, stepMs} of [
    {back: 24 * hour, step: '15m', stepMs: hour / 4},
    {back: 720 * hour, step: '6h', stepMs: 6 * hour},
  ]) {
    const from = now - back;
    const answer = await get<History>(historyPath(sn, fields, {from, to: now}, step), cancel);
    const [times, ...values] = columns(answer.series);
    const span = known(times, values, stepMs);
    if (!span) continue;
    const isCurrent = now - span.to < 2 * stepMs;
    return {from: Math.max(span.from, from), to: isCurrent ? now : Math.min(span.to, now)};
  }
  return null;
}

export function historyPath(sn: string, fields: string[], {from, to}: Span, step: string): string {
  return (
    `/devices/${encodeURIComponent(sn)}/history?fields=${encodeURIComponent(fields.join(','))}` +
    `&from=${Math.round(from)}&to=${Math.round(to)}&step=${step}`
  );
}
