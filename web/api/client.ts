// Requests to /api/v1. The session is a cookie; what changes anything carries the CSRF token too.
import {signal} from '@preact/signals';
import type {Me} from './types.ts';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** Whether it is not known if the request was carried out: it was lost, or its answer. */
export const isLost = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 'no_contact' || error.status === 502);

/** The token of a card in a frame, in memory alone; null: the session's cookie counts. */
let cardToken: string | null = null;

/** From now on all requests are by the token, and by no cookie. */
export function setCardToken(token: string): void {
  cardToken = token;
}

export const isCard = () => cardToken !== null;

/** The sub-protocols that a WebSocket offers: a browser sends no header with it. */
export function liveProtocols(): string[] {
  return cardToken === null
    ? ['gridloom.live.1']
    : ['gridloom.live.1', `gridloom.token.${cardToken}`];
}

/** The account that is signed in: undefined until the server said, null if there is none. */
export const me = signal<Me | null | undefined>(undefined);

export type Language = 'en' | 'de';

/** The language of the page, in which the server is asked for the texts of device files. */
export const language = signal<Language>('en');

/** The answers that have such texts; the others take no language. */
const withTexts = /^\/(home|events|families(\/[^/?]+)?|devices\/[^/?]+(\/events)?)(\?|$)/;

function inLanguage(path: string): string {
  const tag = language.peek();
  if (tag === 'en' || !withTexts.test(path)) return path;
  return `${path}${path.includes('?') ? '&' : '?'}lang=${tag}`;
}

function headersOf(method: string, body: unknown): Record<string, string> {
  const headers: Record<string, string> = {Accept: 'application/json'};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (cardToken !== null) headers['Authorization'] = `Bearer ${cardToken}`;
  if (method !== 'GET' && me.value?.csrf) headers['X-Gridloom-CSRF'] = me.value.csrf;
  return headers;
}

export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  cancel?: AbortSignal,
  more: Record<string, string> = {},
): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${method === 'GET' ? inLanguage(path) : path}`, {
      method,
      headers: {...headersOf(method, body), ...more},
      credentials: cardToken === null ? 'same-origin' : 'omit',
      ...(body === undefined ? {} : {body: JSON.stringify(body)}),
      ...(cancel ? {signal: cancel} : {}),
    });
  } catch (error) {
    if (cancel?.aborted) throw error;
    throw new ApiError(0, 'no_contact', 'The server does not answer.');
  }
  if (answer.status === 204) return undefined as T;
  const content: unknown = await answer.json().catch(() => null);
  if (answer.ok) return content as T;
  const refusal = (content ?? {}) as {code?: unknown; message?: unknown};
  if (answer.status === 401 && me.value) me.value = null;
  const wait = Number(answer.headers.get('Retry-After'));
  throw new ApiError(
    answer.status,
    String(refusal.code ?? answer.status),
    String(refusal.message ?? answer.statusText),
    wait > 0 ? wait : null,
  );
}

export const get = <T>(path: string, cancel?: AbortSignal) =>
  request<T>('GET', path, undefined, cancel);
