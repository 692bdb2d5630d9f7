// Sending a set, and what becomes of it: done is what the device reports, not what was asked.
import {type ReadonlySignal, signal} from '@preact/signals';
import {ApiError, request} from '../api/client.ts';
import {same} from '../format/field.ts';
import type {Reading, Twin} from '../store/twins.ts';
import type {Wire} from './body.ts';

export type SetState =
  | {state: 'idle'}
  | {state: 'sending'}
  | {state: 'waiting'}
  | {state: 'accepted'}
  | {state: 'applied'}
  | {state: 'notApplied'; field: string; asked: unknown; is: unknown}
  | {state: 'refused'; why: string}
  | {state: 'unanswered'}
  | {state: 'offline'};

/** How long the device may take to report what it accepted. */
const reportMs = 10_000;

export interface Expected {
  field: string;
  value: unknown;
}

interface Reply {
  data?: {ack?: number; message?: string};
}

/** Calls back once, and returns what takes that back. */
type After = (ms: number, call: () => void) => () => void;

/** The sets of one form, one at a time. It alone writes their state and reply. */
export class SetSender {
  private readonly current = signal<SetState>({state: 'idle'});
  private readonly answer = signal<unknown>(null);

  constructor(
    private readonly twin: Twin,
    private readonly after: After = afterTimeout,
  ) {}

  /** What became of the last set. */
  get state(): ReadonlySignal<SetState> {
    return this.current;
  }

  /** The device's reply to it; null if there is none. */
  get reply(): ReadonlySignal<unknown> {
    return this.answer;
  }

  /** Whether the device did what was asked, as far as it tells; then the form begins anew. */
  async send(body: Wire, expected: Expected[]): Promise<boolean> {
    this.current.value = {state: 'sending'};
    this.answer.value = null;
    const watch = watchReports(this.twin, expected, this.after);
    try {
      const reply = await request<Reply>(
        'POST',
        `/devices/${encodeURIComponent(this.twin.facts.sn)}/commands`,
        body,
      );
      this.answer.value = reply;
      const refusal = refusalIn(reply);
      if (refusal !== null || expected.length === 0) {
        this.current.value = refusal ?? {state: 'accepted'};
      } else {
        this.current.value = {state: 'waiting'};
        this.current.value = await watch.outcome();
      }
    } catch (error) {
      this.current.value = this.failure(error);
    } finally {
      watch.stop();
    }
    return this.current.value.state === 'accepted' || this.current.value.state === 'applied';
  }

  private failure(error: unknown): SetState {
    if (!(error instanceof ApiError)) return {state: 'refused', why: String(error)};
    if (error.code !== 'offline') return {state: 'refused', why: error.message};
    return {state: this.twin.state.peek() === 'offline' ? 'offline' : 'unanswered'};
  }
}

function refusalIn(reply: Reply): SetState | null {
  const ack = reply?.data?.ack ?? 0;
  return ack === 0 ? null : {state: 'refused', why: reply.data?.message ?? `ack ${ack}`};
}

function afterTimeout(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

/** Resolves once the twin shows all that was asked for, or says otherwise for too long. */
function watchReports(twin: Twin, expected: Expected[], after: After) {
  const is = (name: string) => (twin.field(name).peek() as Reading | null)?.value;
  const differing = () => expected.find(({field, value}) => !same(is(field), value));
  let decide: (state: SetState) => void = () => undefined;
  const decided = new Promise<SetState>((resolve) => {
    decide = resolve;
  });
  const look = () => {
    if (!differing()) decide({state: 'applied'});
  };
  twin.watchers.add(look);
  const cancel = after(reportMs, () => {
    const open = differing();
    decide(
      open
        ? {state: 'notApplied', field: open.field, asked: open.value, is: is(open.field)}
        : {state: 'applied'},
    );
  });
  return {
    outcome: () => {
      look();
      return decided;
    },
    stop: () => {
      twin.watchers.delete(look);
      cancel();
    },
  };
}
