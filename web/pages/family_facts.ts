// What a family's file says, in words.
import type {Field, Report} from '../api/types.ts';
import {typed} from '../format/field.ts';
import {thinSpace} from '../format/number.ts';
import {localeName, texts} from '../i18n/index.ts';

/** The least and the greatest value, in the unit; where values have names, these say it. */
export function rangeText({range, scale = 1, unit, values}: Field): string {
  if (!range || values) return '';
  const [from, to] = range.map((value) => typed(value, scale, localeName()));
  const text = texts.value.set.range(from!, to!);
  return unit ? text + thinSpace + unit : text;
}

/** How many of the fields a report carries, by its names and beginnings of names. */
export function carried(report: Report, fields: Field[]): number {
  const carries = (name: string) =>
    report.fields.some((one) => (one.endsWith('.') ? name.startsWith(one) : name === one));
  return fields.filter(({name}) => carries(name)).length;
}
