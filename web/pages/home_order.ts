// The order of Home's cards: trouble first, then where most power flows, then by name. Cards whose
// powers are about the same keep their places, so that they do not swap all day.
import type {HomeDevice} from '../api/types.ts';
import {byName, powerOf} from '../store/home.ts';
import {type Order, sortedBy} from './use_order.ts';

/** Devices with less rest, and are ordered by name. */
const rest_w = 10;
/** A device passes another one with so much more power. */
const moreFactor = 1.25;
const more_w = 50;

/** A device that is only late has no trouble here: that comes and goes. */
function trouble(device: HomeDevice): number {
  if (device.faults.length > 0) return 0;
  return device.state === 'offline' || device.state === 'never' ? 1 : 2;
}

/** Changes with the trouble of any device. */
export const cardsKey = (devices: HomeDevice[]) => devices.map(trouble).join('');

function compare(a: HomeDevice, b: HomeDevice): number {
  const steps = (device: HomeDevice) => Math.round(powerOf(device) / rest_w);
  return trouble(a) - trouble(b) || steps(b) - steps(a) || byName(a.name, b.name);
}

interface Card {
  device: HomeDevice;
  trouble: number;
  power_w: number;
}

function passes(a: Card, b: Card): boolean {
  if (a.trouble !== b.trouble) return a.trouble < b.trouble;
  if (Math.max(a.power_w, b.power_w) < rest_w) return byName(a.device.name, b.device.name) < 0;
  return a.power_w > moreFactor * b.power_w + more_w;
}

/** Each card goes up from where it stood past those that it passes; new ones come from behind. */
export const cardOrder: Order = (devices, before) => {
  const sorted = sortedBy(compare)(devices, before);
  if (before.length === 0) return sorted;
  const places = new Map(before.map((sn, index) => [sn, index]));
  const place = (device: HomeDevice) => places.get(device.sn) ?? before.length;
  const cards: Card[] = sorted
    .sort((a, b) => place(a) - place(b))
    .map((device) => ({device, trouble: trouble(device), power_w: powerOf(device)}));
  for (let i = 1; i < cards.length; i++) {
    const card = cards[i]!;
    let to = i;
    for (; to > 0 && passes(card, cards[to - 1]!); to--) cards[to] = cards[to - 1]!;
    cards[to] = card;
  }
  return cards.map(({device}) => device);
};
