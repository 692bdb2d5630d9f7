import {render} from 'preact';
import {ApiError, get, isCard, me, setCardToken} from './api/client.ts';
import type {Me} from './api/types.ts';
import {preferredLanguage, setLanguage} from './i18n/index.ts';
import {App} from './pages/app.tsx';
import {clock, tick} from './store/clock.ts';
import {fetchHome, homeError} from './store/home.ts';
import {live} from './store/live.ts';
import {followPreferences} from './store/preferences.ts';
import {embedded, followAddress} from './store/routes.ts';

/** Null: nobody is signed in, which is an answer without content. */
async function whoAmI(): Promise<Me | null> {
  try {
    return (await get<Me | undefined>('/session')) ?? null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return null;
  }
}

/** The token of a card opens its home and nothing else, not even whose it is; null: nor that. */
async function cardHolder(): Promise<Me | null> {
  await fetchHome();
  const status = homeError.peek()?.status;
  return status === 401 || status === 403 ? null : {account: '', scope: 'read'};
}

/** A card's token stands in the fragment, which no server sees; then it leaves the address. */
function takeCardToken(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!embedded.peek() || token === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  setCardToken(token);
}

followPreferences();
followAddress();
takeCardToken();

async function start(): Promise<void> {
  const language = setLanguage(preferredLanguage());
  me.value = isCard() ? await cardHolder() : await whoAmI();
  await language;
  render(<App />, document.getElementById('app')!);
}

setInterval(() => {
  tick.value++;
}, 1000);
addEventListener('online', () => live.retryNow());
document.addEventListener('visibilitychange', () => live.setHidden(document.hidden));
me.subscribe((account) => {
  if (account === undefined) return;
  if (account === null) {
    live.stop();
    return;
  }
  if (account.now !== undefined) clock.set(account.now, account.rate);
  live.start();
});

void start();
