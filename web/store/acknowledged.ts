// Alarms that were seen and acknowledged, in this browser: the server has no place for it. An
// acknowledged alarm stays in the list, and no longer asks for attention.
import {computed, signal} from '@preact/signals';
import {type Alarm, alarms, home} from './home.ts';
import {keep, kept} from './kept.ts';

const place = 'acknowledged';
/** Longer lists are cut: an alarm that is asked about again does no harm. */
const most = 500;

const keys = signal<ReadonlySet<string>>(new Set(stored()));

function stored(): string[] {
  try {
    const list: unknown = JSON.parse(kept(place) ?? '[]');
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** A fault that begins again is another one. */
const keyOf = (alarm: Alarm) => `${alarm.key} ${alarm.since ?? ''}`;

export const isAcknowledged = (alarm: Alarm) => keys.value.has(keyOf(alarm));

export function acknowledge(alarm: Alarm, isSeen: boolean): void {
  const active = new Set(alarms.peek().map(keyOf));
  // Those that are over are forgotten, unless the home is not there to tell.
  const remaining = [...keys.peek()].filter((key) => home.peek() === null || active.has(key));
  const next = new Set(remaining.slice(-most));
  if (isSeen) next.add(keyOf(alarm));
  else next.delete(keyOf(alarm));
  keys.value = next;
  keep(place, JSON.stringify([...next]));
}

/** Those that nobody has acknowledged here. */
export const unseenAlarms = computed(() => alarms.value.filter((alarm) => !isAcknowledged(alarm)));
