// The home as the server computed it: fetched once, then whole by the stream.
import {computed, effect, signal, untracked} from '@preact/signals';
import {type ApiError, get, language} from '../api/client.ts';
import type {LiveClient} from '../api/live.ts';
import type {Home, HomeDevice, State} from '../api/types.ts';
import {clock} from './clock.ts';

export const home = signal<Home | null>(null);
export const homeError = signal<ApiError | null>(null);

let following = false;

export async function fetchHome(): Promise<void> {
  const asked = language.peek();
  try {
    const got = await get<Home>('/home');
    if (asked !== language.peek()) return; // A later answer has the words.
    clock.set(got.now);
    home.value = got;
    homeError.value = null;
  } catch (error) {
    homeError.value = error as ApiError;
  }
}

/**
 * Asks for the home, and keeps it as the stream tells it, both anew in another language; a second
 * call does nothing.
 */
export function followHome(live: LiveClient): void {
  if (following) return;
  following = true;
  effect(() => {
    const lang = language.value;
    return untracked(() => {
      void fetchHome();
      return live.subscribe({topic: 'home', ...(lang === 'en' ? {} : {lang})}, (message) => {
        if ('home' in message) home.value = message.home;
      });
    });
  });
}

export interface Alarm {
  key: string;
  sn: string;
  device: string;
  kind: 'fault' | 'silent';
  text: string;
  field?: string;
  title?: string;
  since: number | null;
}

/** What is wrong now: faults that devices report, and devices without contact. */
export const alarms = computed<Alarm[]>(() => (home.value?.devices ?? []).flatMap(alarmsOf));

function alarmsOf(device: HomeDevice): Alarm[] {
  const list: Alarm[] = device.faults.map((fault) => ({
    key: `${device.sn} ${fault.field}`,
    sn: device.sn,
    device: device.name,
    kind: 'fault',
    text: fault.text,
    field: fault.field,
    title: fault.title,
    since: fault.since,
  }));
  if (device.state === 'offline') {
    list.push({
      key: `${device.sn} silent`,
      sn: device.sn,
      device: device.name,
      kind: 'silent',
      text: '',
      since: device.lastReport,
    });
  }
  return list;
}

const rank: Record<State, number> = {offline: 1, never: 1, quiet: 2, live: 3};

/** A collator compares several times faster than localeCompare(). */
export const byName = new Intl.Collator().compare;

/** Trouble first, then what moves most, then by name. */
export function byTrouble(a: HomeDevice, b: HomeDevice): number {
  const trouble = (d: HomeDevice) => (d.faults.length > 0 ? 0 : rank[d.state]);
  return trouble(a) - trouble(b) || byName(a.name, b.name);
}
