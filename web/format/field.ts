// A reported value as people read it: by its name, with its unit, or that there is no sensor.
import type {Field, FieldFormat, Value} from '../api/types.ts';
import {type AgeWords, duration, inSeconds} from './age.ts';
import {type Figure, measured, percentSign, quantity, thinSpace, unknown} from './number.ts';

export interface DisplayedValue {
  text: string;
  unit: string;
  raw: string | null;
  absent: boolean;
}

type Facts = Pick<Field, 'unit' | 'scale' | 'values' | 'bits' | 'absent' | 'format' | 'never'>;
export interface Words {
  none: string;
  noSensor: string;
  never: string;
  yes: string;
  no: string;
  age: AgeWords;
}

export function display(
  facts: Facts | undefined,
  value: unknown,
  locale: string,
  words: Words,
): DisplayedValue {
  const plain = (text: string): DisplayedValue => ({text, unit: '', raw: null, absent: false});
  if (facts?.absent !== undefined && same(facts.absent, value)) {
    const isTime = inSeconds(1, facts.unit) !== null;
    const text = isTime ? unknown : words.noSensor;
    return {text, unit: '', raw: rawText(value), absent: true};
  }
  const named = nameOf(facts?.values, value);
  if (named !== null) return {...plain(named), raw: rawText(value)};
  if (facts?.never !== undefined && value === facts.never) {
    return {...plain(words.never), raw: rawText(value)};
  }
  const formatted = formattedText(facts?.format, value);
  if (formatted !== null) return {...plain(formatted), raw: rawText(value)};
  if (facts?.bits && typeof value === 'number') {
    return {...plain(bitNames(facts.bits, value) || words.none), raw: rawText(value)};
  }
  if (typeof value === 'number') return {...plain(''), ...number(facts, value, locale, words)};
  if (typeof value === 'boolean') {
    return {...plain(value ? words.yes : words.no), raw: String(value)};
  }
  return plain(rawText(value));
}

function number(facts: Facts | undefined, value: number, locale: string, words: Words): Figure {
  const scale = facts?.scale ?? 1;
  const unit = facts?.unit ?? '';
  // Without a unit it may be a version or a bit field: no thousands separators.
  if (!unit && Number.isInteger(value) && scale === 1) return {text: String(value), unit};
  const inUnit = value * scale;
  if (unit === 'mA' && Math.abs(inUnit) >= 1000) {
    return {text: quantity(inUnit / 1000, locale), unit: 'A'};
  }
  if (unit === 'W' || unit === 'Wh') return measured(inUnit, unit, locale);
  const seconds = unit === 'ms' ? null : inSeconds(inUnit, unit);
  if (seconds !== null) return {text: duration(seconds, words.age), unit: ''};
  const text = quantity(inUnit, locale, Number.isInteger(value) ? scale : 0);
  return unit === '%' ? {text: text + percentSign(locale), unit: ''} : {text, unit};
}

/** A version by its bytes, 0x0102002F as 1.2.0.47 and 0x405 as 0.4.5; a text by its characters. */
function formattedText(format: FieldFormat | undefined, value: unknown): string | null {
  if (format === 'version' && typeof value === 'number') {
    const bytes = [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256);
    return (bytes[0] === 0 ? bytes.slice(1) : bytes).join('.');
  }
  if (format === 'text' && Array.isArray(value) && value.every(isCodePoint)) {
    return String.fromCodePoint(...value.filter((code) => code > 0));
  }
  return null;
}

const isCodePoint = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0x10_ffff;

export function textOf({text, unit}: DisplayedValue): string {
  return unit ? text + thinSpace + unit : text;
}

function rawText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

export function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
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
