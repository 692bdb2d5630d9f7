// The last day of several devices in one request: of each its powers, and its charge.
import {get} from '../api/client.ts';
import type {DeviceSeries, HomeSeries, NodeId} from '../api/types.ts';
import {byName} from '../store/home.ts';
import {type Loaded, useLoad} from '../ui/load.tsx';
import type {Column} from './data.ts';
import type {Bounds} from './spark.tsx';

/** So many devices are in one answer. */
export const mostDevices = 16;
const stepText = '30m';
export const daySpan_s = 86_400;

/** The order of the devices changes nothing, so that cards that move are not asked for again. */
export const daysPath = (serials: readonly string[]) =>
  `/home/series?from=-1d&step=${stepText}` +
  `&devices=${encodeURIComponent([...serials].sort(byName).slice(0, mostDevices).join())}`;

export type DeviceDays = ReadonlyMap<string, DeviceSeries>;

/** Loads anew when `version` changes; what is there is shown until then. */
export function useDeviceDays(serials: readonly string[], version: number): Loaded<DeviceDays> {
  const path = daysPath(serials);
  return useLoad(
    async (cancel) => {
      if (serials.length === 0) return new Map<string, DeviceSeries>();
      const {devices = []} = await get<HomeSeries>(path, cancel);
      return new Map(devices.map((day) => [day.sn, day]));
    },
    [path, version],
  );
}

export interface DayLine {
  column: Column;
  bounds: Bounds;
}

/** The line of what a card has as its head; null: there are not two values of it. */
export function dayLine(day: DeviceSeries | undefined, of: 'charge' | NodeId): DayLine | null {
  const column = of === 'charge' ? day?.charge_percent : day?.powers_w[of];
  const known = column?.filter((value) => value !== null).length ?? 0;
  if (!column || known < 2) return null;
  return {column, bounds: of === 'charge' ? 'percent' : 'zero'};
}
