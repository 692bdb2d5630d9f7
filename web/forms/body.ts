// The message that a form sends, and the same as command lines.
import type {CommandFacts, ParamFacts} from '../api/types.ts';

export type Wire = Record<string, unknown>;

/** The set message without `sn` and `id`: what selects the command, and the parameters touched. */
export function commandBody(command: CommandFacts, params: Wire): Wire {
  const body: Wire = {};
  for (const [path, value] of Object.entries(command.select ?? {}))
    put(body, path.split('.'), value);
  body['params'] = {...(body['params'] as Wire | undefined), ...params};
  return body;
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
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

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

export interface Check {
  value: unknown;
  problem: null | 'number' | 'range' | 'json';
}

/** What was typed as a wire value, or what is wrong with it. */
export function wireNumber(number: number | null, param: ParamFacts): Check {
  if (number === null) return {value: null, problem: 'number'};
  const scale = param.scale ?? 1;
  const exact = Number((number / scale).toFixed(6));
  const value = param.type === 'int' ? Math.round(exact) : exact;
  const [least, most] = param.range ?? [-Infinity, Infinity];
  return {value, problem: value < least || value > most ? 'range' : null};
}
