// The home: where power flows, what today brought, and its devices.
import {useEffect} from 'preact/hooks';
import type {HomeDevice} from '../api/types.ts';
import {FlowPicture, FlowWords} from '../flow/picture.tsx';
import {ageText, alarmText, texts} from '../i18n/index.ts';
import {alarms, byTrouble, fetchHome, home, homeError} from '../store/home.ts';
import {bare, titleRef} from '../store/routes.ts';
import {Boundary} from '../ui/boundary.tsx';
import {CopyLine, PageTitle} from '../ui/controls.tsx';
import {Icon, StateMark} from '../ui/icon.tsx';
import {Failure, Skeleton} from '../ui/load.tsx';
import {DeviceCard} from './device_card.tsx';
import {Ledger} from './ledger.tsx';
import {TodayBars} from './today_bars.tsx';

const mostCards = 12;
const mostAlarms = 2;

export function HomePage() {
  const words = texts.value.home;
  useEffect(() => {
    document.title = `${words.title} · Gridloom`;
  }, [words]);
  const shown = home.value;
  if (!shown && homeError.value) {
    return <Failure error={homeError.value} retry={() => void fetchHome()} />;
  }
  if (!shown) return <Skeleton height={600} />;
  if (shown.devices.length === 0) return <NoDevice />;
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
        <section class="card" aria-labelledby="flow-title">
          <h2 id="flow-title">{words.flow}</h2>
          <Boundary>
            <FlowPicture home={shown} />
            <FlowWords home={shown} />
          </Boundary>
        </section>
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
      <Cards devices={shown.devices} />
    </>
  );
}

function Cards({devices}: {devices: HomeDevice[]}) {
  const words = texts.value.home;
  const sorted = [...devices].sort(byTrouble);
  return (
    <section aria-labelledby="cards-title">
      <h2 id="cards-title" class="section-title">
        {words.devices}
      </h2>
      <ul class="cards">
        {sorted.slice(0, mostCards).map((device) => (
          <li key={device.sn}>
            <DeviceCard device={device} />
          </li>
        ))}
      </ul>
      {sorted.length > mostCards && (
        <p>
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
  const list = alarms.value;
  const words = texts.value.home;
  if (list.length === 0) {
    return (
      <section class="card wellbeing">
        <p>
          <StateMark mark="live" size={20} />
          {words.allWell}
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
            <StateMark mark={alarm.kind === 'fault' ? 'critical' : 'offline'} />
            <a href={`/d/${encodeURIComponent(alarm.sn)}`}>
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

function NoDevice() {
  const words = texts.value.home;
  return (
    <section class="card empty">
      <PageTitle>{words.empty}</PageTitle>
      <p>{words.emptyHelp}</p>
      <CopyLine text="gridloom serve --demo" />
      <p>{words.emptyAdd}</p>
      <CopyLine text="gridloom device add --help" />
    </section>
  );
}
