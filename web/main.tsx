import {render} from 'preact';
import {ApiError, get, me, setCardToken} from './api/client.ts';
import type {Me} from './api/types.ts';
import {preferredLanguage, setLanguage} from './i18n/index.ts';
import {App} from './pages/app.tsx';
import {clock, tick} from './store/clock.ts';
import {live} from './store/live.ts';
import {followPreferences} from './store/preferences.ts';
import {embedded, followAddress} from './store/routes.ts';
import {hasSignedIn, noteSignedIn} from './store/signed_in.ts';

/** Null: nobody is signed in. */
async function whoAmI(): Promise<Me | null> {
  try {
    return await get<Me>('/me');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return null;
  }
}

/**
 * A card's token stands in the fragment, which no server sees; then it leaves the address. Whether
 * there was one.
 */
function takeCardToken(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!embedded.peek() || token === null) return false;
  history.replaceState(null, '', location.pathname + location.search);
  setCardToken(token);
  return true;
}

followPreferences();
followAddress();
const hasCardToken = takeCardToken();

async function start(): Promise<void> {
  const language = setLanguage(preferredLanguage());
  me.value = hasCardToken || hasSignedIn() ? await whoAmI() : null;
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
  if (!hasCardToken) noteSignedIn();
  if (account.now !== undefined) clock.set(account.now, account.rate);
  live.start();
});

void start();
