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
  /** Calls back once, and returns what takes that back. */
  after: (ms: number, call: () => void) => () => void;
  /** From 0 to 1. */
  random: () => number;
  /**
   * Whether the server answers. A browser delays a socket the more, the more of them failed: while
   * the server is away it is asked for by this, and a socket is opened once it is there.
   */
  isThere: () => Promise<boolean>;
  onTime: (now: number, rate: number | null) => void;
  onSignedOut: () => void;
}

type OnMessage = (message: SubscriptionMessage) => void;

/** Two heartbeats of 15 s may not both be missed. */
const silenceMs = 20_000;
const hiddenMs = 30_000;
/** A stream that a server refuses, although it answers, is asked for more and more rarely. */
const firstRetryMs = 500;
const lastRetryMs = 15_000;
/** A server that does not answer is asked for so often: also with the spread it is soon heard. */
const probeMs = 750;
const hiddenProbeMs = 15_000;

export class LiveClient {
  /** Whether the server is heard. */
  readonly contact = signal<'connecting' | 'live' | 'lost'>('connecting');

  private readonly subscriptions = new Map<number, {topic: Topic; on: OnMessage}>();
  private readonly names = new Map<string, readonly string[]>();
  private started = false;
  private socket: Socket | null = null;
  private open = false;
  private hidden = false;
  private nextId = 1;
  private failures = 0;
  private cancelRetry = nothing;
  private cancelSilence = nothing;
  private cancelPause = nothing;

  constructor(private readonly options: LiveOptions) {}

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
    this.contact.value = 'connecting';
  }

  /** Connects once the server is there. */
  reach(): void {
    this.started = true;
    void this.probe();
  }

  /** Connects at once, where it would wait for the next attempt. */
  retryNow(): void {
    if (this.socket || !this.started) return;
    this.failures = 0;
    void this.probe();
  }

  /** A page that nobody sees asks for nothing but heartbeats after a while. */
  setHidden(hidden: boolean): void {
    this.cancelPause();
    this.hidden = hidden;
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

  /**
   * Resolves once the server is heard again: not at once where it is said to be heard, as a loss is
   * noticed a moment later, but after `pauseMs`.
   */
  async contactAgain(pauseMs = 1000): Promise<void> {
    if (this.contact.peek() === 'live') {
      await new Promise<void>((resolve) => {
        this.options.after(pauseMs, resolve);
      });
    }
    await this.untilContact();
  }

  private untilContact(): Promise<void> {
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
    this.probeIn(Math.min(lastRetryMs, firstRetryMs * 2 ** this.failures++));
  }

  private probeIn(ms: number): void {
    const spread = 0.75 + this.options.random() / 2;
    this.cancelRetry();
    this.cancelRetry = this.options.after(ms * spread, () => void this.probe());
  }

  /** Connects if the server is there, or looks again later. The last call alone counts. */
  private async probe(): Promise<void> {
    this.cancelRetry();
    let isLate = false;
    this.cancelRetry = () => {
      isLate = true;
    };
    const isThere = await this.options.isThere();
    if (isLate || this.socket || !this.started) return;
    if (isThere) {
      this.start();
      return;
    }
    this.contact.value = 'lost';
    this.probeIn(this.hidden ? hiddenProbeMs : probeMs);
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
