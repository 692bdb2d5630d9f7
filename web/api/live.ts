// The live stream: one WebSocket for the whole page, and subscriptions that survive a lost
// connection. Socket, time and chance come from outside, so that a test owns them.
import {signal} from '@preact/signals';
import {decode, type SubscriptionMessage} from './messages.ts';
import type {ClientMessage, ServerMessage, SubscribeDevice, SubscribeHome} from './types.ts';

export type Topic = Omit<SubscribeHome, 't' | 'id'> | Omit<SubscribeDevice, 't' | 'id'>;

export interface Socket {
  send: (text: string) => void;
  close: () => void;
}

/** A socket calls these of its owner; nothing comes after `onClose`. */
export interface SocketEvents {
  onOpen: () => void;
  onText: (text: string) => void;
  onClose: () => void;
}

export interface LiveOptions {
  connect: (events: SocketEvents) => Socket;
  /** Milliseconds that no change of the clock moves. */
  monotonicMs: () => number;
  /** Calls back once, and returns what takes that back. */
  after: (ms: number, call: () => void) => () => void;
  /** From 0 to 1. */
  random: () => number;
  onTime: (now: number, rate: number | null) => void;
  onSignedOut: () => void;
}

type OnMessage = (message: SubscriptionMessage) => void;

/** Two heartbeats of 15 s may not both be missed. */
const silenceMs = 20_000;
const hiddenMs = 30_000;
const firstRetryMs = 500;
const lastRetryMs = 15_000;

export class LiveClient {
  /** Whether the server is heard; `heardAt` is in `monotonicMs`. */
  readonly contact = signal<'connecting' | 'live' | 'lost'>('connecting');
  readonly heardAt;
  /** Differs after a restart of the server; null: it has told nothing yet. */
  epoch: string | null = null;

  private readonly subscriptions = new Map<number, {topic: Topic; on: OnMessage}>();
  private readonly names = new Map<string, readonly string[]>();
  private started = false;
  private socket: Socket | null = null;
  private open = false;
  private nextId = 1;
  private failures = 0;
  private cancelRetry = nothing;
  private cancelSilence = nothing;
  private cancelPause = nothing;

  constructor(private readonly options: LiveOptions) {
    this.heardAt = signal(options.monotonicMs());
  }

  start(): void {
    this.started = true;
    if (this.socket) return;
    this.cancelRetry();
    // Events of a socket that was given up say nothing about the present one.
    const events: SocketEvents = {
      onOpen: () => {
        if (this.socket === opened) this.greet();
      },
      onText: (text) => {
        if (this.socket === opened) this.receive(text);
      },
      onClose: () => {
        if (this.socket === opened) this.lose();
      },
    };
    const opened = this.options.connect(events);
    this.socket = opened;
    this.expectMessage();
  }

  stop(): void {
    this.started = false;
    this.cancelRetry();
    this.drop();
  }

  /** Connects at once, where it would wait for the next attempt. */
  retryNow(): void {
    if (this.socket || !this.started) return;
    this.failures = 0;
    this.start();
  }

  /** A page that nobody sees asks for nothing but heartbeats after a while. */
  setHidden(hidden: boolean): void {
    this.cancelPause();
    if (hidden) {
      this.cancelPause = this.options.after(hiddenMs, () => this.send({t: 'pause'}));
    } else {
      this.send({t: 'play'});
      this.retryNow();
    }
  }

  /**
   * Follows a topic until the function that is returned is called, over lost connections too. An
   * error does not end that: with the next connection the server is asked again.
   */
  subscribe(topic: Topic, on: OnMessage): () => void {
    const id = this.nextId++;
    this.subscriptions.set(id, {topic, on});
    this.send({t: 'sub', id, ...topic});
    return () => {
      this.subscriptions.delete(id);
      this.send({t: 'unsub', id});
    };
  }

  /** Calls again and again, while the server is heard, until the function that is returned is. */
  repeat(everyMs: number, call: () => void): () => void {
    let cancel = nothing;
    const wait = () => {
      cancel = this.options.after(everyMs, () => {
        if (this.contact.peek() === 'live') call();
        wait();
      });
    };
    wait();
    return () => cancel();
  }

  /** Resolves once the server is heard. */
  untilContact(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.contact.subscribe((contact) => {
        if (contact !== 'live') return;
        resolve();
        queueMicrotask(() => stop());
      });
    });
  }

  /** Names of a family's fields, in the order of the stream's indices. */
  namesOf(family: string): readonly string[] {
    return this.names.get(family) ?? [];
  }

  private greet(): void {
    this.open = true;
    this.send({t: 'hello'});
  }

  private send(message: ClientMessage): void {
    if (this.open) this.socket?.send(JSON.stringify(message));
  }

  private receive(text: string): void {
    this.heardAt.value = this.options.monotonicMs();
    this.expectMessage();
    const message = decode(text);
    if (message === null) return;
    if ('now' in message) {
      this.options.onTime(message.now, 'rate' in message ? message.rate : null);
    }
    this.handle(message);
  }

  private handle(message: ServerMessage): void {
    switch (message.t) {
      case 'welcome':
        this.failures = 0;
        this.epoch = message.epoch;
        for (const [id, {topic}] of this.subscriptions) this.send({t: 'sub', id, ...topic});
        this.contact.value = 'live';
        break;
      case 'names':
        this.names.set(message.family, message.names);
        break;
      case 'bye':
        if (message.why === 'signed out') this.options.onSignedOut();
        break;
      case 'hb':
        break;
      case 'snap':
      case 'd':
      case 'state':
      case 'error':
        if (message.id !== undefined) this.subscriptions.get(message.id)?.on(message);
        break;
      default:
        message satisfies never;
    }
  }

  private expectMessage(): void {
    this.cancelSilence();
    this.cancelSilence = this.options.after(silenceMs, () => this.lose());
  }

  private lose(): void {
    this.drop();
    this.contact.value = 'lost';
    const wait = Math.min(lastRetryMs, firstRetryMs * 2 ** this.failures++);
    const spread = 0.75 + this.options.random() / 2;
    this.cancelRetry = this.options.after(wait * spread, () => this.start());
  }

  private drop(): void {
    this.cancelSilence();
    const dropped = this.socket;
    this.socket = null;
    this.open = false;
    dropped?.close();
  }
}

function nothing(): void {
  // Nothing waits.
}
