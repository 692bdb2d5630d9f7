// What is wrong now: which device, since when, and what it means.
import {useEffect} from 'preact/hooks';
import {ageText, alarmText, texts, whenText} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {type Alarm, alarms, home} from '../store/home.ts';
import {PageTitle} from '../ui/controls.tsx';
import {StateMark} from '../ui/icon.tsx';
import {Skeleton} from '../ui/load.tsx';

const around = 3_600_000;

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
    </>
  );
}

function Active({alarm}: {alarm: Alarm}) {
  const words = texts.value.alarms;
  const page = `/d/${encodeURIComponent(alarm.sn)}`;
  const until = Math.round(Math.min(serverNow(), (alarm.since ?? 0) + around));
  const from = alarm.since === null ? '' : `&from=${alarm.since - around}&to=${until}`;
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
          <a class="button small" href={`${page}?tab=plots${from}`}>
            {words.plot}
          </a>
        )}
      </p>
    </article>
  );
}
