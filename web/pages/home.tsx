// The home: where power flows, what today brought, and its devices.
import {useEffect} from 'preact/hooks';
import type {Home} from '../api/types.ts';
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
  const said = texts.value.home;
  useEffect(() => {
    document.title = `${said.title} · Gridloom`;
  }, [said]);
  const now = home.value;
  if (!now && homeError.value) {
    return <Failure error={homeError.value} retry={() => void fetchHome()} />;
  }
  if (!now) return <Skeleton height={600} />;
  if (now.devices.length === 0) return <NoDevice />;
  if (bare.value) {
    return (
      <section class="card embed">
        <h1 class="hidden">{said.flow}</h1>
        <FlowPicture home={now} />
        <div class="hidden">
          <FlowWords home={now} />
        </div>
      </section>
    );
  }
  return (
    <>
      <h1 tabIndex={-1} class="hidden" ref={titleRef}>
        {said.title}
      </h1>
      <div class="home-top">
        <section class="card" aria-labelledby="flow-title">
          <h2 id="flow-title">{said.flow}</h2>
          <Boundary>
            <FlowPicture home={now} />
            <FlowWords home={now} />
          </Boundary>
        </section>
        <Boundary>
          <Ledger today={now.today} home={now} />
        </Boundary>
        <Boundary>
          <Wellbeing />
        </Boundary>
        <Boundary>
          <TodayBars devices={now.devices} />
        </Boundary>
      </div>
      <Cards now={now} />
    </>
  );
}

function Cards({now}: {now: Home}) {
  const said = texts.value.home;
  const sorted = [...now.devices].sort(byTrouble);
  return (
    <section aria-labelledby="cards-title">
      <h2 id="cards-title" class="section-title">
        {said.devices}
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
            {said.all(sorted.length)}
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
  const said = texts.value.home;
  if (list.length === 0) {
    return (
      <section class="card wellbeing">
        <p>
          <StateMark mark="live" size={20} />
          {said.allWell}
        </p>
      </section>
    );
  }
  return (
    <section class="card wellbeing troubled" aria-labelledby="trouble-title">
      <h2 id="trouble-title">{said.trouble}</h2>
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
  const said = texts.value.home;
  return (
    <section class="card empty">
      <PageTitle>{said.empty}</PageTitle>
      <p>{said.emptyHelp}</p>
      <CopyLine text="gridloom serve --demo" />
      <p>{said.emptyAdd}</p>
      <CopyLine text="gridloom device add --help" />
    </section>
  );
}
