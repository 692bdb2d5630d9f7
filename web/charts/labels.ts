// What the parts of a bar are called.
import {texts} from '../i18n/index.ts';
import type {BarPart} from './energy.ts';

export function partLabel(part: BarPart): string {
  const said = texts.value.home;
  const labels: Record<BarPart, string> = {
    sun: said.solar,
    batteryOut: said.batteryOut,
    gridIn: said.imported,
    home: said.home,
    car: said.car,
    heat: said.heat,
    batteryIn: said.batteryIn,
    gridOut: said.exported,
  };
  return labels[part];
}
