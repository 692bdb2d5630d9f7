// The live stream: one WebSocket for the whole page, subscriptions that survive a lost connection.
import {signal} from '@preact/signals';
import {setClock} from '../store/clock.ts';
import {me} from './client.ts';

export type Message = {t: string; id?: number; seq?: number; now?: number} & Record<
  string,
  unknown
>;

interface Subscription {
  topic: string;
  more: Record<string, unknown>;
  on: (message: Message) => void;
}

/** Two heartbeats of 15 s may not both be missed. */
const silenceMs = 20_000;
const hiddenMs = 30_000;

/** Whether the server is heard; `heardAt` counts in performance.now(). */
export const contact = signal<'connecting' | 'live' | 'lost'>('connecting');
export const heardAt = signal(performance.now());

/** Names of a family's fields, in the order of the stream's indices. */
export const streamNames = new Map<string, string[]>();

const subscriptions = new Map<number, Subscription>();
let socket: WebSocket | null = null;
let nextId = 1;
let failures = 0;
let retry: number | undefined;
let silence: number | undefined;
let resume: {epoch: string; seq: number} | null = null;

export function subscribe(
  topic: string,
  more: Record<string, unknown>,
  on: (message: Message) => void,
): () => void {
  const id = nextId++;
  subscriptions.set(id, {topic, more, on});
  send({t: 'sub', id, topic, ...more});
  return () => {
    subscriptions.delete(id);
    send({t: 'unsub', id});
  };
}

function send(message: Record<string, unknown>): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

export function startLive(): void {
  if (socket) return;
  clearTimeout(retry);
  const address = new URL('/api/v1/live', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const opened = new WebSocket(address, 'gridloom.live.1');
  socket = opened;
  opened.onopen = () => send({t: 'hello', ...(resume ? {resume} : {})});
  opened.onmessage = (event) => receive(JSON.parse(String(event.data)) as Message);
  opened.onclose = () => {
    if (socket === opened) lost();
  };
  expectWord();
}

export function stopLive(): void {
  clearTimeout(retry);
  clearTimeout(silence);
  const open = socket;
  socket = null;
  resume = null;
  open?.close();
}

function receive(message: Message): void {
  heardAt.value = performance.now();
  expectWord();
  if (typeof message.now === 'number') setClock(message.now, message['rate'] as number | undefined);
  if (typeof message.seq === 'number' && resume) resume.seq = message.seq;
  switch (message.t) {
    case 'welcome':
      failures = 0;
      resume = {epoch: String(message['epoch']), seq: message.seq ?? 0};
      for (const [id, sub] of subscriptions) send({t: 'sub', id, topic: sub.topic, ...sub.more});
      contact.value = 'live';
      break;
    case 'names':
      streamNames.set(String(message['family']), message['names'] as string[]);
      break;
    case 'bye':
      if (message['why'] === 'signed out' || message['why'] === 'rights') me.value = null;
      break;
    default:
      if (message.id !== undefined) subscriptions.get(message.id)?.on(message);
  }
}

function expectWord(): void {
  clearTimeout(silence);
  silence = window.setTimeout(() => {
    socket?.close();
    lost();
  }, silenceMs);
}

function lost(): void {
  clearTimeout(silence);
  socket = null;
  if (!me.value) return;
  contact.value = 'lost';
  const wait = Math.min(15_000, 500 * 2 ** failures++) * (0.75 + Math.random() / 2);
  retry = window.setTimeout(startLive, wait);
}

function retryNow(): void {
  if (socket || !me.value) return;
  failures = 0;
  startLive();
}

let hide: number | undefined;
addEventListener('online', retryNow);
document.addEventListener('visibilitychange', () => {
  clearTimeout(hide);
  if (document.hidden) {
    hide = window.setTimeout(() => send({t: 'pause'}), hiddenMs);
  } else {
    send({t: 'play'});
    retryNow();
  }
});
