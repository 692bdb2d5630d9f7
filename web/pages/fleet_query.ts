// The search of the fleet takes words, and comparisons such as soc<20.
import type {HomeDevice, State} from '../api/types.ts';

/** A query reads this beside the device. */
export interface Context {
  /** The devices' present time, in Unix milliseconds. */
  now: number;
  /** The word of a state as the page writes it. */
  stateName: (state: State) => string;
}

type Test = (device: HomeDevice, context: Context) => boolean;

export interface FleetQuery {
  matches: Test;
  /** Terms that look like a comparison and are none. */
  wrong: string[];
}

type NumberKey = 'charge' | 'sun' | 'battery' | 'output' | 'grid' | 'age';
type TextKey = 'name' | 'sn' | 'family' | 'state';

const numbers: Record<NumberKey, (device: HomeDevice, context: Context) => number | null> = {
  charge: (d) => d.charge_percent,
  sun: (d) => d.sunPower_w,
  battery: (d) => d.batteryPower_w,
  output: (d) => d.loadPower_w,
  grid: (d) => d.gridPower_w,
  age: (d, {now}) => (d.lastReport === null ? null : (now - d.lastReport) / 1000),
};

const texts: Record<TextKey, (device: HomeDevice, context: Context) => string> = {
  name: (d) => d.name,
  sn: (d) => d.sn,
  family: (d) => `${d.familyName} ${d.family}`,
  state: (d, {stateName}) => `${d.state} ${stateName(d.state)}`,
};

/** Other names of the same, also in German. */
const keys: Record<string, NumberKey | TextKey> = {
  soc: 'charge',
  charge: 'charge',
  ladung: 'charge',
  ladestand: 'charge',
  sun: 'sun',
  pv: 'sun',
  solar: 'sun',
  sonne: 'sun',
  battery: 'battery',
  akku: 'battery',
  batterie: 'battery',
  output: 'output',
  load: 'output',
  ausgang: 'output',
  grid: 'grid',
  netz: 'grid',
  age: 'age',
  alter: 'age',
  name: 'name',
  sn: 'sn',
  serial: 'sn',
  seriennummer: 'sn',
  family: 'family',
  familie: 'family',
  state: 'state',
  zustand: 'state',
};

/** In W, % or s. */
const units: Record<string, number> = {
  '': 1,
  '%': 1,
  w: 1,
  kw: 1e3,
  mw: 1e6,
  s: 1,
  m: 60,
  min: 60,
  h: 3600,
  d: 86_400,
  w_: 604_800,
};

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => Math.round(a) === Math.round(b),
};

/** An entry of a table; every object also has names of its own, as constructor. */
const entryOf = <T>(table: Record<string, T>, name: string) =>
  Object.hasOwn(table, name) ? table[name] : undefined;

const isNumberKey = (key: NumberKey | TextKey): key is NumberKey => key in numbers;

/** Words in quotes are one; everything typed has to hold. */
export function parseQuery(text: string): FleetQuery {
  const terms = text.match(/[^\s"]*"[^"]*"?|[^\s"]+/g) ?? [];
  const tests: Test[] = [];
  const wrong: string[] = [];
  for (const term of terms) {
    const test = testOf(term.replaceAll('"', ''));
    if (test) tests.push(test);
    else wrong.push(term);
  }
  return {matches: (device, context) => tests.every((test) => test(device, context)), wrong};
}

function testOf(term: string): Test | null {
  const [, name = '', sign = '', value = ''] = /^([^<>=:]+)(<=|>=|[<>=:])(.*)$/.exec(term) ?? [];
  if (sign === '') return anywhere(term);
  const key = entryOf(keys, name.toLowerCase());
  if (key === undefined) return sign === ':' ? anywhere(term) : null;
  if (!isNumberKey(key)) {
    if (sign !== ':' && sign !== '=') return null;
    const wanted = value.toLowerCase();
    return (device, context) => texts[key](device, context).toLowerCase().includes(wanted);
  }
  const [, digits = '', unit = ''] = /^([+\-−]?\d+(?:[.,]\d+)?)\s*([a-z%]*)$/i.exec(value) ?? [];
  // In an age, w is a week.
  const isWeek = key === 'age' && unit.toLowerCase() === 'w';
  const factor = entryOf(units, isWeek ? 'w_' : unit.toLowerCase());
  const compare = comparisons[sign === ':' ? '=' : sign];
  if (digits === '' || factor === undefined || !compare) return null;
  const limit = Number(digits.replace(',', '.').replace('−', '-')) * factor;
  return (device, context) => {
    const have = numbers[key](device, context);
    return have !== null && compare(have, limit);
  };
}

function anywhere(word: string): Test {
  const wanted = word.toLowerCase();
  return (device, context) =>
    Object.values(texts).some((read) => read(device, context).toLowerCase().includes(wanted)) ||
    device.faults.some((fault) => fault.title.toLowerCase().includes(wanted));
}

/** The states to filter by; trouble is a fault that the device reports, whatever its state. */
export const filters = ['live', 'quiet', 'offline', 'never', 'trouble'] as const;
export type Filter = (typeof filters)[number];

export const passes = (device: HomeDevice, filter: Filter) =>
  filter === 'trouble' ? device.faults.length > 0 : device.state === filter;
