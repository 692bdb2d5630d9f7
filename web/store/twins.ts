// Twins on screen. Each value is a signal of its own: a change redraws one text and no list.
import {batch, type Signal, signal} from '@preact/signals';
import {get} from '../api/client.ts';
import {type Message, streamNames, subscribe} from '../api/live.ts';
import type {DeviceFacts, Family, State} from '../api/types.ts';
import {flatten} from './paths.ts';

export interface Reading {
  value: unknown;
  at: number | null;
}

export class Twin {
  readonly state = signal<State>('never');
  readonly lastReport = signal<number | null>(null);
  /** Names of the fields that were ever reported, in the order of their arrival. */
  readonly names = signal<string[]>([]);
  readonly watchers = new Set<(name: string, reading: Reading) => void>();
  private readonly fields = new Map<string, Signal<Reading | null>>();
  private stop: (() => void) | undefined;
  /** Names by index, where the device has other ones than its family: modules by serial number. */
  private order: string[] | undefined;

  constructor(
    readonly facts: DeviceFacts,
    private readonly family: Family,
  ) {
    this.lastReport.value = facts.reportedAt ?? null;
    if (facts.reportedAt) this.state.value = facts.online ? 'live' : 'offline';
    const known = new Set(family.fields.map((field) => field.name));
    this.put(flatten(facts.values ?? {}, known).map(([name, value]) => [name, value, null]));
  }

  field(name: string): Signal<Reading | null> {
    let held = this.fields.get(name);
    if (!held) {
      held = signal(null);
      this.fields.set(name, held);
    }
    return held;
  }

  follow(): () => void {
    this.stop = subscribe('device', {sn: this.facts.sn, fields: '*', every: 250}, (message) =>
      this.receive(message),
    );
    return () => this.stop?.();
  }

  private receive(message: Message): void {
    batch(() => {
      if (message['state']) this.state.value = message['state'] as State;
      if (typeof message['last'] === 'number') this.lastReport.value = message['last'];
      if (!Array.isArray(message['f'])) return;
      if (Array.isArray(message['names'])) this.order = message['names'] as string[];
      const names = this.order ?? streamNames.get(this.family.id) ?? [];
      const now = message.now ?? (message['last'] as number | undefined) ?? null;
      const rows = message['f'] as [number, unknown, number?][];
      if (message.t === 'd') {
        this.lastReport.value = now;
        this.state.value = 'live';
      }
      this.put(
        rows.flatMap(([index, value, at]) => {
          const name = names[index];
          return name === undefined
            ? []
            : [[name, value, at ?? now] as [string, unknown, number | null]];
        }),
      );
    });
  }

  private put(rows: [string, unknown, number | null][]): void {
    batch(() => {
      const fresh: string[] = [];
      for (const [name, value, at] of rows) {
        const held = this.field(name);
        if (held.peek() === null) fresh.push(name);
        held.value = {value, at};
        for (const watcher of this.watchers) watcher(name, {value, at});
      }
      if (fresh.length > 0) this.names.value = [...this.names.peek(), ...fresh];
    });
  }
}

const families = new Map<string, Promise<Family>>();

export function familyOf(id: string): Promise<Family> {
  let family = families.get(id);
  if (!family) {
    family = get<Family>(`/families/${encodeURIComponent(id)}`);
    families.set(id, family);
    family.catch(() => families.delete(id));
  }
  return family;
}

export async function loadTwin(sn: string, cancel: AbortSignal): Promise<[Twin, Family]> {
  const facts = await get<DeviceFacts>(`/devices/${encodeURIComponent(sn)}`, cancel);
  const family = await familyOf(facts.family);
  return [new Twin(facts, family), family];
}
