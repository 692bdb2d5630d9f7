// The natures of a family's fields, and the fields that its file marks, say what people look at
// first.

import type {Family, Field, HomeDevice} from '../api/types.ts';
import type {Column} from '../charts/data.ts';
import {fieldsOf, type NamedField} from '../store/paths.ts';

/** A field counts with a factor. */
export interface Part {
  name: string;
  /** A value times this is in the unit, with the sign of the nature. */
  factor: number;
}

export type PowerKey = 'sun' | 'battery' | 'grid' | 'load' | 'car' | 'heat';

export interface Essentials {
  charge: Part[];
  /** The title is that of the field, if it is one. */
  powers: {key: PowerKey; parts: Part[]; title: string | undefined}[];
  temperatures: Part[];
  cycles: Part[];
  marked: NamedField[];
  toFull: NamedField | undefined;
  toEmpty: NamedField | undefined;
  timeLeft: NamedField | undefined;
}

/** The power is the sum of natures; of several choices the first that the family has counts. */
const powers: [PowerKey, [string, number][][]][] = [
  ['sun', [[['pv.power', 1]]]],
  [
    'battery',
    [
      [['battery.power', 1]],
      [
        ['battery.charge_power', 1],
        ['battery.discharge_power', -1],
      ],
    ],
  ],
  ['grid', [[['grid.power', 1]], [['grid.import_power', 1]]]],
  ['load', [[['load.power', 1]]]],
  ['car', [[['ev.power', 1]]]],
  [
    'heat',
    [
      [
        ['heater.power', 1],
        ['heatpump.power', 1],
      ],
    ],
  ],
];

export function essentialsOf(family: Family, reported: string[]): Essentials {
  const named = fieldsOf(family, reported).filter(({name}) => !name.includes('*'));
  const of = (nature: string) => named.filter(({facts}) => facts?.nature === nature);
  // The first field of a nature counts, those that are parts of it, and each module's.
  const counting = (nature: string) => {
    const [first, ...more] = of(nature);
    const own = more.filter(({facts}) => facts?.part || facts === first?.facts);
    return first ? [first, ...own] : [];
  };
  const titleOf = (name: string | undefined) =>
    named.find((field) => field.name === name)?.facts?.title;
  const parts = (nature: string, sign = 1) =>
    counting(nature).map(({name, facts}) => ({name, factor: sign * factorOf(facts)}));
  return {
    charge: parts('battery.soc').slice(0, 1),
    powers: powers.flatMap(([key, choices]) => {
      const sums = choices.map((sum) => sum.flatMap(([nature, sign]) => parts(nature, sign)));
      const chosen = sums.find((sum) => sum.length > 0);
      const [only, ...more] = chosen ?? [];
      const title = more.length > 0 ? undefined : titleOf(only?.name);
      return chosen ? [{key, parts: chosen, title}] : [];
    }),
    temperatures: of('battery.temperature').map(({name, facts}) => ({
      name,
      factor: factorOf(facts),
    })),
    cycles: of('battery.cycles').map(({name}) => ({name, factor: 1})),
    marked: named.filter(({facts}) => facts?.essential),
    toFull: of('battery.time_to_full')[0],
    toEmpty: of('battery.time_to_empty')[0],
    timeLeft: of('battery.time_left')[0],
  };
}

const factorOf = (facts: Field | undefined) => (facts?.scale ?? 1) * (facts?.invert ? -1 : 1);

export type Read = (name: string) => unknown;

/** Only known parts are summed; null: none is known. */
export function sumOf(parts: Part[], read: Read): number | null {
  const known = valuesOf(parts, read);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
}

export function greatestOf(parts: Part[], read: Read): number | null {
  const known = valuesOf(parts, read);
  return known.length > 0 ? Math.max(...known) : null;
}

function valuesOf(parts: Part[], read: Read): number[] {
  return parts.flatMap(({name, factor}) => {
    const value = read(name);
    return typeof value === 'number' ? [value * factor] : [];
  });
}

/** Columns of a history are summed in the same way: a row without a known part is a gap. */
export function sumColumn(parts: Part[], columns: Map<string, Column>): Column {
  const own = parts.flatMap(({name, factor}) => {
    const column = columns.get(name);
    return column ? [{column, factor}] : [];
  });
  const rows = own[0]?.column.length ?? 0;
  return Array.from({length: rows}, (_, row) => {
    const known = own.flatMap(({column, factor}) =>
      column[row] == null ? [] : [column[row] * Math.sign(factor)],
    );
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
  });
}

/** A request for a history takes no more names. */
const mostNames = 32;

/** The names of the lines that are drawn; one whose parts are too many for a request has none. */
export function namesOfLines(all: Essentials): string[] {
  const numbers = all.marked.filter(({facts}) => facts?.unit);
  const lines = [
    all.charge,
    ...all.powers.map((power) => power.parts),
    all.temperatures.slice(0, 1),
    ...numbers.map((one) => [one]),
  ];
  const names = new Set<string>();
  for (const line of lines) {
    const more = line.map(({name}) => name).filter((name) => !names.has(name));
    if (names.size + more.length <= mostNames) for (const name of more) names.add(name);
  }
  return [...names];
}

const leastPower_w = 1;

export type TimeLeft = {until: 'full' | 'empty'; seconds: number} | null;

/** The battery goes on as now for so long; null: nothing flows, or the device does not say. */
export function timeLeft(
  {toFull, toEmpty, timeLeft: either}: Essentials,
  batteryPower_w: number | null | undefined,
  read: Read,
): TimeLeft {
  if (batteryPower_w == null || Math.abs(batteryPower_w) < leastPower_w) return null;
  const until = batteryPower_w > 0 ? 'full' : 'empty';
  const field = (until === 'full' ? toFull : toEmpty) ?? either;
  const value = field && read(field.name);
  if (typeof value !== 'number' || value === field?.facts?.absent || value === 0) return null;
  return {until, seconds: Math.abs(value * (field?.facts?.scale ?? 1)) * 60};
}

/** The home's figure goes first, and then the sum of the device's own fields. */
export function powerOf(
  key: PowerKey,
  parts: Part[],
  summary: HomeDevice | undefined,
  read: Read,
): number | null {
  const known: Partial<Record<PowerKey, number | null>> = {
    sun: summary?.sunPower_w ?? null,
    battery: summary?.batteryPower_w ?? null,
    grid: summary?.gridPower_w ?? null,
    load: summary?.loadPower_w ?? null,
  };
  return known[key] ?? sumOf(parts, read);
}
