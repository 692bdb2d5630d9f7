// A plot's lines become CSV: a row for each time, a column for each field, its unit in the head. A
// field that is compared has a column of the period before behind its own.

import type {Line} from './data.ts';
import {csvCell} from './energy.ts';

export function plotCsv(times: number[], lines: Line[]): string {
  const fields = lines.flatMap(({name, unit, column, before}) => [
    {name, unit, column},
    ...(before ? [{name: `${name} before`, unit, column: before}] : []),
  ]);
  const head = fields.map(({name, unit}) => csvCell(unit ? `${name} [${unit}]` : name));
  const rows = times.map((at, row) => [
    new Date(at).toISOString(),
    ...fields.map(({column}) => numberText(column[row])),
  ]);
  return [['time', ...head], ...rows].map((row) => `${row.join(',')}\n`).join('');
}

/** The rest of a multiplication is left out: 53.587, not 53.587000000000003. */
function numberText(value: number | null | undefined): string {
  return value == null ? '' : String(Number(value.toPrecision(12)));
}
