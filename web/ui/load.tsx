// Loading, and what to show meanwhile, and when it fails.
import type {ComponentChildren} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {ApiError, isLost} from '../api/client.ts';
import {reasonText, texts} from '../i18n/index.ts';
import {live} from '../store/live.ts';

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  reload: () => void;
}

const firstPauseMs = 1000;
const lastPauseMs = 32_000;

/** Asks again, once the server is heard, while no answer comes: in contact more and more rarely. */
async function answerOf<T>(
  load: () => Promise<T>,
  cancel: AbortSignal,
  onLost: (error: ApiError) => void,
) {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(lastPauseMs, pauseMs * 2)) {
    try {
      return await load();
    } catch (error) {
      if (cancel.aborted || !isLost(error)) throw error;
      onLost(asApiError(error));
      await live.contactAgain(pauseMs);
      if (cancel.aborted) throw error;
    }
  }
}

/** Loads anew when a dependency changes; a late answer of an earlier call is dropped. */
export function useLoad<T>(
  load: (cancel: AbortSignal) => Promise<T>,
  dependencies: unknown[],
): Loaded<T> {
  const [state, setState] = useState<{data: T | null; error: ApiError | null}>({
    data: null,
    error: null,
  });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names them.
  useEffect(() => {
    const cancel = new AbortController();
    const fail = (error: ApiError) => setState((before) => ({data: before.data, error}));
    answerOf(() => load(cancel.signal), cancel.signal, fail).then(
      (data) => {
        if (!cancel.signal.aborted) setState({data, error: null});
      },
      (error: unknown) => {
        if (!cancel.signal.aborted) fail(asApiError(error));
      },
    );
    return () => cancel.abort();
  }, [...dependencies, attempt]);
  return {...state, reload: () => setAttempt(attempt + 1)};
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'script', String(error));
}

/** In the place of what the server would have to send. */
export function Away() {
  const words = texts.value.contact;
  return (
    <section class="card notice" role="status">
      <h2>{words.away}</h2>
      <p>{words.byItself}</p>
    </section>
  );
}

export function Failure({error, retry}: {error: ApiError; retry?: () => void}) {
  if (isLost(error)) return <Away />;
  const words = texts.value.error;
  return (
    <section class="card notice" role="alert">
      <h2>{words.title}</h2>
      <p>{reasonText(error)}</p>
      {error.retryAfter !== null && <p>{words.wait(error.retryAfter)}</p>}
      {retry && (
        <p>
          <button type="button" onClick={retry}>
            {words.retry}
          </button>
        </p>
      )}
    </section>
  );
}

/** Waits with a box of the size of what comes. */
export function Skeleton({height, children}: {height: number; children?: ComponentChildren}) {
  return (
    <div class="skeleton" style={{minHeight: `${height}px`}} aria-busy="true">
      <span class="hidden">{texts.value.loading}</span>
      {children}
    </div>
  );
}
