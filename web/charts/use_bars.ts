// Energies of a period in one request: of the home, or of one device.
import {get} from '../api/client.ts';
import type {Energy, HomeEnergy} from '../api/types.ts';
import {type Period, shifted} from '../format/period.ts';
import {type Loaded, useLoad} from '../ui/load.tsx';
import {type Energies, energiesOfDevice, energiesOfHome} from './energy.ts';

export interface Asked {
  /** A serial number; null: the home. */
  sn: string | null;
  period: Period;
  /** The first day; null: of the present period. */
  start: string | null;
  /** With the period before. */
  compares?: boolean;
}

export function energyPath({sn, period, start, compares}: Asked): string {
  const of = sn === null ? '/home' : `/devices/${encodeURIComponent(sn)}`;
  const span = start === null ? '' : `&from=${start}&to=${shifted(start, period, 1)}`;
  return `${of}/energy?period=${period}${span}${compares ? '&compare=previous' : ''}`;
}

/** Loads anew when `version` changes. */
export function useBars(asked: Asked, version = 0): Loaded<Energies> {
  const path = energyPath(asked);
  return useLoad(
    async (cancel) =>
      asked.sn === null
        ? energiesOfHome(await get<HomeEnergy>(path, cancel))
        : energiesOfDevice(await get<Energy>(path, cancel)),
    [path, version],
  );
}
