// Sending a set, and what becomes of it: done is what the device reports, not what was asked. The
// server knows which fields show it (docs/user/api.md, "Commands"); the page asks it by the id that
// it gave the set, also after a lost connection.
import {type ReadonlySignal, signal} from '@preact/signals';
import {ApiError, isLost, request} from '../api/client.ts';
import type {CommandStatus} from '../api/types.ts';
import {same} from '../format/field.ts';
import {isAway, live} from '../store/live.ts';
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
  | {state: 'offline'}
  /** Contact was lost: it may have been done, and is asked for on return. */
  | {state: 'unknown'}
  /** It may have been done, and the server does not know it any more. */
  | {state: 'forgotten'}
  /** It never reached the server. */
  | {state: 'lost'}
  /** It was not sent: the server is not there. */
  | {state: 'away'};

/** Sending needs these of the page; a test has its own. */
export interface Environment {
  newId: () => string;
  isAway: () => boolean;
  /** Resolves once the server is there again, and not at once. */
  contact: () => Promise<void>;
  nowMs: () => number;
}

/** How long the server may wait for the state to be final: longer than it waits for a reply. */
const wait = '30s';
/** A server knows a set that was sent, also after a restart, for an hour. */
const knownMs = 3_500_000;

/** The sets of one form, one at a time. It alone writes their state and reply. */
export class SetSender {
  private readonly current = signal<SetState>({state: 'idle'});
  private readonly answer = signal<unknown>(null);
  private readonly open = signal(0);
  private sets = 0;

  constructor(
    private readonly sn: string,
    private readonly page: Environment = browser,
  ) {}

  /** The state of the last set. */
  get state(): ReadonlySignal<SetState> {
    return this.current;
  }

  /** Whether a set may become another state. */
  get isBusy(): boolean {
    return this.open.value > 0;
  }

  /** The device's reply to it; null if there is none. */
  get reply(): ReadonlySignal<unknown> {
    return this.answer;
  }

  /** Whether the device did what was asked, as far as it tells; then the form begins anew. */
  async send(body: Wire): Promise<boolean> {
    const set = ++this.sets;
    const show = (state: SetState) => {
      if (set === this.sets) this.current.value = state;
    };
    this.answer.value = null;
    if (this.page.isAway()) {
      show({state: 'away'});
      return false;
    }
    show({state: 'sending'});
    this.open.value++;
    const outcome = await this.follow(body, show);
    this.open.value--;
    if (set === this.sets) this.answer.value = outcome.reply ?? null;
    return outcome.state.state === 'accepted' || outcome.state.state === 'applied';
  }

  private async follow(body: Wire, show: (state: SetState) => void): Promise<Outcome> {
    const id = this.page.newId();
    const sentMs = this.page.nowMs();
    let outcome = await this.start(id, body);
    show(outcome.state);
    while (outcome.isOpen) {
      if (outcome.state.state === 'unknown') await this.page.contact();
      outcome = await this.look(id, sentMs, outcome.state);
      show(outcome.state);
    }
    return outcome;
  }

  private get path(): string {
    return `/devices/${encodeURIComponent(this.sn)}/commands`;
  }

  private async start(id: string, body: Wire): Promise<Outcome> {
    try {
      const key = {'Idempotency-Key': id};
      return outcomeOf(await request<CommandStatus>('POST', this.path, body, undefined, key));
    } catch (error) {
      if (isLost(error)) return {state: {state: 'unknown'}, isOpen: true};
      if (!(error instanceof ApiError)) throw error;
      // The session ended before.
      if (error.status === 401) return {state: {state: 'lost'}, isOpen: false};
      if (error.code === 'offline') return {state: {state: 'offline'}, isOpen: false};
      // The device may still do it.
      if (error.code === 'no_answer') return {state: {state: 'unanswered'}, isOpen: true};
      return refusal(error.message);
    }
  }

  /** Asks what became of the set, which was `before` so far. */
  private async look(id: string, sentMs: number, before: SetState): Promise<Outcome> {
    try {
      return outcomeOf(await request<CommandStatus>('GET', `${this.path}/${id}?wait=${wait}`));
    } catch (error) {
      // Who signs in again is told.
      const isOver = error instanceof ApiError && error.status === 401;
      if (isLost(error) || isOver) return {state: {state: 'unknown'}, isOpen: true};
      const isUnknown = error instanceof ApiError && error.status === 404;
      const neverCame = isUnknown && before.state === 'unknown';
      if (neverCame && this.page.nowMs() - sentMs < knownMs) {
        return {state: {state: 'lost'}, isOpen: false};
      }
      return {state: before.state === 'unanswered' ? before : {state: 'forgotten'}, isOpen: false};
    }
  }
}

interface Outcome {
  state: SetState;
  /** It may become another. */
  isOpen: boolean;
  reply?: unknown;
}

function refusal(why: string): Outcome {
  return {state: {state: 'refused', why}, isOpen: false};
}

function outcomeOf(status: CommandStatus): Outcome {
  return {state: stateOf(status), isOpen: !status.final, reply: status.reply};
}

function stateOf(status: CommandStatus): SetState {
  switch (status.state) {
    case 'sent':
      return {state: 'sending'};
    case 'answered':
      return {state: status.final ? 'accepted' : 'waiting'};
    case 'not_applied': {
      const other = status.fields.find(({asked, is}) => asked !== undefined && !same(is, asked));
      return {state: 'notApplied', field: other?.field ?? '', asked: other?.asked, is: other?.is};
    }
    case 'refused':
      return {state: 'refused', why: status.message ?? status.code ?? ''};
    case 'applied':
    case 'unanswered':
    case 'offline':
      return {state: status.state};
  }
}

const browser: Environment = {
  newId: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join(''),
  isAway: () => isAway.peek(),
  contact: () => live.contactAgain(),
  nowMs: Date.now,
};
