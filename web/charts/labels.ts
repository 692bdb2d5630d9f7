// What the parts of a bar are called.
import {texts} from '../i18n/index.ts';
import type {BarPart} from './energy.ts';

export function partLabel(part: BarPart): string {
  const words = texts.value.home;
  const labels: Record<BarPart, string> = {
    sun: words.solar,
    batteryOut: words.batteryOut,
    gridIn: words.imported,
    home: words.home,
    car: words.car,
    heat: words.heat,
    batteryIn: words.batteryIn,
    gridOut: words.exported,
  };
  return labels[part];
}
