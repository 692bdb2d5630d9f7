// The order of devices in a list: it does not change under the pointer, nor with each report.
import {useEffect, useMemo, useState} from 'preact/hooks';
import type {HomeDevice} from '../api/types.ts';

const sortEveryMs = 5000;

/**
 * Devices in the order of `compare`, which is found anew after some seconds, unless `held`; at once
 * when `key` changes, or how many devices there are.
 */
export function useOrder(
  devices: HomeDevice[],
  compare: (a: HomeDevice, b: HomeDevice) => number,
  key: string,
  held: {current: boolean},
  everyMs = sortEveryMs,
): HomeDevice[] {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!held.current) setVersion((v) => v + 1);
    }, everyMs);
    return () => clearInterval(timer);
  }, [held, everyMs]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the order holds while values change.
  const serials = useMemo(
    () => [...devices].sort(compare).map((device) => device.sn),
    [key, version, devices.length],
  );
  const bySerial = new Map(devices.map((device) => [device.sn, device]));
  return serials.flatMap((sn) => bySerial.get(sn) ?? []);
}
