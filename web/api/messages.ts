// The messages of the live stream (docs/user/api.md). They are decoded once, where they come in:
// behind decode() nothing is checked again and nothing is cast.
import type {Home, State} from './types.ts';

/** The index of the field's name, its value, and when that changed if not with the message. */
export type Row = readonly [index: number, value: unknown, at: number | null];

export interface HomeUpdate {
  t: 'snap' | 'd';
  id: number;
  home: Home;
}

export interface DeviceSnapshot {
  t: 'snap';
  id: number;
  now: number;
  state: State;
  last: number | null;
  /** Names by index, where the device has other ones than its family. */
  names: string[] | null;
  rows: Row[];
}

export interface DeviceChange {
  t: 'd';
  id: number;
  now: number;
  rows: Row[];
}

export interface StateChange {
  t: 'state';
  id: number;
  state: State;
}

/** A message was refused, or the server has ended a subscription: a share was revoked. */
export interface StreamError {
  t: 'error';
  id: number | null;
  code: string;
  message: string;
}

export type SubscriptionMessage =
  | HomeUpdate
  | DeviceSnapshot
  | DeviceChange
  | StateChange
  | StreamError;

export type StreamMessage =
  | {t: 'welcome'; epoch: string}
  | {t: 'names'; family: string; names: string[]}
  | {t: 'hb'}
  | {t: 'bye'; why: string}
  | SubscriptionMessage;

/** What any message may say of the server: its time, and its place in the stream. */
export interface Heading {
  now: number | null;
  rate: number | null;
  seq: number | null;
}

/** Null for what is no message of the stream, or of a type that this page does not know. */
export function decode(text: string): {heading: Heading; message: StreamMessage} | null {
  const fields = parsed(text);
  if (!isRecord(fields)) return null;
  const message = messageOf(fields);
  if (message === null) return null;
  const heading = {
    now: numberOrNull(fields['now']),
    rate: numberOrNull(fields['rate']),
    seq: numberOrNull(fields['seq']),
  };
  return {heading, message};
}

type Fields = Record<string, unknown>;

function messageOf(fields: Fields): StreamMessage | null {
  const {t, id, now, family, names, state, why} = fields;
  switch (t) {
    case 'welcome':
      return {t, epoch: String(fields['epoch'])};
    case 'names':
      return typeof family === 'string' && isTexts(names) ? {t, family, names} : null;
    case 'hb':
      return {t};
    case 'bye':
      return {t, why: String(why)};
    case 'error':
      return {
        t,
        id: numberOrNull(id),
        code: String(fields['code']),
        message: String(fields['message']),
      };
    case 'state':
      return typeof id === 'number' && isState(state) ? {t, id, state} : null;
    case 'snap':
    case 'd':
      if (typeof id !== 'number') return null;
      if (isHome(fields['home'])) return {t, id, home: fields['home']};
      return typeof now === 'number' ? deviceMessage(t, id, now, fields) : null;
    default:
      return null;
  }
}

function deviceMessage(
  t: 'snap' | 'd',
  id: number,
  now: number,
  {f, names, state, last}: Fields,
): DeviceSnapshot | DeviceChange | null {
  const rows = rowsOf(f);
  if (rows === null) return null;
  if (t === 'd') return {t, id, now, rows};
  if (!isState(state)) return null;
  return {t, id, now, state, last: numberOrNull(last), names: isTexts(names) ? names : null, rows};
}

function rowsOf(value: unknown): Row[] | null {
  if (!Array.isArray(value)) return null;
  const rows: Row[] = [];
  for (const row of value) {
    if (!Array.isArray(row) || typeof row[0] !== 'number') return null;
    rows.push([row[0], row[1], numberOrNull(row[2])]);
  }
  return rows;
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

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isState(value: unknown): value is State {
  return value === 'live' || value === 'quiet' || value === 'offline' || value === 'never';
}

/** By its outline: the page asks for the same object over HTTP, and trusts that too. */
function isHome(value: unknown): value is Home {
  return (
    isRecord(value) &&
    isRecord(value['nodes']) &&
    isRecord(value['today']) &&
    Array.isArray(value['flows']) &&
    Array.isArray(value['devices'])
  );
}

const numberOrNull = (value: unknown) => (typeof value === 'number' ? value : null);
