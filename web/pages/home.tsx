// The home: where power flows, what today brought, and its devices.
import {useRef} from 'preact/hooks';
import {isCard} from '../api/client.ts';
import type {HomeDevice} from '../api/types.ts';
import {useDeviceDays} from '../charts/device_days.ts';
import {FlowPicture, FlowWords} from '../flow/picture.tsx';
import {ageText, alarmText, lastHeardText, texts} from '../i18n/index.ts';
import {unseenAlarms} from '../store/acknowledged.ts';
import {alarms, fetchHome, home, homeError} from '../store/home.ts';
import {isAway} from '../store/live.ts';
import {bare, devicePath, titleRef} from '../store/routes.ts';
import {Boundary} from '../ui/boundary.tsx';
import {useTitle} from '../ui/controls.tsx';
import {Icon, StateMark} from '../ui/icon.tsx';
import {Failure, Skeleton} from '../ui/load.tsx';
import {markOf} from './alarm_mark.ts';
import {DayCard} from './day_card.tsx';
import {DeviceCard} from './device_card.tsx';
import {cardOrder, cardsKey} from './home_order.ts';
import {Ledger} from './ledger.tsx';
import {NoCard} from './no_card.tsx';
import {NoDevice} from './no_device.tsx';
import {TodayBars} from './today_bars.tsx';
import {useOrder} from './use_order.ts';
import {useRefresh} from './use_refresh.ts';

const mostCards = 12;
const orderEveryMs = 60_000;
const mostAlarms = 2;

export function HomePage() {
  const words = texts.value.home;
  useTitle(words.title);
  const shown = home.value;
  if (!shown && homeError.value) {
    return <Failure error={homeError.value} retry={() => void fetchHome()} />;
  }
  if (!shown) return <Skeleton height={600} />;
  // The token of a card is told nothing of devices, and that of another card nothing of the home.
  if (isCard() && Object.keys(shown.nodes).length === 0) return <NoCard />;
  if (shown.devices.length === 0 && !isCard()) return <NoDevice />;
  if (bare.value) {
    return (
      <section class="card embed">
        <h1 class="hidden">{words.flow}</h1>
        <FlowPicture home={shown} />
        <div class="hidden">
          <FlowWords home={shown} />
        </div>
      </section>
    );
  }
  return (
    <>
      <h1 tabIndex={-1} class="hidden" ref={titleRef}>
        {words.title}
      </h1>
      <div class="home-top">
        <div class="home-column">
          <section class="card now" aria-labelledby="flow-title">
            <h2 id="flow-title">{words.flow}</h2>
            <Boundary>
              <FlowPicture home={shown} />
              <FlowWords home={shown} />
            </Boundary>
          </section>
          <Boundary>
            <DayCard />
          </Boundary>
        </div>
        <div class="home-column">
          <Boundary>
            <Ledger today={shown.today} home={shown} />
          </Boundary>
          <Boundary>
            <Wellbeing />
          </Boundary>
          <Boundary>
            <TodayBars />
          </Boundary>
        </div>
      </div>
      <Cards devices={shown.devices} />
    </>
  );
}

function Cards({devices}: {devices: HomeDevice[]}) {
  const words = texts.value.home;
  const held = useRef(false);
  const key = useRef('');
  // A card does not leave the pointer: what is wrong stands above as well.
  if (!held.current) key.current = cardsKey(devices);
  const sorted = useOrder(devices, cardOrder, key.current, held, orderEveryMs);
  const shown = sorted.slice(0, mostCards);
  const days = useDeviceDays(
    shown.map(({sn}) => sn),
    useRefresh(),
  ).data;
  const hold = (isHeld: boolean) => () => {
    held.current = isHeld;
  };
  return (
    <section
      aria-labelledby="cards-title"
      onPointerEnter={hold(true)}
      onPointerLeave={hold(false)}
      onFocusIn={hold(true)}
      onFocusOut={hold(false)}
    >
      <h2 id="cards-title" class="section-title">
        {words.devices}
      </h2>
      <ul class="cards">
        {shown.map((device) => (
          <li key={device.sn}>
            <DeviceCard device={device} day={days?.get(device.sn)} />
          </li>
        ))}
      </ul>
      {sorted.length > mostCards && (
        <p class="all-devices">
          <a href="/fleet">
            {words.all(sorted.length)}
            <Icon name="right" size={16} />
          </a>
        </p>
      )}
    </section>
  );
}

/** Is everything well, or what is not. */
function Wellbeing() {
  const list = unseenAlarms.value;
  const seen = alarms.value.length - list.length;
  const words = texts.value.home;
  const {devices = []} = home.value ?? {};
  if (isAway.value) {
    return (
      <section class="card wellbeing">
        <p>
          <StateMark mark="stale" size={20} />
          {texts.value.contact.notKnown(lastHeardText())}
        </p>
      </section>
    );
  }
  if (devices.every((device) => device.state === 'never')) {
    return (
      <section class="card wellbeing">
        <p>
          <StateMark mark="never" size={20} />
          {words.noReports}
        </p>
      </section>
    );
  }
  if (list.length === 0) {
    return (
      <section class="card wellbeing">
        <p>
          <StateMark mark={seen === 0 ? 'live' : 'warning'} size={20} />
          {seen === 0 ? words.allWell : <a href="/alarms">{words.acknowledged(seen)}</a>}
        </p>
      </section>
    );
  }
  return (
    <section class="card wellbeing troubled" aria-labelledby="trouble-title">
      <h2 id="trouble-title">{words.trouble}</h2>
      <ul>
        {list.slice(0, mostAlarms).map((alarm) => (
          <li key={alarm.key}>
            <StateMark mark={markOf[alarm.severity]} />
            <a href={devicePath(alarm.sn)}>
              <bdi>{alarm.device}</bdi>
            </a>
            {alarm.since !== null && <time>{ageText(alarm.since)}</time>}
            <span>{alarmText(alarm)}</span>
          </li>
        ))}
      </ul>
      {list.length > mostAlarms && (
        <p class="small-text">
          <a href="/alarms">{texts.value.alarmCount(list.length)}</a>
        </p>
      )}
    </section>
  );
}
