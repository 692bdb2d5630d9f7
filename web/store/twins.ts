// Twins on screen. Each value is a signal of its own: a change redraws one text and no list.
import {batch, computed, type Signal, signal} from '@preact/signals';
import {get, language} from '../api/client.ts';
import type {LiveClient} from '../api/live.ts';
import type {SubscriptionMessage} from '../api/messages.ts';
import type {
  DeviceChange,
  DeviceSnapshot,
  DeviceState,
  Family,
  State,
  StreamError,
} from '../api/types.ts';
import {flatten} from './paths.ts';

export interface Reading {
  value: unknown;
  at: number | null;
}

export class Twin {
  readonly state = signal<State>('never');
  readonly lastReport = signal<number | null>(null);
  /** Why the stream does not tell the values: they are the last known ones, whatever the state. */
  readonly error = signal<StreamError | null>(null);
  readonly isCurrent = computed(() => this.state.value !== 'offline' && this.error.value === null);
  /** Names of the fields that were ever reported, in the order of their arrival. */
  readonly names = signal<string[]>([]);
  private readonly fields = new Map<string, Signal<Reading | null>>();
  /** Names by index, where the device has other ones than its family: modules by serial number. */
  private ownNames: readonly string[] | null = null;

  constructor(
    readonly facts: DeviceState,
    private readonly family: Family,
  ) {
    this.lastReport.value = facts.reportedAt ?? null;
    if (facts.reportedAt) this.state.value = facts.online ? 'live' : 'offline';
    const known = new Set(family.fields.map((field) => field.name));
    this.put(flatten(facts.values, known).map(([name, value]) => ({name, value, at: null})));
  }

  field(name: string): Signal<Reading | null> {
    let held = this.fields.get(name);
    if (!held) {
      held = signal(null);
      this.fields.set(name, held);
    }
    return held;
  }

  /** Keeps the values as the stream tells them, until the function that is returned is called. */
  follow(live: LiveClient): () => void {
    const topic = {topic: 'device', sn: this.facts.sn, fields: '*', every: 250} as const;
    return live.subscribe(topic, (message) => batch(() => this.receive(message, live)));
  }

  private receive(message: SubscriptionMessage, live: LiveClient): void {
    if ('home' in message) return;
    switch (message.t) {
      case 'snap':
        this.error.value = null;
        this.state.value = message.state;
        if (message.last !== null) this.lastReport.value = message.last;
        if (message.names) this.ownNames = message.names;
        this.putRows(message, live);
        break;
      case 'd':
        this.lastReport.value = message.now;
        this.state.value = 'live';
        this.putRows(message, live);
        break;
      case 'state':
        this.state.value = message.state;
        break;
      case 'error':
        this.error.value = message;
        break;
      default:
        message satisfies never;
    }
  }

  private putRows({f: rows, now}: DeviceSnapshot | DeviceChange, live: LiveClient): void {
    const names = this.ownNames ?? live.namesOf(this.family.id);
    this.put(
      rows.flatMap(([index, value, at]) => {
        const name = names[index];
        return name === undefined ? [] : [{name, value, at: at ?? now}];
      }),
    );
  }

  private put(readings: ({name: string} & Reading)[]): void {
    batch(() => {
      const fresh: string[] = [];
      for (const {name, value, at} of readings) {
        const held = this.field(name);
        if (held.peek() === null) fresh.push(name);
        held.value = {value, at};
      }
      if (fresh.length > 0) this.names.value = [...this.names.peek(), ...fresh];
    });
  }
}

/** Each family once in each language. */
const families = new Map<string, Promise<Family>>();

function familyOf(id: string): Promise<Family> {
  const key = `${language.peek()} ${id}`;
  let family = families.get(key);
  if (!family) {
    family = get<Family>(`/families/${encodeURIComponent(id)}`);
    families.set(key, family);
    family.catch(() => families.delete(key));
  }
  return family;
}

export async function loadTwin(sn: string, cancel: AbortSignal): Promise<[Twin, Family]> {
  const facts = await get<DeviceState>(`/devices/${encodeURIComponent(sn)}`, cancel);
  const family = await familyOf(facts.family);
  return [new Twin(facts, family), family];
}
