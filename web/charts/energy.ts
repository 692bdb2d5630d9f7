// Energies as the pages draw them: of the home, as the server combined it, or of one device.
import type {Energy, EnergySums, HomeEnergy, HomeEnergySums} from '../api/types.ts';

/** In kWh. The home's use is without that of car and heat; null: not known, or not measured. */
export type Parts = Record<BarPart, number | null>;

export interface Bar extends Parts {
  from: number;
  to: number;
}

export interface Span {
  bars: Bar[];
  total: Parts;
}

export type BarPart =
  | 'sun'
  | 'batteryOut'
  | 'gridIn'
  | 'home'
  | 'car'
  | 'heat'
  | 'batteryIn'
  | 'gridOut';

export const sources: BarPart[] = ['sun', 'batteryOut', 'gridIn'];
export const uses: BarPart[] = ['home', 'car', 'heat', 'batteryIn', 'gridOut'];
export const colourOf: Record<BarPart, string> = {
  sun: 'sun',
  batteryOut: 'battery hatched',
  gridIn: 'grid',
  home: 'home',
  car: 'car',
  heat: 'heat',
  batteryIn: 'battery',
  gridOut: 'grid hatched',
};

function ofHome(sums: HomeEnergySums): Parts {
  return withoutParts({
    sun: sums.sun_kwh ?? null,
    batteryOut: sums.batteryOut_kwh ?? null,
    gridIn: sums.gridImport_kwh ?? null,
    home: sums.home_kwh ?? null,
    car: sums.car_kwh ?? null,
    heat: sums.heat_kwh ?? null,
    batteryIn: sums.batteryIn_kwh ?? null,
    gridOut: sums.gridExport_kwh ?? null,
  });
}

function ofDevice(sums: EnergySums): Parts {
  const {heater, heatpump} = sums;
  const isHeat = heater !== undefined || heatpump !== undefined;
  return withoutParts({
    sun: sums.pv ?? null,
    batteryOut: sums.batteryOut ?? null,
    gridIn: sums.gridIn ?? null,
    home: sums.home ?? null,
    car: sums.ev ?? null,
    heat: isHeat ? (heater ?? 0) + (heatpump ?? 0) : null,
    batteryIn: sums.batteryIn ?? null,
    gridOut: sums.gridOut ?? null,
  });
}

/** Car and heat are parts of the home's use: stacked, they make it up with the rest. */
function withoutParts(parts: Parts): Parts {
  if (parts.home === null) return parts;
  return {...parts, home: Math.max(0, parts.home - (parts.car ?? 0) - (parts.heat ?? 0))};
}

interface Answered<Sums> {
  buckets: (Sums & {from: string; to: string})[];
  total: Sums;
}

function spanOf<Sums>(answer: Answered<Sums>, partsOf: (sums: Sums) => Parts): Span {
  return {
    bars: answer.buckets.map((bucket) => ({
      from: Date.parse(bucket.from),
      to: Date.parse(bucket.to),
      ...partsOf(bucket),
    })),
    total: partsOf(answer.total),
  };
}

const spanOfHome = (answer: Answered<HomeEnergySums>): Span => spanOf(answer, ofHome);
const spanOfDevice = (answer: Answered<EnergySums>): Span => spanOf(answer, ofDevice);

export interface Energies extends Span {
  /** Null: it was not asked for. */
  previous: Span | null;
}

export function energiesOfHome(answer: HomeEnergy): Energies {
  return {
    ...spanOfHome(answer),
    previous: answer.previous ? spanOfHome(answer.previous) : null,
  };
}

export function energiesOfDevice(answer: Energy): Energies {
  return {
    ...spanOfDevice(answer),
    previous: answer.previous ? spanOfDevice(answer.previous) : null,
  };
}

/** 1, 2, 5 times a power of ten: how far apart the lines of a scale are. */
export function niceStep(most: number, lines: number): number {
  const rough = Math.max(most, 1e-3) / lines;
  const size = 10 ** Math.floor(Math.log10(rough));
  return size * ([1, 2, 5].find((factor) => factor * size >= rough) ?? 10);
}

/** A cell of CSV; a text that a spreadsheet would run as a formula gets an apostrophe. */
export function csvCell(value: string | number): string {
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
