// Looks, language, and the account: where it is signed in, its password, its shares, tokens and
// bridges.
import {useState} from 'preact/hooks';
import {ApiError, get, me, request} from '../api/client.ts';
import type {BrowserSession, Sessions as SessionList} from '../api/types.ts';
import {clientName} from '../format/client_name.ts';
import {forgetDrafts} from '../forms/draft.ts';
import {type Language, language, setLanguage, texts, whenText} from '../i18n/index.ts';
import {keep} from '../store/kept.ts';
import {moving, setMotion, setTheme, type Theme, theme} from '../store/preferences.ts';
import {navigate} from '../store/routes.ts';
import {CopyLine, PageTitle, Segments, useTitle} from '../ui/controls.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';
import {Bridges} from './bridges.tsx';
import {OwnTokens} from './own_tokens.tsx';
import {Shares} from './shares.tsx';

const shortest = 10;

export function SettingsPage() {
  const words = texts.value.settings;
  useTitle(words.title);
  return (
    <>
      <PageTitle>{words.title}</PageTitle>
      <div class="settings">
        <section class="card">
          <h2>{words.theme}</h2>
          <Segments<Theme>
            label={words.theme}
            name="theme"
            value={theme.value}
            onChange={setTheme}
            choices={[
              {value: 'system', label: words.system},
              {value: 'light', label: words.light},
              {value: 'dark', label: words.dark},
            ]}
          />
          <h2>{words.language}</h2>
          <Segments<Language>
            label={words.language}
            name="language"
            value={language.value}
            choices={[
              {value: 'en', label: 'English'},
              {value: 'de', label: 'Deutsch'},
            ]}
            onChange={(chosen) => {
              keep('language', chosen);
              void setLanguage(chosen);
            }}
          />
          <h2>{words.motion}</h2>
          <label class="switch">
            <input
              type="checkbox"
              checked={moving.value}
              onChange={(event) => setMotion(event.currentTarget.checked)}
            />
            {words.motionOn}
          </label>
          <p class="muted small-text">{words.motionHelp}</p>
          <h2>{words.wall}</h2>
          <p class="muted small-text">{words.wallHelp}</p>
          <a class="button" href="/wall">
            {words.wall}
          </a>
        </section>
        <section class="card">
          <h2>{words.account}</h2>
          <p>
            <b>
              <bdi>{me.value?.account}</bdi>
            </b>
          </p>
          <button type="button" onClick={() => void signOut()}>
            {words.signOut}
          </button>
          <Password />
        </section>
        <section class="card">
          <h2>{words.sessions}</h2>
          <Sessions />
        </section>
        <section class="card">
          <h2>{words.shares}</h2>
          <Shares />
          <p class="muted small-text">{words.shareHelp}</p>
          <CopyLine text="gridloom device share --help" />
        </section>
        <section class="card">
          <h2>{words.tokens}</h2>
          <OwnTokens />
          <p class="muted small-text">{words.tokensHelp}</p>
          <CopyLine text="gridloom token add --help" />
        </section>
        <section class="card">
          <h2>{words.bridges}</h2>
          <Bridges />
          <p class="muted small-text">{words.bridgesHelp}</p>
          <CopyLine text="gridloom bridge kinds" />
        </section>
      </div>
    </>
  );
}

async function signOut(): Promise<void> {
  await request('DELETE', '/session').catch(() => undefined);
  forgetDrafts();
  me.value = null;
  navigate('/');
}

function Sessions() {
  const words = texts.value.settings;
  const loaded = useLoad((cancel) => get<SessionList>('/sessions', cancel), []);
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
            <span title={session.client}>
              <bdi>{nameOf(session)}</bdi>
            </span>
            <br />
            <span class="muted small-text">
              {session.current
                ? words.current
                : words.lastUsed(whenText(session.lastUsed, 'moment'))}
              {' · '}
              {words.signedIn[session.by](whenText(session.made, 'date'))}
            </span>
          </p>
          {!session.current && (
            <button type="button" class="small" onClick={() => void end(session.id)}>
              {words.end}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The browser in words: what it sends is for servers. */
function nameOf(session: BrowserSession): string {
  const words = texts.value.settings;
  const name = clientName(session.client);
  if (!name) return words.noName;
  return name.system ? words.client(name.browser, name.system) : name.browser;
}

function Password() {
  const words = texts.value.settings;
  const [error, setError] = useState<string | null>(null);
  const [done, setDone] = useState(false);
  const isSet = me.value?.passwordSet === true;
  const send = async (event: Event) => {
    event.preventDefault();
    const element = event.target as HTMLFormElement;
    const form = new FormData(element);
    const password = String(form.get('password'));
    setDone(false);
    setError(password.length < shortest ? words.short : null);
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
      <h2>{words.password}</h2>
      <input
        hidden
        name="username"
        autocomplete="username"
        value={me.value?.account ?? ''}
        readOnly
      />
      {isSet && (
        <label>
          {words.present}
          <input name="current" type="password" autocomplete="current-password" required />
        </label>
      )}
      <label>
        {words.fresh}
        <input
          name="password"
          type="password"
          autocomplete="new-password"
          required
          aria-describedby="password-outcome"
          aria-invalid={error !== null}
        />
      </label>
      <p id="password-outcome" role="status" class={`small-text ${error ? 'bad' : outcome}`}>
        {error ?? (done ? words.changed : words.short)}
      </p>
      <button type="submit">{words.change}</button>
    </form>
  );
}
