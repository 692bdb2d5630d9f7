// Energies of a period in one request: of the home, or of one device.
import {get} from '../api/client.ts';
import type {Energy, HomeEnergy} from '../api/types.ts';
import {type Period, shifted} from '../format/period.ts';
import {type Loaded, useLoad} from '../ui/load.tsx';
import {type Energies, energiesOfDevice, energiesOfHome} from './energy.ts';

export interface Asked {
  /** A serial number; null: the whole home. */
  dev: string | null;
  period: Period;
  /** The first day; null: the present period. */
  start: string | null;
  /** With the period before. */
  compare?: boolean;
}

export function energyPath({dev, period, start, compare}: Asked): string {
  const span = start === null ? '' : `&from=${start}&to=${shifted(start, period, 1)}`;
  const of = dev === null ? '/home' : `/devices/${encodeURIComponent(dev)}`;
  return `${of}/energy?period=${period}${span}${compare ? '&compare=previous' : ''}`;
}

/** Loads anew when `version` changes; what was loaded for another period is not shown. */
export function useEnergies(asked: Asked, version = 0): Loaded<Energies> {
  const path = energyPath(asked);
  const loaded = useLoad(
    async (cancel) => ({
      path,
      energies:
        asked.dev === null
          ? energiesOfHome(await get<HomeEnergy>(path, cancel))
          : energiesOfDevice(await get<Energy>(path, cancel)),
    }),
    [path, version],
  );
  return {...loaded, data: loaded.data?.path === path ? loaded.data.energies : null};
}
