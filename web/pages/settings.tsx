// Looks, language, and the account: where it is signed in, its password.
import {useEffect, useState} from 'preact/hooks';
import {ApiError, get, me, request} from '../api/client.ts';
import type {BrowserSession} from '../api/types.ts';
import {type Language, language, setLanguage, texts, whenText} from '../i18n/index.ts';
import {moving, setMotion, setTheme, type Theme, theme} from '../store/preferences.ts';
import {navigate} from '../store/routes.ts';
import {PageTitle, Segments} from '../ui/controls.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';

const shortest = 10;

export function SettingsPage() {
  const said = texts.value.settings;
  useEffect(() => {
    document.title = `${said.title} · Gridloom`;
  }, [said]);
  return (
    <>
      <PageTitle>{said.title}</PageTitle>
      <div class="settings">
        <section class="card">
          <h2>{said.theme}</h2>
          <Segments<Theme>
            label={said.theme}
            name="theme"
            value={theme.value}
            onChange={setTheme}
            choices={[
              {value: 'system', label: said.system},
              {value: 'light', label: said.light},
              {value: 'dark', label: said.dark},
            ]}
          />
          <h2>{said.language}</h2>
          <Segments<Language>
            label={said.language}
            name="language"
            value={language.value}
            choices={[
              {value: 'en', label: 'English'},
              {value: 'de', label: 'Deutsch'},
            ]}
            onChange={(chosen) => {
              localStorage.setItem('language', chosen);
              void setLanguage(chosen);
            }}
          />
          <h2>{said.motion}</h2>
          <label class="switch">
            <input
              type="checkbox"
              checked={moving.value}
              onChange={(event) => setMotion(event.currentTarget.checked)}
            />
            {said.motionOn}
          </label>
          <p class="muted small-text">{said.motionHelp}</p>
          <h2>{said.wall}</h2>
          <p class="muted small-text">{said.wallHelp}</p>
          <a class="button" href="/wall">
            {said.wall}
          </a>
        </section>
        <section class="card">
          <h2>{said.account}</h2>
          <p>
            <b>
              <bdi>{me.value?.account}</bdi>
            </b>
          </p>
          <button type="button" onClick={() => void signOut()}>
            {said.signOut}
          </button>
          <Password />
        </section>
        <section class="card">
          <h2>{said.sessions}</h2>
          <Sessions />
        </section>
      </div>
    </>
  );
}

async function signOut(): Promise<void> {
  await request('DELETE', '/session').catch(() => undefined);
  me.value = null;
  navigate('/');
}

function Sessions() {
  const said = texts.value.settings;
  const loaded = useLoad((cancel) => get<{sessions: BrowserSession[]}>('/sessions', cancel), []);
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton height={80} />;
  const end = async (id: number) => {
    await request('DELETE', `/sessions/${id}`).catch(() => undefined);
    loaded.reload();
  };
  return (
    <ul class="sessions">
      {loaded.data.sessions.map((session) => (
        <li key={session.id} class="session">
          <p>
            <bdi>{session.client.slice(0, 80)}</bdi>
            <br />
            <span class="muted small-text">
              {session.current ? said.current : said.lastUsed(whenText(session.lastUsed, 'moment'))}
            </span>
          </p>
          {!session.current && (
            <button type="button" class="small" onClick={() => void end(session.id)}>
              {said.end}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function Password() {
  const said = texts.value.settings;
  const [error, setError] = useState<string | null>(null);
  const [done, setDone] = useState(false);
  const isSet = me.value?.passwordSet === true;
  const send = async (event: Event) => {
    event.preventDefault();
    const element = event.target as HTMLFormElement;
    const form = new FormData(element);
    const password = String(form.get('password'));
    setDone(false);
    setError(password.length < shortest ? said.short : null);
    if (password.length < shortest) return;
    try {
      await request('PUT', '/me/password', {
        password,
        ...(isSet ? {current: String(form.get('current'))} : {}),
      });
      setDone(true);
      element.reset();
      if (me.value) me.value = {...me.value, passwordSet: true};
    } catch (failure) {
      setError(failure instanceof ApiError ? failure.message : String(failure));
    }
  };
  const outcome = done ? 'good' : 'muted';
  return (
    <form onSubmit={(event) => void send(event)}>
      <h2>{said.password}</h2>
      <input
        hidden
        name="username"
        autocomplete="username"
        value={me.value?.account ?? ''}
        readOnly
      />
      {isSet && (
        <label>
          {said.present}
          <input name="current" type="password" autocomplete="current-password" required />
        </label>
      )}
      <label>
        {said.fresh}
        <input
          name="password"
          type="password"
          autocomplete="new-password"
          required
          aria-describedby="password-said"
          aria-invalid={error !== null}
        />
      </label>
      <p id="password-said" role="status" class={`small-text ${error ? 'bad' : outcome}`}>
        {error ?? (done ? said.changed : said.short)}
      </p>
      <button type="submit">{said.change}</button>
    </form>
  );
}
