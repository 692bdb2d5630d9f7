// Sending a set, and what becomes of it: done is what the device reports, not what was asked.
import type {Signal} from '@preact/signals';
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

export async function sendSet(
  twin: Twin,
  body: Wire,
  expected: Expected[],
  state: Signal<SetState>,
  reply: Signal<unknown>,
): Promise<void> {
  state.value = {state: 'sending'};
  reply.value = null;
  const shown = watch(twin, expected);
  try {
    const answer = await request<{data?: {ack?: number; message?: string}}>(
      'POST',
      `/devices/${encodeURIComponent(twin.facts.sn)}/commands`,
      body,
    );
    reply.value = answer;
    const ack = answer?.data?.ack ?? 0;
    if (ack !== 0) {
      state.value = {state: 'refused', why: answer.data?.message ?? `ack ${ack}`};
    } else if (expected.length === 0) {
      state.value = {state: 'accepted'};
    } else {
      state.value = {state: 'waiting'};
      state.value = await shown.outcome;
    }
  } catch (error) {
    const failure = error instanceof ApiError ? error : null;
    if (failure?.code !== 'offline') {
      state.value = {state: 'refused', why: failure?.message ?? String(error)};
    } else {
      state.value = {state: twin.state.peek() === 'offline' ? 'offline' : 'unanswered'};
    }
  } finally {
    shown.stop();
  }
}

/** Resolves once the twin shows all that was asked for, or says otherwise for too long. */
function watch(twin: Twin, expected: Expected[]): {outcome: Promise<SetState>; stop: () => void} {
  const is = (name: string) => (twin.field(name).peek() as Reading | null)?.value;
  const differing = () => expected.find(({field, value}) => !same(is(field), value));
  let decide: (state: SetState) => void = () => undefined;
  const outcome = new Promise<SetState>((resolve) => {
    decide = resolve;
  });
  const look = () => {
    if (!differing()) decide({state: 'applied'});
  };
  twin.watchers.add(look);
  const late = window.setTimeout(() => {
    const open = differing();
    decide(
      open
        ? {state: 'notApplied', field: open.field, asked: open.value, is: is(open.field)}
        : {state: 'applied'},
    );
  }, reportMs);
  return {
    get outcome() {
      look();
      return outcome;
    },
    stop: () => {
      twin.watchers.delete(look);
      clearTimeout(late);
    },
  };
}
