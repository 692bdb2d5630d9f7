// Energies of some devices in a period, as bars of the home.
import {useMemo} from 'preact/hooks';
import {get} from '../api/client.ts';
import type {Energy, HomeDevice} from '../api/types.ts';
import {type Period, shifted} from '../format/period.ts';
import {type Loaded, useLoad} from '../ui/load.tsx';
import {type Bar, barsOfHome} from './energy.ts';

/** The period that begins at `start`, a date; null is the present one, undefined is none. */
export function useBars(
  serials: string[] | undefined,
  devices: HomeDevice[],
  period: Period,
  start: string | null | undefined,
  version = 0,
): Loaded<Bar[]> {
  const loaded = useLoad(
    (cancel): Promise<Energy[] | null> => {
      if (!serials || start === undefined) return Promise.resolve(null);
      const span = start === null ? '' : `&from=${start}&to=${shifted(start, period, 1)}`;
      return Promise.all(
        serials.map((sn) =>
          get<Energy>(`/devices/${encodeURIComponent(sn)}/energy?period=${period}${span}`, cancel),
        ),
      );
    },
    [`${serials?.join() ?? ''} ${period} ${start} ${version}`],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: roles of devices stay.
  const data = useMemo(
    () => (loaded.data ? barsOfHome(loaded.data, devices) : null),
    [loaded.data],
  );
  return {...loaded, data};
}
