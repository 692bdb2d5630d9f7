// What is wrong now, and what was: which device, since when, and what it means.
import {useEffect, useRef} from 'preact/hooks';
import {get} from '../api/client.ts';
import type {DeviceEvent, EventPage} from '../api/types.ts';
import {ageText, alarmText, spanText, texts, whenText} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {type Alarm, alarms, home} from '../store/home.ts';
import {PageTitle} from '../ui/controls.tsx';
import {StateMark} from '../ui/icon.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';

const around = 3_600_000;
/** A fault's end is in the log a moment after the home has it: the log is read again until then. */
const firstRetryMs = 1000;
const lastRetryMs = 64_000;
const pastRows = 50;

export function AlarmsPage() {
  const words = texts.value.alarms;
  useEffect(() => {
    document.title = `${words.title} · Gridloom`;
  }, [words]);
  if (!home.value) return <Skeleton height={400} />;
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
              <b>{words.none}</b>
              <p class="muted">{words.noneHelp}</p>
            </div>
          </div>
        )}
        <ul class="alarm-list">
          {list.map((alarm) => (
            <li key={alarm.key}>
              <Active alarm={alarm} />
            </li>
          ))}
        </ul>
      </section>
      {quiet.length > 0 && (
        <section aria-labelledby="quiet-title">
          <h2 id="quiet-title" class="section-title">
            {words.quiet} <span class="muted">{quiet.length}</span>
          </h2>
          <p class="muted">{words.quietHelp}</p>
          <ul class="alarm-list">
            {quiet.map((device) => (
              <li key={device.sn}>
                <article class="card alarm">
                  <StateMark mark="quiet" size={20} />
                  <h3>
                    <a href={`/d/${encodeURIComponent(device.sn)}`}>
                      <bdi>{device.name}</bdi>
                    </a>
                  </h3>
                  <p class="muted">{ageText(device.lastReport)}</p>
                </article>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Past active={list} />
    </>
  );
}

/** Faults that have ended; read again when an active one has. */
function Past({active}: {active: Alarm[]}) {
  const words = texts.value.alarms;
  const faults = active.filter((alarm) => alarm.since !== null).map(keyOf);
  const before = useRef<string[]>([]);
  const missing = useRef(new Set<string>());
  const retryMs = useRef(firstRetryMs);
  for (const key of before.current) if (!faults.includes(key)) missing.current.add(key);
  before.current = faults;
  const loaded = useLoad(
    (cancel) => get<EventPage>(`/events?kind=fault.ended&limit=${pastRows}`, cancel),
    [faults.join()],
  );
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
  const names = new Map(home.value?.devices.map((device) => [device.sn, device.name]));
  return (
    <section aria-labelledby="past-title">
      <h2 id="past-title" class="section-title">
        {words.past}
      </h2>
      {loaded.error && <Failure error={loaded.error} retry={loaded.reload} />}
      {loaded.data?.events.length === 0 && <p class="muted">{words.noPast}</p>}
      <ul class="alarm-list">
        {loaded.data?.events.map((event) => (
          <li key={`${event.sn} ${event.field} ${event.at}`}>
            <Ended event={event} name={names.get(event.sn) ?? event.sn} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const keyOf = (fault: {sn: string; field?: string; since?: number | null}) =>
  `${fault.sn} ${fault.field} ${fault.since}`;

const plotAround = (from: number, to: number) =>
  `?tab=plots&from=${from - around}&to=${Math.round(Math.min(serverNow(), to + around))}`;

function Ended({event, name}: {event: DeviceEvent; name: string}) {
  const words = texts.value.alarms;
  const since = event.since ?? event.at;
  const page = `/d/${encodeURIComponent(event.sn)}`;
  return (
    <article class="card alarm past">
      <StateMark mark="never" size={20} />
      <h3>
        <bdi>{name}</bdi>: {event.title ?? event.field}
      </h3>
      <p>{event.text}</p>
      <p class="muted">
        {words.lasted(whenText(since, 'moment'), spanText((event.at - since) / 1000))} ·{' '}
        <span class="raw">{event.field}</span>
      </p>
      <p class="buttons">
        <a class="button small" href={`${page}${plotAround(since, event.at)}`}>
          {words.plot}
        </a>
      </p>
    </article>
  );
}

function Active({alarm}: {alarm: Alarm}) {
  const words = texts.value.alarms;
  const page = `/d/${encodeURIComponent(alarm.sn)}`;
  return (
    <article class="card alarm active">
      <StateMark mark={alarm.kind === 'fault' ? 'critical' : 'offline'} size={20} />
      <h3>
        <bdi>{alarm.device}</bdi>: {alarmText(alarm)}
      </h3>
      <p>{alarm.kind === 'silent' ? words.silentMeans : alarm.text}</p>
      <p class="muted">
        {alarm.since === null
          ? words.unknownSince
          : `${words.since(whenText(alarm.since, 'moment'))} (${ageText(alarm.since)})`}
        {alarm.field && (
          <>
            {' '}
            · <span class="raw">{alarm.field}</span>
          </>
        )}
      </p>
      <p class="buttons">
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
