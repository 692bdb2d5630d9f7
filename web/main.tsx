import {effect} from '@preact/signals';
import {render} from 'preact';
import {me, setCardToken} from './api/client.ts';
import {lostText, preferredLanguage, setLanguage} from './i18n/index.ts';
import {App} from './pages/app.tsx';
import {clock, tick} from './store/clock.ts';
import {isAway, live} from './store/live.ts';
import {followPreferences} from './store/preferences.ts';
import {embedded, followAddress, pageTitle} from './store/routes.ts';

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
  live.reach();
  await setLanguage(preferredLanguage());
  render(<App />, document.getElementById('app')!);
}

setInterval(() => {
  tick.value++;
}, 1000);
for (const event of ['online', 'focus']) addEventListener(event, () => live.retryNow());
effect(() => {
  const parts = [...(isAway.value ? [lostText()] : []), pageTitle.value, 'Gridloom'];
  document.title = parts.filter(Boolean).join(' · ');
});
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
