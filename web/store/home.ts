// The home as the server computed it: fetched once, then whole by the stream, or fetched again and
// again where it is large.
import {computed, effect, signal, untracked} from '@preact/signals';
import {type ApiError, get, type Language, language, me} from '../api/client.ts';
import type {LiveClient} from '../api/live.ts';
import type {ActiveError, Home, HomeDevice, Severity, State} from '../api/types.ts';
import {clock} from './clock.ts';

export const home = signal<Home | null>(null);
export const homeError = signal<ApiError | null>(null);

/**
 * The stream tells the whole home at each change, and does not compress it: one with more devices
 * is asked for instead.
 */
const mostStreamed = 200;
const askEveryMs = 10_000;

/** The home is that of this account; undefined: nobody is signed in. */
const account = computed(() => me.value?.account);

let following = false;

export async function fetchHome(): Promise<void> {
  const [asked, of] = [language.peek(), account.peek()];
  const isLate = () => asked !== language.peek() || of !== account.peek();
  try {
    const got = await get<Home>('/home');
    if (isLate()) return; // The answer to a later question has the words, or the account.
    clock.set(got.now);
    home.value = got;
    homeError.value = null;
  } catch (error) {
    if (!isLate()) homeError.value = error as ApiError;
  }
}

/**
 * Asks for the home, and keeps it current, both anew in another language and for another account,
 * which sees nothing of the one before. A second call does nothing.
 */
export function followHome(live: LiveClient): void {
  if (following) return;
  following = true;
  let followed = account.peek();
  effect(() => {
    const lang = language.value;
    const of = account.value;
    return untracked(() => {
      if (of !== followed) {
        home.value = null;
        homeError.value = null;
      }
      followed = of;
      if (of === undefined) return undefined;
      let stop: (() => void) | null = null;
      let ended = false;
      void fetchHome().then(() => {
        if (!ended) stop = keepCurrent(live, lang);
      });
      return () => {
        ended = true;
        stop?.();
      };
    });
  });
}

function keepCurrent(live: LiveClient, lang: Language): () => void {
  if ((home.peek()?.devices.length ?? 0) > mostStreamed) {
    return live.repeat(askEveryMs, () => void fetchHome());
  }
  return live.subscribe({topic: 'home', ...(lang === 'en' ? {} : {lang})}, (message) => {
    if ('home' in message) home.value = message.home;
  });
}

/** A device without contact has no fault: what it does is not known. */
export type AlarmSeverity = Severity | 'silent';

export interface Alarm {
  /** The device's serial number and the field: an alarm that begins again has the same. */
  key: string;
  sn: string;
  device: string;
  kind: 'fault' | 'silent';
  severity: AlarmSeverity;
  text: string;
  field?: string;
  title?: string;
  since: number | null;
}

const worst: Record<AlarmSeverity, number> = {fault: 0, silent: 1, warning: 2};

/** The faults of a device, before its warnings. */
export const worstFirst = (faults: ActiveError[]) =>
  [...faults].sort((a, b) => worst[a.severity] - worst[b.severity]);

/** The worst comes first: faults that devices report, and devices without contact. */
export const alarms = computed<Alarm[]>(() =>
  (home.value?.devices ?? [])
    .flatMap(alarmsOf)
    .sort((a, b) => worst[a.severity] - worst[b.severity]),
);

function alarmsOf(device: HomeDevice): Alarm[] {
  const list: Alarm[] = device.faults.map((fault) => ({
    key: `${device.sn} ${fault.field}`,
    sn: device.sn,
    device: device.name,
    kind: 'fault',
    severity: fault.severity,
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
      severity: 'silent',
      text: '',
      since: device.lastReport,
    });
  }
  return list;
}

const rank: Record<State, number> = {offline: 1, never: 1, quiet: 2, live: 3};

/** A collator compares several times faster than localeCompare(); 9 comes before 10. */
export const byName = new Intl.Collator(undefined, {numeric: true}).compare;

const trouble = (d: HomeDevice) => (d.faults.length > 0 ? 0 : rank[d.state]);

/** Trouble first, then by name. */
export function byTrouble(a: HomeDevice, b: HomeDevice): number {
  return trouble(a) - trouble(b) || byName(a.name, b.name);
}

/** The largest power of a device, in W. */
export function powerOf(d: HomeDevice): number {
  const powers = [d.sunPower_w, d.batteryPower_w, d.loadPower_w, d.gridPower_w];
  return Math.max(0, ...powers.map((power_w) => Math.abs(power_w ?? 0)));
}

/** Changes with the trouble of any device. */
export const troubleKey = (devices: HomeDevice[]) => devices.map(trouble).join('');
