// Numbers as people read them: the unit that fits, no digits that mean nothing, and never a 0 for
// what is not known.

export interface Figure {
  text: string;
  unit: string;
}

export const unknown = '—';
const minus = '\u2212';
export const thinSpace = '\u202f';

const formats = new Map<string, Intl.NumberFormat>();

/** A number with so many decimals; Intl objects are costly to make and cheap to use. */
export function decimal(value: number, digits: number, locale: string, atLeast = digits): string {
  const key = `${locale} ${atLeast} ${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, {
      minimumFractionDigits: atLeast,
      maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  // A value that rounds to 0 has no sign; signDisplay 'negative' is unknown to browsers of 2022.
  const size = format.format(Math.abs(value));
  return value < 0 && size !== format.format(0) ? minus + size : size;
}

/** Units go up at 1000 and back under 950, so that a value near the border does not flicker. */
function powerUnit(watts: number, before: string): string {
  const size = Math.abs(watts);
  if (size >= 1e6 || (before === 'MW' && size >= 0.95e6)) return 'MW';
  if (size >= 1e3 || (before === 'kW' && size >= 950) || (before === 'MW' && size >= 950))
    return 'kW';
  return 'W';
}

/** 999 W, 3.24 kW, 32.4 kW, 324 kW. */
export function power(watts: number | null | undefined, locale: string, before = ''): Figure {
  if (watts == null || !Number.isFinite(watts)) return {text: unknown, unit: ''};
  const value = Math.abs(watts) < 1 ? 0 : watts;
  const unit = powerUnit(value, before);
  if (unit === 'W') return {text: decimal(value, 0, locale), unit};
  const scaled = value / (unit === 'kW' ? 1e3 : 1e6);
  return {text: decimal(scaled, digitsOf(scaled), locale), unit};
}

/** 1.25 kWh, 12.5 kWh, 125 kWh; under 0.1 kWh in Wh. */
export function energy(kwh: number | null | undefined, locale: string): Figure {
  if (kwh == null || !Number.isFinite(kwh)) return {text: unknown, unit: ''};
  if (kwh === 0) return {text: decimal(0, 0, locale), unit: 'kWh'};
  if (Math.abs(kwh) < 0.1) return {text: decimal(kwh * 1000, 0, locale), unit: 'Wh'};
  if (Math.abs(kwh) >= 10_000) {
    return {text: decimal(kwh / 1000, digitsOf(kwh / 1000), locale), unit: 'MWh'};
  }
  return {text: decimal(kwh, digitsOf(kwh), locale), unit: 'kWh'};
}

/** Behind a number of percents, in German with a space. */
export const percentSign = (locale: string): string =>
  locale.startsWith('de') ? `${thinSpace}%` : '%';

/** Whole percents; 100 only for what is full, "< 1" for a little. */
export function percent(value: number | null | undefined, locale: string): string {
  if (value == null || !Number.isFinite(value)) return unknown;
  const sign = percentSign(locale);
  if (value > 0 && value < 1) return `< 1${sign}`;
  const whole = value >= 99.5 && value < 99.9 ? 99 : Math.round(value);
  return decimal(whole, 0, locale) + sign;
}

/** Any other quantity: as many decimals as its step has, at most three. */
export function quantity(value: number, locale: string, step = 0): string {
  const digits = step > 0 ? Math.min(3, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))) : 2;
  return decimal(value, digits, locale, 0);
}

/** A measured value: power and energy in the unit that fits, others with three or four digits. */
export function measured(value: number, unit: string, locale: string): Figure {
  if (unit === 'W') return power(value, locale);
  if (unit === 'Wh') return energy(value / 1000, locale);
  if (unit === '%') return {text: percent(value, locale), unit: ''};
  return {text: decimal(value, unit === '°C' ? 1 : digitsOf(value), locale, 0), unit};
}

export function joined(figure: Figure): string {
  return figure.unit ? `${figure.text}${thinSpace}${figure.unit}` : figure.text;
}

function digitsOf(value: number): number {
  const size = Math.abs(value);
  if (size < 9.995) return 2;
  return size < 99.95 ? 1 : 0;
}

/** How all numbers of a column are written, so that they compare by eye. */
export interface ColumnForm {
  unit: string;
  /** The unit in W or kWh. */
  size: number;
  digits: number;
  /** In W or kWh. Less than this is 0. */
  least: number;
}

type Numbers = readonly (number | null | undefined)[];

const largest = (values: Numbers) =>
  values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);

/** The unit of the largest power; `before` is the unit until now, which it keeps near a border. */
export function powerForm(values: Numbers, before = ''): ColumnForm {
  const most = largest(values);
  const unit = powerUnit(most, before);
  if (unit === 'W') return {unit, size: 1, digits: 0, least: 1};
  const size = unit === 'kW' ? 1e3 : 1e6;
  return {unit, size, digits: most / size < 99.995 ? 2 : 1, least: 1};
}

/** The unit of the largest energy. */
export function energyForm(values: Numbers): ColumnForm {
  const most = largest(values);
  if (most > 0 && most < 0.1) return {unit: 'Wh', size: 0.001, digits: 0, least: 0};
  if (most >= 10_000) return {unit: 'MWh', size: 1000, digits: 2, least: 0};
  const digits = most < 999.5 ? 1 : 0;
  return {unit: 'kWh', size: 1, digits: most < 99.995 ? 2 : digits, least: 0};
}

/** A number without its unit; what rounds to 0 and is more says so. */
export function inForm(value: number | null | undefined, form: ColumnForm, locale: string): string {
  if (value == null || !Number.isFinite(value)) return unknown;
  const step = 10 ** -form.digits;
  const scaled = value / form.size;
  if (scaled > 0 && value >= form.least && scaled < step / 2)
    return `< ${decimal(step, form.digits, locale)}`;
  return decimal(scaled, form.digits, locale);
}
