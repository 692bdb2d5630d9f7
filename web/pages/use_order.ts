// The order of devices in a list: it does not change under the pointer, nor with each report.
import {useEffect, useMemo, useRef, useState} from 'preact/hooks';
import type {HomeDevice} from '../api/types.ts';

const sortEveryMs = 5000;

/** The devices as they are to stand; `before` is how they stood, none the first time. */
export type Order = (devices: HomeDevice[], before: readonly string[]) => HomeDevice[];

export const sortedBy =
  (compare: (a: HomeDevice, b: HomeDevice) => number): Order =>
  (devices) =>
    [...devices].sort(compare);

/**
 * Devices in an order that is found anew after some seconds, unless `held`; at once when `key`
 * changes, or how many devices there are.
 */
export function useOrder(
  devices: HomeDevice[],
  order: Order,
  key: string,
  held: {current: boolean},
  everyMs = sortEveryMs,
): HomeDevice[] {
  const [version, setVersion] = useState(0);
  const before = useRef<readonly string[]>([]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!held.current) setVersion((v) => v + 1);
    }, everyMs);
    return () => clearInterval(timer);
  }, [held, everyMs]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the order holds while values change.
  const serials = useMemo(
    () => order(devices, before.current).map((device) => device.sn),
    [key, version, devices.length],
  );
  before.current = serials;
  const bySerial = new Map(devices.map((device) => [device.sn, device]));
  return serials.flatMap((sn) => bySerial.get(sn) ?? []);
}
