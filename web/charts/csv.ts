// What the page shows becomes CSV: of plots, a row for each time and a column for each field, its unit
// in the head. A field that is compared has a column of the period before behind its own.

import {localIsoText} from '../i18n/index.ts';
import type {Line} from './data.ts';
import {download} from './download.ts';

type Cell = string | number;

/** Rows of cells; a text that a spreadsheet would run as a formula gets an apostrophe. */
export const csvText = (rows: Cell[][]) =>
  rows.map((row) => `${row.map(csvCell).join(',')}\n`).join('');

function csvCell(value: Cell): string {
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const saveCsv = (name: string, text: string) =>
  download(`${name}.csv`, new Blob([text], {type: 'text/csv'}));

export function plotCsv(times: number[], lines: Line[]): string {
  const fields = lines.flatMap(({name, unit, column, before}) => [
    {name, unit, column},
    ...(before ? [{name: `${name} before`, unit, column: before}] : []),
  ]);
  const head = fields.map(({name, unit}) => (unit ? `${name} [${unit}]` : name));
  const rows = times.map((at, row) => [
    new Date(at).toISOString(),
    localIsoText(at),
    ...fields.map(({column}) => cellOf(column[row])),
  ]);
  return csvText([['time', 'local_time', ...head], ...rows]);
}

/** The rest of a multiplication is left out: 53.587, not 53.587000000000003. */
const cellOf = (value: number | null | undefined): Cell =>
  value == null ? '' : Number(value.toPrecision(12));
