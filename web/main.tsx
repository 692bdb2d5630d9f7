import {render} from 'preact';
import {ApiError, get, me} from './api/client.ts';
import {startLive, stopLive} from './api/live.ts';
import type {Me} from './api/types.ts';
import {preferredLanguage, setLanguage} from './i18n/index.ts';
import {App} from './pages/app.tsx';
import {setClock} from './store/clock.ts';
import {applyTheme} from './store/preferences.ts';

applyTheme();

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

me.subscribe((who) => {
  if (who === undefined) return;
  if (who === null) {
    stopLive();
    return;
  }
  if (who.now !== undefined) setClock(who.now, who.rate);
  startLive();
});

void start();
