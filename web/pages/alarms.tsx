// The page lists what is wrong now, and what was: which device, since when, and what it means.
import {useEffect, useRef, useState} from 'preact/hooks';
import {get} from '../api/client.ts';
import type {DeviceEvent, EventPage, HomeDevice} from '../api/types.ts';
import {dayOf} from '../format/age.ts';
import {
  alarmText,
  codeText,
  dateText,
  lastHeardText,
  sinceText,
  spanText,
  texts,
  whenText,
  zone,
} from '../i18n/index.ts';
import {acknowledge, isAcknowledged} from '../store/acknowledged.ts';
import {serverNow} from '../store/clock.ts';
import {type Alarm, alarms, home} from '../store/home.ts';
import {isAway} from '../store/live.ts';
import {devicePath} from '../store/routes.ts';
import {PageTitle, useTitle} from '../ui/controls.tsx';
import {StateMark} from '../ui/icon.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';
import {LongList} from '../ui/long_list.tsx';
import {markOf} from './alarm_mark.ts';
import {NoDevice} from './no_device.tsx';
import {type PastAlarm, pastAlarms} from './past_alarms.ts';

const around = 3_600_000;
/** A fault's end is in the log a moment after the home has it: the log is read again until then. */
const firstRetryMs = 1000;
const lastRetryMs = 64_000;
const pastRows = 100;
const pastPath = `/events?kind=fault.ended,online,offline&limit=${pastRows}`;

export function AlarmsPage() {
  const words = texts.value.alarms;
  useTitle(words.title);
  if (!home.value) return <Skeleton height={400} />;
  if (home.value.devices.length === 0) return <NoDevice title={words.title} />;
  const list = alarms.value;
  const quiet = home.value.devices.filter((device) => device.state === 'quiet');
  return (
    <>
      <PageTitle>{words.title}</PageTitle>
      <section aria-labelledby="active-title">
        <h2 id="active-title" class="section-title">
          {words.active} <span class="muted">{list.length}</span>
        </h2>
        {list.length === 0 && (
          <div class="card well">
            <StateMark mark="live" size={24} />
            <div>
              <b>{isAway.value ? texts.value.contact.notKnown(lastHeardText()) : words.none}</b>
              <p class="muted">{words.noneHelp}</p>
            </div>
          </div>
        )}
        <LongList
          class="alarm-list"
          items={list}
          keyOf={(alarm) => alarm.key}
          row={(alarm) => <Active alarm={alarm} />}
        />
      </section>
      {quiet.length > 0 && <Quiet devices={quiet} />}
      <Past active={list} />
    </>
  );
}

function Quiet({devices}: {devices: HomeDevice[]}) {
  const words = texts.value.alarms;
  return (
    <section aria-labelledby="quiet-title">
      <h2 id="quiet-title" class="section-title">
        {words.quiet} <span class="muted">{devices.length}</span>
      </h2>
      <p class="muted">{words.quietHelp}</p>
      <LongList
        class="alarm-list"
        items={devices}
        keyOf={(device) => device.sn}
        row={(device) => (
          <article class="card alarm">
            <StateMark mark="quiet" size={20} />
            <h3>
              <a href={devicePath(device.sn)}>
                <bdi>{device.name}</bdi>
              </a>
            </h3>
            <p class="muted">{texts.value.ago(sinceText(device.lastReport))}</p>
          </article>
        )}
      />
    </section>
  );
}

/** The log, read again when an active fault has ended, and further back when that is asked for. */
function usePast(active: Alarm[]) {
  const faults = active.filter((alarm) => alarm.since !== null).map(keyOf);
  const before = useRef<string[]>([]);
  const missing = useRef(new Set<string>());
  const retryMs = useRef(firstRetryMs);
  for (const key of before.current) if (!faults.includes(key)) missing.current.add(key);
  before.current = faults;
  const loaded = useLoad((cancel) => get<EventPage>(pastPath, cancel), [faults.join()]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer counts once.
  useEffect(() => {
    for (const event of loaded.data?.events ?? []) missing.current.delete(keyOf(event));
    if (missing.current.size === 0 || retryMs.current > lastRetryMs) {
      missing.current.clear();
      retryMs.current = firstRetryMs;
      return;
    }
    const timer = setTimeout(loaded.reload, retryMs.current);
    retryMs.current *= 2;
    return () => clearTimeout(timer);
  }, [loaded.data, faults.join()]);
  const [older, setOlder] = useState<{events: DeviceEvent[]; next?: string} | null>(null);
  useEffect(() => setOlder(null), [loaded.data]);
  const next = older ? older.next : loaded.data?.next;
  const newest = useRef(loaded.data);
  newest.current = loaded.data;
  const [isAsking, setAsking] = useState(false);
  const more = async () => {
    if (isAsking) return;
    setAsking(true);
    try {
      const page = await get<EventPage>(`${pastPath}&cursor=${encodeURIComponent(next ?? '')}`);
      // A page that goes on where the list no longer ends is dropped.
      if (newest.current !== loaded.data) return;
      setOlder({...page, events: [...(older?.events ?? []), ...page.events]});
    } finally {
      setAsking(false);
    }
  };
  return {
    loaded,
    events: [...(loaded.data?.events ?? []), ...(older?.events ?? [])],
    more: next === undefined ? null : more,
  };
}

/** Faults that have ended and times without contact, by the day of their end. */
function Past({active}: {active: Alarm[]}) {
  const words = texts.value.alarms;
  const {loaded, events, more} = usePast(active);
  const past = pastAlarms(events);
  const names = new Map(home.value?.devices.map((device) => [device.sn, device.name]));
  const days = [...new Set(past.map((one) => dayOf(one.to, zone())))];
  return (
    <section aria-labelledby="past-title">
      <h2 id="past-title" class="section-title">
        {words.past}
      </h2>
      {loaded.error && <Failure error={loaded.error} retry={loaded.reload} />}
      {loaded.data && past.length === 0 && !more && <p class="muted">{words.noPast}</p>}
      {days.map((day) => (
        <div key={day} class="card past-day">
          <h3>{dateText(day, 'weekdayDate')}</h3>
          <ul>
            {past
              .filter((one) => dayOf(one.to, zone()) === day)
              .map((one) => (
                <li key={one.key} class="alarm past">
                  <Ended alarm={one} name={names.get(one.sn) ?? one.sn} />
                </li>
              ))}
          </ul>
        </div>
      ))}
      {more && (
        <p>
          <button type="button" class="small" onClick={() => void more().catch(loaded.reload)}>
            {words.older}
          </button>
        </p>
      )}
    </section>
  );
}

const keyOf = (fault: {sn: string; field?: string; since?: number | null}) =>
  `${fault.sn} ${fault.field} ${fault.since}`;

const plotAround = (from: number, to: number) =>
  `?tab=plots&from=${from - around}&to=${Math.round(Math.min(serverNow(), to + around))}`;

function Ended({alarm, name}: {alarm: PastAlarm; name: string}) {
  const words = texts.value.alarms;
  const page = devicePath(alarm.sn);
  const isOneDay = dayOf(alarm.from, zone()) === dayOf(alarm.to, zone());
  const from = whenText(alarm.from, isOneDay ? 'time' : 'moment');
  return (
    <>
      <StateMark mark={markOf[alarm.severity]} />
      <p>
        <a href={page}>
          <bdi>{name}</bdi>
        </a>
        : {alarm.title ?? words.silent}
        {alarm.text && <span class="muted"> ({codeText(alarm.text)})</span>}
      </p>
      <p class="muted small-text">
        {words.fromTo(from, whenText(alarm.to, 'time'))} ·{' '}
        {spanText((alarm.to - alarm.from) / 1000)}
        {alarm.field && (
          <>
            {' '}
            · <span class="raw">{alarm.field}</span>
          </>
        )}
      </p>
      <a class="button small" href={`${page}${plotAround(alarm.from, alarm.to)}`}>
        {words.plot}
      </a>
    </>
  );
}

function Active({alarm}: {alarm: Alarm}) {
  const words = texts.value.alarms;
  const page = devicePath(alarm.sn);
  const isSeen = isAcknowledged(alarm);
  return (
    <article class={`card alarm active is-${alarm.severity} ${isSeen ? 'seen' : ''}`}>
      <StateMark mark={markOf[alarm.severity]} size={20} />
      <h3>
        <bdi>{alarm.device}</bdi>: {alarmText(alarm)}
      </h3>
      <p>
        {alarm.severity !== 'silent' && (
          <>
            <b class="severity">{words.severity[alarm.severity]}</b>{' '}
          </>
        )}
        {alarm.kind === 'silent' ? words.silentMeans : codeText(alarm.text)}
      </p>
      <p class="muted">
        {alarm.since === null
          ? words.unknownSince
          : `${words.since(whenText(alarm.since, 'moment'))} (${sinceText(alarm.since)})`}
        {alarm.field && (
          <>
            {' '}
            · <span class="raw">{alarm.field}</span>
          </>
        )}
      </p>
      <p class="buttons">
        <button
          type="button"
          class="small"
          aria-pressed={isSeen}
          title={words.acknowledgeHelp}
          onClick={() => acknowledge(alarm, !isSeen)}
        >
          {isSeen ? words.acknowledged : words.acknowledge}
        </button>
        <a class="button small" href={page}>
          {words.open}
        </a>
        {alarm.since !== null && (
          <a class="button small" href={`${page}${plotAround(alarm.since, alarm.since)}`}>
            {words.plot}
          </a>
        )}
      </p>
    </article>
  );
}
