// Messages of the live stream (docs/user/api.md) are checked here, where they come in: behind
// decode() nothing is checked again and nothing is cast.
import type {
  DeviceChange,
  DeviceSnapshot,
  HomeChange,
  HomeSnapshot,
  ServerMessage,
  State,
  StateChange,
  StreamError,
} from './types.ts';

export type SubscriptionMessage =
  | HomeSnapshot
  | HomeChange
  | DeviceSnapshot
  | DeviceChange
  | StateChange
  | StreamError;

/** Null for what is no message of the stream, or of a type that this page does not know. */
export function decode(text: string): ServerMessage | null {
  const fields = parsed(text);
  return isMessage(fields) ? fields : null;
}

type Fields = Record<string, unknown>;

/** By the members that the page reads: the others are not checked. */
function isMessage(fields: unknown): fields is ServerMessage {
  if (!isRecord(fields)) return false;
  const {t, id, now, rate, seq} = fields;
  switch (t) {
    case 'welcome':
      return typeof fields['epoch'] === 'string' && areNumbers(now, rate, seq);
    case 'names':
      return typeof fields['family'] === 'string' && isTexts(fields['names']);
    case 'hb':
      return areNumbers(now, rate, seq);
    case 'bye':
      return typeof fields['why'] === 'string';
    case 'error':
      return (
        (id === undefined || typeof id === 'number') &&
        typeof fields['code'] === 'string' &&
        typeof fields['message'] === 'string'
      );
    case 'state':
      return areNumbers(id, now, seq) && isState(fields['state']);
    case 'snap':
      return areNumbers(id, now, seq) && (isHome(fields['home']) || isSnapshot(fields));
    case 'd':
      return areNumbers(id, now, seq) && (isHome(fields['home']) || areRows(fields['f']));
    default:
      return false;
  }
}

function isSnapshot({state, last, names, f}: Fields): boolean {
  return (
    isState(state) &&
    (last === null || typeof last === 'number') &&
    (names === undefined || isTexts(names)) &&
    areRows(f)
  );
}

function areRows(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (row) =>
        Array.isArray(row) &&
        typeof row[0] === 'number' &&
        (row[2] === undefined || typeof row[2] === 'number'),
    )
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areNumbers(...values: unknown[]): boolean {
  return values.every((value) => typeof value === 'number');
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isState(value: unknown): value is State {
  return value === 'live' || value === 'quiet' || value === 'offline' || value === 'never';
}

/** By its outline: the page asks for the same object over HTTP, and trusts that too. */
function isHome(value: unknown): boolean {
  return (
    isRecord(value) &&
    isRecord(value['nodes']) &&
    isRecord(value['today']) &&
    Array.isArray(value['flows']) &&
    Array.isArray(value['devices'])
  );
}
