// Signing in: by a one-time link, whose token stands in the fragment, or by account and password.
import {useEffect, useState} from 'preact/hooks';
import {type ApiError, me, request} from '../api/client.ts';
import type {Me} from '../api/types.ts';
import {reasonText, texts} from '../i18n/index.ts';
import {keep, kept} from '../store/kept.ts';
import {navigate, path, query} from '../store/routes.ts';
import {CopyLine, useTitle} from '../ui/controls.tsx';

async function signIn(body: Record<string, string>): Promise<void> {
  me.value = await request<Me>('POST', '/session', body);
  if (path.value === '/sign-in') navigate(kept(placeName, 'tab') ?? '/', true);
  keep(placeName, null, 'tab');
}

/** The page whose session ended: a link that signs in again opens another address in its tab. */
const placeName = 'place';

/** The link's token; taken out of the address, so that it is in no history. */
function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('t');
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** The token that the page was opened with, and each that is pasted into its address later. */
function useToken(): {token: string | null} {
  const [taken, setTaken] = useState(() => ({token: takeToken()}));
  useEffect(() => {
    const take = () => {
      const token = takeToken();
      if (token !== null) setTaken({token});
    };
    addEventListener('hashchange', take);
    return () => removeEventListener('hashchange', take);
  }, []);
  return taken;
}

export function SignIn() {
  const words = texts.value.signIn;
  const taken = useToken();
  const {token} = taken;
  const [trying, setTrying] = useState(token !== null);
  const [error, setError] = useState<ApiError | null>(null);
  const [spent, setSpent] = useState(false);

  useTitle(words.title);
  useEffect(() => {
    const shown = query.value.toString();
    if (path.value !== '/sign-in') keep(placeName, `${path.value}?${shown}`, 'tab');
  }, [path.value, query.value]);
  useEffect(() => {
    if (taken.token === null) return;
    setTrying(true);
    setError(null);
    setSpent(false);
    signIn({link: taken.token}).catch((failure: ApiError) => {
      setTrying(false);
      if (failure.status === 401) setSpent(true);
      else setError(failure);
    });
  }, [taken]);

  const send = (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    setTrying(true);
    setError(null);
    setSpent(false);
    signIn({account: String(form.get('account')), password: String(form.get('password'))}).catch(
      (failure: ApiError) => {
        setTrying(false);
        setError(failure);
      },
    );
  };

  return (
    <main class="sign-in">
      <section class="card">
        <img src="/icon.svg" width="56" height="56" alt="" />
        <h1>{words.title}</h1>
        <p class="muted">Gridloom</p>
        {trying && token !== null && <p role="status">{words.link}</p>}
        {spent && (
          <div role="alert">
            <p class="bad">{words.spent}</p>
          </div>
        )}
        {error && (
          <p role="alert" class="bad" id="sign-in-error">
            {error.status === 401 ? words.wrong : reasonText(error)}
          </p>
        )}
        <form onSubmit={send} aria-describedby={error ? 'sign-in-error' : undefined}>
          <label>
            {words.account}
            <input name="account" autocomplete="username" required />
          </label>
          <label>
            {words.password}
            <input name="password" type="password" autocomplete="current-password" required />
          </label>
          <button type="submit" class="primary" disabled={trying}>
            {words.send}
          </button>
        </form>
        {!spent && <p class="muted">{words.without}</p>}
        <CopyLine text="gridloom sign-in" />
      </section>
    </main>
  );
}
