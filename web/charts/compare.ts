// A plot beside the period before: the same span one period earlier, each step at the place of the
// one that it is compared with.
import type {History} from '../api/types.ts';
import type {Column, Line, Pane} from './data.ts';
import type {Span} from './span.ts';

export interface Earlier extends Span {
  /** How much earlier: whole steps. */
  backMs: number;
}

/** The period before a span. While the span goes on with the time, it stays for a step. */
export function earlier({from, to}: Span, stepMs: number): Earlier {
  const low = Math.floor(from / stepMs) * stepMs;
  const high = Math.ceil(to / stepMs) * stepMs;
  const backMs = Math.max(stepMs, Math.round((to - from) / stepMs) * stepMs);
  return {from: low - backMs, to: high - backMs, backMs};
}

type Series = History['series'][number];

/**
 * The values of a series in the rows of the times that they are compared with. Where clocks were
 * changed in between, days lie an hour beside each other: the nearest row counts.
 */
export function columnOf(series: Series, times: number[], backMs: number, stepMs: number): Column {
  const column: Column = times.map(() => null);
  const away = (at: number, index: number) => Math.abs((times[index] ?? Infinity) - at);
  let row = 0;
  for (const [at, value] of series.points) {
    const place = at + backMs;
    while (row + 1 < times.length && away(place, row + 1) <= away(place, row)) row++;
    if (typeof value === 'number' && away(place, row) <= stepMs / 2) {
      column[row] = value * (series.scale ?? 1);
    }
  }
  return column;
}

/** The panes with the columns of the period before; null: they are not known yet. */
export function withBefore(
  panes: Pane[],
  times: number[],
  answer: {history: History; backMs: number} | null,
  stepMs: number,
): Pane[] {
  const before = ({name}: Line): Column => {
    const series = answer?.history.series.find(({field}) => field === name);
    if (!answer || !series) return times.map(() => null);
    return columnOf(series, times, answer.backMs, stepMs);
  };
  return panes.map((pane) => ({
    ...pane,
    lines: pane.lines.map((line) => ({...line, before: before(line)})),
  }));
}

export interface Figures {
  least: number;
  mean: number;
  most: number;
}

export interface Comparison {
  now: Figures;
  before: Figures;
  /** So many rows are known in both. */
  rows: number;
}

function figures(values: number[]): Figures {
  return {
    least: Math.min(...values),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    most: Math.max(...values),
  };
}

/** Compares the rows that are known in both periods: what one lacks is no difference. Null: none. */
export function compared({column, before}: Line): Comparison | null {
  const rows = column.flatMap((now, row) => {
    const then = before?.[row];
    return now === null || then == null ? [] : [[now, then] as const];
  });
  if (rows.length === 0) return null;
  return {
    now: figures(rows.map(([now]) => now)),
    before: figures(rows.map(([, then]) => then)),
    rows: rows.length,
  };
}
