// A reported value as people read it: by its name, with its unit, or that there is no sensor.
import type {Field, Value} from '../api/types.ts';
import {quantity, thinSpace} from './number.ts';

export interface DisplayedValue {
  text: string;
  unit: string;
  raw: string | null;
  absent: boolean;
}

type Facts = Pick<Field, 'unit' | 'scale' | 'values' | 'bits' | 'absent'>;
interface Words {
  none: string;
  noSensor: string;
}

export function display(
  facts: Facts | undefined,
  value: unknown,
  locale: string,
  words: Words,
): DisplayedValue {
  const plain = (text: string): DisplayedValue => ({text, unit: '', raw: null, absent: false});
  if (facts?.absent !== undefined && same(facts.absent, value)) {
    return {text: words.noSensor, unit: '', raw: rawText(value), absent: true};
  }
  const named = nameOf(facts?.values, value);
  if (named !== null) return {...plain(named), raw: rawText(value)};
  if (facts?.bits && typeof value === 'number') {
    return {...plain(bitNames(facts.bits, value) || words.none), raw: rawText(value)};
  }
  if (typeof value === 'number') {
    const scale = facts?.scale ?? 1;
    const step = Number.isInteger(value) ? scale : 0;
    // Without a unit it may be a version or a bit field: no thousands separators.
    if (!facts?.unit && Number.isInteger(value) && scale === 1) return plain(String(value));
    return {...plain(quantity(value * scale, locale, step)), unit: facts?.unit ?? ''};
  }
  return plain(rawText(value));
}

export function textOf({text, unit}: DisplayedValue): string {
  return unit ? text + (unit === '%' ? '' : thinSpace) + unit : text;
}

export function rawText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

export function same(a: unknown, b: unknown): boolean {
  return a === b || (Array.isArray(a) ? a.includes(b) : JSON.stringify(a) === JSON.stringify(b));
}

function nameOf(values: Value[] | undefined, value: unknown): string | null {
  const found = values?.find((named) => named.value === value);
  return found?.name ?? null;
}

function bitNames(bits: Value[], value: number): string {
  return bits
    .filter((bit) => Math.floor(value / 2 ** Number(bit.value)) % 2 === 1)
    .map((bit) => bit.name ?? `bit ${bit.value}`)
    .join(', ');
}

/** The number that a person typed, German decimal comma allowed; null if it is none. */
export function parseNumber(text: string): number | null {
  const trimmed = text.trim().replace('−', '-').replace(',', '.');
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : null;
}

/** A wire value as a person types it, by the parameter's scale. */
export function typed(wire: number, scale: number, locale: string): string {
  const plain = String(Number((wire * scale).toFixed(3)));
  return locale.startsWith('de') ? plain.replace('.', ',') : plain;
}
