// The frame of every page: the strip, the navigation, and the page that the URL names.
import {useEffect} from 'preact/hooks';
import {me} from '../api/client.ts';
import {texts} from '../i18n/index.ts';
import {followHome} from '../store/home.ts';
import {isAway, live} from '../store/live.ts';
import {bare, decoded, embedded, path, titleRef} from '../store/routes.ts';
import {Boundary} from '../ui/boundary.tsx';
import {Lazy, type Loader} from '../ui/lazy.tsx';
import {Away} from '../ui/load.tsx';
import {HomePage} from './home.tsx';
import {Navigation} from './navigation.tsx';
import {NoCard} from './no_card.tsx';
import {SignIn} from './sign_in.tsx';
import {Contact, Strip} from './strip.tsx';

type PageLoader = Loader<object>;

// Pages that the first one does not need come when they are asked for.
const device: PageLoader = () => import('./device.tsx').then((m) => m.DevicePage);
const families: PageLoader = () => import('./families.tsx').then((m) => m.FamiliesPage);
const loaders = new Map<string, PageLoader>([
  ['history', () => import('./history.tsx').then((m) => m.HistoryPage)],
  ['alarms', () => import('./alarms.tsx').then((m) => m.AlarmsPage)],
  ['fleet', () => import('./fleet.tsx').then((m) => m.FleetPage)],
  ['settings', () => import('./settings.tsx').then((m) => m.SettingsPage)],
  ['wall', () => import('./wall.tsx').then((m) => m.WallPage)],
]);

export function App() {
  if (me.value === undefined) return isAway.value ? <Away /> : null;
  if (me.value === null && embedded.value) {
    return (
      <main class="bare">
        <NoCard />
      </main>
    );
  }
  if (me.value === null || path.value === '/sign-in') return <SignIn />;
  return <Frame />;
}

function Frame() {
  const place = path.value;
  useEffect(() => followHome(live), []);
  const page = (
    <Boundary key={place}>
      <Page place={place} />
    </Boundary>
  );
  const frozen = isAway.value ? ' frozen' : '';
  if (bare.value) {
    return (
      <main class={`bare${frozen}`}>
        {embedded.value && isAway.value && <Contact />}
        {page}
      </main>
    );
  }
  return (
    <>
      <a class="skip" href="#main">
        {texts.value.nav.skip}
      </a>
      <Strip />
      <div class="frame">
        <Navigation place={place} />
        <main id="main" class={frozen} tabIndex={-1}>
          {page}
        </main>
      </div>
    </>
  );
}

function Page({place}: {place: string}) {
  const [, kind = '', rest = ''] = place.split('/');
  if (kind === '') return <HomePage />;
  if (kind === 'd' && rest && decoded(rest) !== null) return <Lazy load={device} props={{}} />;
  if (kind === 'families' && decoded(rest) !== null) return <Lazy load={families} props={{}} />;
  const loader = loaders.get(kind);
  return loader && !rest ? <Lazy load={loader} props={{}} /> : <NoPage />;
}

function NoPage() {
  const words = texts.value.error;
  return (
    <section class="card notice">
      <h1 tabIndex={-1} ref={titleRef}>
        {words.noPage}
      </h1>
      <p>
        <a href="/">{words.toHome}</a>
      </p>
    </section>
  );
}
