// The words of a signed power: which way it flows. A figure beside them has no sign.
import type {NodeId} from '../api/types.ts';
import {texts} from './index.ts';

/** Less is nothing. */
const least_w = 1;

/** Null: nothing flows, or it flows as the name of the node says, as power of the sun does. */
export function wayText(node: NodeId, power_w: number | null | undefined): string | null {
  if (power_w == null || Math.abs(power_w) < least_w) return null;
  const words = texts.value.home;
  const [positive, negative] = {
    battery: [words.charging, words.discharging],
    grid: [words.importing, words.exporting],
    sun: [null, words.ownUse],
    home: [null, words.fedBack],
    car: [null, words.discharging],
    heat: [null, words.fedBack],
  }[node];
  return (power_w > 0 ? positive : negative) ?? null;
}
