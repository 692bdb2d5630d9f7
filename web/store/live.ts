// The page's stream, over the browser's WebSocket. It connects when main.tsx starts it.
import {liveProtocols, me} from '../api/client.ts';
import {LiveClient, type Socket, type SocketEvents} from '../api/live.ts';
import {clock} from './clock.ts';

export const live = new LiveClient({
  connect,
  monotonicMs: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  onTime: (now, rate) => clock.set(now, rate),
  onSignedOut: () => {
    me.value = null;
  },
});

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
