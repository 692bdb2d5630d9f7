import {render} from 'preact';
import {ApiError, get, me} from './api/client.ts';
import type {Me} from './api/types.ts';
import {preferredLanguage, setLanguage} from './i18n/index.ts';
import {App} from './pages/app.tsx';
import {clock, tick} from './store/clock.ts';
import {live} from './store/live.ts';
import {followPreferences} from './store/preferences.ts';
import {followAddress} from './store/routes.ts';

async function start(): Promise<void> {
  const language = setLanguage(preferredLanguage());
  try {
    me.value = await get<Me>('/me');
  } catch (error) {
    me.value = null;
    if (!(error instanceof ApiError)) throw error;
  }
  await language;
  render(<App />, document.getElementById('app')!);
}

followPreferences();
followAddress();
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
