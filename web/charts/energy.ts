// Energies of the home from those of its devices, by their roles: the home is not the sum of its
// devices, since what a consumer draws from a socket the meter has counted already.
import type {Bucket, Energy, HomeDevice, Quantity} from '../api/types.ts';

export interface Bar {
  from: number;
  to: number;
  sun: number;
  batteryOut: number;
  gridIn: number;
  home: number;
  car: number;
  heat: number;
  batteryIn: number;
  gridOut: number;
}

export type BarPart = Exclude<keyof Bar, 'from' | 'to'>;
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

export function barsOfHome(answers: Energy[], devices: HomeDevice[]): Bar[] {
  const meters = new Set(
    devices.filter((device) => device.role === 'meter').map((device) => device.sn),
  );
  const bars = new Map<string, Bar>();
  for (const answer of answers) {
    const measuresGrid = meters.size === 0 || meters.has(answer.sn);
    for (const bucket of answer.buckets) {
      const bar = bars.get(bucket.from) ?? empty(bucket);
      bars.set(bucket.from, bar);
      addTo(bar, bucket, measuresGrid);
    }
  }
  const alone = answers.length === 1;
  return [...bars.values()]
    .sort((a, b) => a.from - b.from)
    .map((bar) => {
      const balance = bar.sun + bar.batteryOut + bar.gridIn - bar.batteryIn - bar.gridOut;
      const used = alone ? bar.home : Math.max(0, balance);
      return {...bar, home: Math.max(0, used - bar.car - bar.heat)};
    });
}

function empty(bucket: Bucket): Bar {
  return {
    from: Date.parse(bucket.from),
    to: Date.parse(bucket.to),
    sun: 0,
    batteryOut: 0,
    gridIn: 0,
    home: 0,
    car: 0,
    heat: 0,
    batteryIn: 0,
    gridOut: 0,
  };
}

function addTo(bar: Bar, bucket: Bucket, measuresGrid: boolean): void {
  const of = (quantity: Quantity) => bucket[quantity] ?? 0;
  bar.sun += of('pv');
  bar.batteryIn += of('batteryIn');
  bar.batteryOut += of('batteryOut');
  bar.home += of('home');
  bar.car += of('ev');
  bar.heat += of('heater') + of('heatpump');
  if (!measuresGrid) return;
  bar.gridIn += of('gridIn');
  bar.gridOut += of('gridOut');
}

export function totalOf(bars: Bar[]): Record<BarPart, number> {
  const total = Object.fromEntries([...sources, ...uses].map((part) => [part, 0])) as Record<
    BarPart,
    number
  >;
  for (const bar of bars) for (const part of [...sources, ...uses]) total[part] += bar[part];
  return total;
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
