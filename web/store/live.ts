// The page's stream, over the browser's WebSocket. It connects when main.tsx starts it.
import {computed} from '@preact/signals';
import {ApiError, get, isCard, liveProtocols, me} from '../api/client.ts';
import {LiveClient, type Socket, type SocketEvents} from '../api/live.ts';
import type {Me} from '../api/types.ts';
import {clock} from './clock.ts';

export const live = new LiveClient({
  connect,
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  isThere: askWho,
  onTime: (now, rate) => clock.set(now, rate),
  onSignedOut: () => {
    me.value = null;
  },
});

/** Nothing of what the page shows is known to be so any more. */
export const isAway = computed(() => live.contact.value === 'lost');

/** A server that does not answer in this time is asked anew. */
const answerMs = 5000;

/** Asks who is signed in, and says whether the server answered. */
async function askWho(): Promise<boolean> {
  try {
    me.value = await (isCard() ? cardHolder() : whoAmI());
    return true;
  } catch {
    return false;
  }
}

const whoAmI = async (): Promise<Me | null> =>
  (await get<Me | undefined>('/session', AbortSignal.timeout(answerMs))) ?? null;

/** The token of a card opens its home and nothing else, not even whose it is; null: nor that. */
async function cardHolder(): Promise<Me | null> {
  try {
    await get('/home', AbortSignal.timeout(answerMs));
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 401 || status === 403) return null;
    throw error;
  }
  return {account: '', scope: 'read'};
}

function connect({onOpen, onText, onClose}: SocketEvents): Socket {
  const address = new URL('/api/v1/live', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address, liveProtocols());
  socket.onopen = onOpen;
  socket.onmessage = (event) => onText(String(event.data));
  socket.onclose = onClose;
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
}
