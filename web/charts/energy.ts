// Energies as the pages draw them: of the home as the server combined it, or of one device.
import type {
  Bucket,
  Energy,
  EnergySpan,
  EnergySums,
  HomeBucket,
  HomeEnergy,
  HomeEnergySpan,
  HomeEnergySums,
} from '../api/types.ts';

export type BarPart =
  | 'sun'
  | 'batteryOut'
  | 'gridIn'
  | 'home'
  | 'car'
  | 'heat'
  | 'batteryIn'
  | 'gridOut';

/** In kWh. The home's use includes what went to car and heat; null: not known, or not measured. */
export type Sums = Record<BarPart, number | null>;

/** In Unix milliseconds. */
export interface Bar extends Sums {
  from: number;
  to: number;
  /** The past part of which nothing is known, in seconds. */
  unknown_s: number;
  /** Some devices behind the sums are not known for all of it. */
  atLeast: boolean;
}

export interface Total extends Sums {
  unknown_s: number;
  atLeast: boolean;
  selfSufficiency_percent: number | null;
  selfConsumption_percent: number | null;
}

export interface Span {
  bars: Bar[];
  total: Total;
  /** A period before has as much as has passed of the present one; absent: all of it. */
  soFar?: Sums;
}

export interface Energies extends Span {
  /** Absent: not asked for. */
  previous?: Span;
  /** Devices that are not known for all of the span, at most eight. */
  gaps: {sn: string; unknown_s: number; damaged: boolean}[];
  /** Devices with energies that were counted before a correction, at most eight. */
  outdated: {sn: string; outdated_s: number}[];
}

export const sources: BarPart[] = ['sun', 'batteryOut', 'gridIn'];
/** Home is what remains of its use without car and heat: the parts are stacked. */
export const uses: BarPart[] = ['home', 'car', 'heat', 'batteryIn', 'gridOut'];
export const parts: BarPart[] = [...sources, ...uses];
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

function sumsOfHome(sums: HomeEnergySums): Sums {
  return {
    sun: sums.sun_kwh ?? null,
    batteryOut: sums.batteryOut_kwh ?? null,
    gridIn: sums.gridImport_kwh ?? null,
    home: sums.home_kwh ?? null,
    car: sums.car_kwh ?? null,
    heat: sums.heat_kwh ?? null,
    batteryIn: sums.batteryIn_kwh ?? null,
    gridOut: sums.gridExport_kwh ?? null,
  };
}

function sumsOfDevice(sums: EnergySums): Sums {
  const {heater, heatpump} = sums;
  return {
    sun: sums.pv ?? null,
    batteryOut: sums.batteryOut ?? null,
    gridIn: sums.gridIn ?? null,
    home: sums.home ?? null,
    car: sums.ev ?? null,
    heat: heater === undefined && heatpump === undefined ? null : (heater ?? 0) + (heatpump ?? 0),
    batteryIn: sums.batteryIn ?? null,
    gridOut: sums.gridOut ?? null,
  };
}

const homeBar = (bucket: HomeBucket): Bar => ({
  from: Date.parse(bucket.from),
  to: Date.parse(bucket.to),
  unknown_s: bucket.unknown_s,
  atLeast: bucket.atLeast,
  ...sumsOfHome(bucket),
});

const deviceBar = (bucket: Bucket): Bar => ({
  from: Date.parse(bucket.from),
  to: Date.parse(bucket.to),
  unknown_s: bucket.unknown_s,
  atLeast: false,
  ...sumsOfDevice(bucket),
});

const homeSpan = ({buckets, total, soFar}: HomeEnergySpan): Span => ({
  bars: buckets.map(homeBar),
  ...(soFar ? {soFar: sumsOfHome(soFar)} : {}),
  total: {
    ...sumsOfHome(total),
    unknown_s: total.unknown_s,
    atLeast: total.atLeast,
    selfSufficiency_percent: total.selfSufficiency_percent ?? null,
    selfConsumption_percent: total.selfConsumption_percent ?? null,
  },
});

const percent = (share: number | undefined) => (share === undefined ? null : share * 100);

const deviceSpan = ({buckets, total, soFar}: EnergySpan): Span => ({
  bars: buckets.map(deviceBar),
  ...(soFar ? {soFar: sumsOfDevice(soFar)} : {}),
  total: {
    ...sumsOfDevice(total),
    unknown_s: total.unknown_s,
    atLeast: false,
    selfSufficiency_percent: percent(total.selfSufficiency),
    selfConsumption_percent: percent(total.selfConsumption),
  },
});

export function energiesOfHome(answer: HomeEnergy): Energies {
  return {
    ...homeSpan(answer),
    gaps: answer.unknown ?? [],
    outdated: answer.outdated ?? [],
    ...(answer.previous ? {previous: homeSpan(answer.previous)} : {}),
  };
}

export function energiesOfDevice(answer: Energy): Energies {
  return {
    ...deviceSpan(answer),
    gaps: [],
    outdated: answer.outdated ?? [],
    ...(answer.previous ? {previous: deviceSpan(answer.previous)} : {}),
  };
}

/** Whether anything is known of it; 0 kWh is known. */
export const isKnown = (sums: Sums) => parts.some((part) => sums[part] !== null);

/** The height of a part in its stack: the home's without car and heat. */
export function stacked(sums: Sums, part: BarPart): number {
  const value = sums[part] ?? 0;
  return part === 'home' ? Math.max(0, value - (sums.car ?? 0) - (sums.heat ?? 0)) : value;
}

export const heightOf = (sums: Sums, of: BarPart[]) =>
  of.reduce((total, part) => total + stacked(sums, part), 0);

/**
 * What stands before a sum that lacks a part: it is at least so much. The home's use is sources
 * less what is stored and given away: without one of them it is only about that.
 */
export function markOf(part: BarPart, {atLeast}: {atLeast: boolean}): string {
  if (!atLeast) return '';
  return part === 'home' ? '≈ ' : '≥ ';
}

/** By how many percent a sum differs from that before; null: nothing to compare with. */
export function changeOf(now: number | null, before: number | null): number | null {
  if (now === null || before === null || before < 0.005) return null;
  return (100 * (now - before)) / before;
}

/** 1, 2, 5 times a power of ten: how far apart the lines of a scale are. */
export function niceStep(most: number, lines: number): number {
  const rough = Math.max(most, 1e-3) / lines;
  const size = 10 ** Math.floor(Math.log10(rough));
  return size * ([1, 2, 5].find((factor) => factor * size >= rough) ?? 10);
}
