// A reported value is told as its form would have it typed or chosen.
import type {Field, ParamFacts} from '../api/types.ts';
import {same, textOf, typed} from '../format/field.ts';
import {thinSpace} from '../format/number.ts';
import {displayed, localeName, texts} from '../i18n/index.ts';
import {timeUnitsOf, usualUnit} from './body.ts';

export function presentText(param: ParamFacts, field: Field, value: unknown): string {
  const isKnown = field.absent === undefined || !same(field.absent, value);
  const isCopy = param.sets !== undefined;
  if (!isKnown || !isCopy) return textOf(displayed(field, value));
  if (param.never !== undefined && value === param.never) return texts.value.set.never;
  if (param.values?.some((one) => one.value === value)) {
    return textOf(displayed({...field, values: param.values}, value));
  }
  if (typeof value !== 'number' || field.values || field.bits) {
    return textOf(displayed(field, value));
  }
  const unit = usualUnit(timeUnitsOf(param), value);
  const text = typed(value, (param.scale ?? 1) / (unit?.times ?? 1), localeName());
  const shown = unit ? texts.value.age[unit.unit] : param.unit;
  return shown ? `${text}${thinSpace}${shown}` : text;
}
