// The page's browser, as a test owns it: time that passes when told, sockets without
// a network, and answers without a server.
import {LiveClient, type Socket, type SocketEvents} from '../api/live.ts';
import type {ActiveError, DeviceState, HomeDevice} from '../api/types.ts';

/** A device with one value, as the server tells it. */
export const balcony: DeviceState = {
  sn: 'A',
  name: 'Balcony',
  family: 'f',
  product: 'F',
  owner: 'demo',
  rights: 'owner',
  online: true,
  faults: [],
  reportedAt: 900,
  values: {soc: 50},
};

/** A device of the home that reports nothing but itself. */
export const deviceOf = (name: string, more: Partial<HomeDevice> = {}): HomeDevice => ({
  sn: name,
  name,
  family: 'f',
  familyName: 'F',
  role: 'other',
  state: 'live',
  lastReport: 500,
  charge_percent: null,
  batteryPower_w: null,
  sunPower_w: null,
  loadPower_w: null,
  gridPower_w: null,
  faults: [],
  ...more,
});

/** What waits for a promise that is resolved has gone on. */
export const answers = () =>
  new Promise<void>((resolve) => {
    setImmediate(resolve);
  });

export class FakeTime {
  nowMs = 0;
  private timers: {at: number; call: () => void}[] = [];

  after(ms: number, call: () => void): () => void {
    const timer = {at: this.nowMs + ms, call};
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  }

  /** Lets time pass, and calls what is due, in the order of time. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    for (let next = this.due(end); next; next = this.due(end)) {
      this.nowMs = next.at;
      next.call();
    }
    this.nowMs = end;
  }

  /** The same, and what is called has the answers that it waits for. */
  async go(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (let next = this.due(end); next; next = this.due(end)) {
      this.nowMs = next.at;
      next.call();
      await answers();
    }
    this.nowMs = end;
  }

  private due(end: number) {
    const [next] = this.timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at);
    this.timers = this.timers.filter((one) => one !== next);
    return next;
  }
}

export class FakeSocket implements Socket {
  isClosed = false;
  readonly sent: unknown[] = [];

  constructor(readonly events: SocketEvents) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  /** A message from the server. */
  receive(message: unknown): void {
    this.events.onText(JSON.stringify(message));
  }

  welcome(): void {
    this.events.onOpen();
    this.receive({t: 'welcome', epoch: 'e1', seq: 7, now: 1000, rate: 1});
  }
}

/** A client of the stream with all sockets that it opened, and what it told the page. */
export function fakeStream() {
  const time = new FakeTime();
  const sockets: FakeSocket[] = [];
  const told = {times: [] as [number, number | null][], signedOut: 0, isThere: true};
  const live = new LiveClient({
    connect: (events) => {
      const socket = new FakeSocket(events);
      sockets.push(socket);
      return socket;
    },
    after: (ms, call) => time.after(ms, call),
    random: () => 0.5,
    isThere: () => Promise.resolve(told.isThere),
    onTime: (now, rate) => told.times.push([now, rate]),
    onSignedOut: () => {
      told.signedOut++;
    },
  });
  return {live, time, sockets, told, socket: () => sockets.at(-1)!};
}

/** The same, connected. */
export function openStream() {
  const stream = fakeStream();
  stream.live.start();
  stream.socket().welcome();
  return stream;
}

export interface Request {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: unknown;
}

/** Answers all requests of the page from now on; the list grows with each. */
export function answerWith(answer: (request: Request) => Response | Promise<Response>): Request[] {
  const requests: Request[] = [];
  globalThis.fetch = (url, init) => {
    const body = init?.body;
    const request = {
      url: String(url),
      method: init?.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init?.headers)),
      body: typeof body === 'string' ? JSON.parse(body) : undefined,
    };
    requests.push(request);
    return Promise.resolve().then(() => answer(request));
  };
  return requests;
}

/** A fault of a device. */
export const hot: ActiveError = {
  field: 'temp',
  severity: 'fault',
  title: 'Too hot',
  value: 1,
  text: 'Let it cool.',
  since: null,
};
