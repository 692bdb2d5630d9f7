// The message that a form sends, and the same as command lines.
import type {CommandFacts, ParamFacts} from '../api/types.ts';
import {parseNumber} from '../format/field.ts';

export type Wire = Record<string, unknown>;

/** The set message without `sn` and `id`: what selects the command, and the parameters touched. */
export function commandBody(command: CommandFacts, params: Wire): Wire {
  const body: Wire = {};
  for (const [path, value] of Object.entries(command.select ?? {}))
    put(body, path.split('.'), value);
  body['params'] = {...(body['params'] as Wire | undefined), ...params};
  return body;
}

/**
 * The message of a command line: what was given, with what the example has for what must be given;
 * the example, where nothing was.
 */
export function lineBody(command: CommandFacts, entries: Record<string, Entry>): Wire {
  const given = Object.entries(entries).filter(([, {problem}]) => problem === null);
  if (given.length === 0) return command.example;
  const example = (command.example['params'] ?? {}) as Wire;
  const missing = command.params.filter(({required, name}) => required && name in example);
  return commandBody(command, {
    ...Object.fromEntries(missing.map(({name}) => [name, example[name]])),
    ...Object.fromEntries(given.map(([name, {value}]) => [name, value])),
  });
}

function put(into: Wire, path: string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    into[head] = value;
    return;
  }
  into[head] ??= {};
  put(into[head] as Wire, rest, value);
}

/** A text as one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Makes the token that a line with curl is sent by. */
export const tokenLine = (account: string) =>
  `TOKEN=$(gridloom token add terminal --account ${quoted(account)} --scope control | ` +
  "sed -n 's/^token: //p')";

export function curlLine(origin: string, sn: string, body: Wire): string {
  const address = `${origin}/api/v1/devices/${encodeURIComponent(sn)}/commands`;
  return (
    `curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' ` +
    `-d ${quoted(JSON.stringify(body))} ${quoted(address)}`
  );
}

export function mosquittoLine(host: string, sn: string, body: Wire): string {
  const message = JSON.stringify({id: '1', version: '1.0', ...body});
  return (
    `mosquitto_pub --cafile data/tls/ca.pem -h ${host} -p 8883 -u $ACCOUNT -P $PASSWORD ` +
    `-t "/open/$ACCOUNT/${sn}/set" -m ${quoted(message)}`
  );
}

/** A person gave a parameter this value: the form has it, and the controls show it. */
export interface Entry {
  /** As it goes over the wire. */
  value: unknown;
  /** The reason why it is not sent. */
  problem: null | 'number' | 'range' | 'json' | 'missing' | 'items';
  /** As it was typed, which the value does not tell: 7, 7.0 and 7,0 are one number. */
  text: string;
  /** An object has its members that were given, a list all elements. */
  parts?: Record<string, Entry>;
}

/** A choice, a text, or a value as it is: nothing can be wrong with it. */
export const asIs = (value: unknown): Entry => ({value, problem: null, text: ''});

/** A typed number in the parameter's unit, or in one so many times as large. */
export function numberEntry(text: string, param: ParamFacts, times = 1): Entry {
  const number = parseNumber(text);
  if (number === null) return {value: null, problem: 'number', text};
  const scale = (param.scale ?? 1) / times;
  const exact = Number((number / scale).toFixed(6));
  const value = param.type === 'int' ? Math.round(exact) : exact;
  const [least, most] = param.range ?? [-Infinity, Infinity];
  return {value, problem: value < least || value > most ? 'range' : null, text};
}

/** Currents are typed in A, whatever goes over the wire. */
export const inAmperes = (param: ParamFacts): ParamFacts =>
  param.unit === 'mA' ? {...param, unit: 'A', scale: (param.scale ?? 1) / 1000} : param;

export interface TimeUnit {
  unit: 's' | 'min' | 'h';
  /** So many of the parameter's unit. */
  times: number;
}

const timeUnits: {unit: TimeUnit['unit']; seconds: number}[] = [
  {unit: 's', seconds: 1},
  {unit: 'min', seconds: 60},
  {unit: 'h', seconds: 3600},
];

/** The units that a person may give a time in; none: the parameter is no time. */
export function timeUnitsOf(param: ParamFacts): TimeUnit[] {
  const own = timeUnits.find(({unit}) => unit === param.unit);
  if (!own || param.type !== 'int') return [];
  const most = (param.range?.[1] ?? Infinity) * (param.scale ?? 1);
  return timeUnits
    .map(({unit, seconds}) => ({unit, times: seconds / own.seconds}))
    .filter(({times}) => times >= 1 && times <= most);
}

/** The largest unit in which a value is whole, so that 300 s are 5 min. */
export function usualUnit(units: TimeUnit[], value: number | null): TimeUnit | undefined {
  const whole = units.filter(({times}) => value !== null && value !== 0 && value % times === 0);
  return whole.at(-1) ?? units[0];
}

/** A list or an object, typed as JSON. */
export function jsonEntry(text: string): Entry {
  try {
    return {value: JSON.parse(text), problem: null, text};
  } catch {
    return {value: null, problem: 'json', text};
  }
}
