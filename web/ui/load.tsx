// Loading, and what to show meanwhile, and when it fails.
import type {ComponentChildren} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {ApiError} from '../api/client.ts';
import {reasonText, texts} from '../i18n/index.ts';

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  reload: () => void;
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
    load(cancel.signal).then(
      (data) => {
        if (!cancel.signal.aborted) setState({data, error: null});
      },
      (error: unknown) => {
        if (cancel.signal.aborted) return;
        setState((before) => ({data: before.data, error: asApiError(error)}));
      },
    );
    return () => cancel.abort();
  }, [...dependencies, attempt]);
  return {...state, reload: () => setAttempt(attempt + 1)};
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'script', String(error));
}

export function Failure({error, retry}: {error: ApiError; retry?: () => void}) {
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
