// Energy by hour, day and month: of the home, or of one device.
import {useRef} from 'preact/hooks';
import {DayCurve, hasCurve, useDaySeries} from '../charts/day_curve.tsx';
import {periodName} from '../charts/labels.ts';
import {useEnergies} from '../charts/use_bars.ts';
import {dayOf} from '../format/age.ts';
import {isDate, type Period, shifted, startOf} from '../format/period.ts';
import {dateText, texts, zone} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {home} from '../store/home.ts';
import {query, setQuery} from '../store/routes.ts';
import {PageTitle, Segments, useTitle} from '../ui/controls.tsx';
import {Icon} from '../ui/icon.tsx';
import {Failure, Skeleton} from '../ui/load.tsx';
import {HistoryEnergies} from './history_energies.tsx';
import {NoDevice} from './no_device.tsx';
import {useRefresh} from './use_refresh.ts';

const periods: Period[] = ['day', 'week', 'month', 'year'];

export function HistoryPage() {
  const words = texts.value.history;
  useTitle(words.title);
  if (home.value?.devices.length === 0) return <NoDevice title={words.title} />;
  return <History />;
}

/** The address asks for this; a date that does not exist, or that is to come, is today. */
function asked() {
  const wanted = query.value.get('period') as Period | null;
  const period = wanted && periods.includes(wanted) ? wanted : 'day';
  const today = dayOf(serverNow(), zone());
  const at = query.value.get('at') ?? '';
  const start = startOf(isDate(at) && at <= today ? at : today, period);
  return {
    period,
    today,
    start,
    dev: query.value.get('dev'),
    compare: query.value.get('cmp') === '1',
  };
}

function History() {
  const words = texts.value.history;
  const {period, today, start, dev, compare} = asked();
  const opened = useRef(false);
  const isCurrent = start === startOf(today, period);
  const refresh = useRefresh();
  // The past does not change, and a month or a year not to be seen.
  const version = isCurrent && (period === 'day' || period === 'week') ? refresh : 0;
  const loaded = useEnergies({dev, period, start, compare}, version);
  const go = (to: Period, at: string) =>
    setQuery({period: to, at: startOf(today, to) === startOf(at, to) ? null : at}, false);
  return (
    <>
      <PageTitle
        beside={
          <Segments
            label={words.period}
            name="period"
            value={period}
            onChange={(value) => go(value, start)}
            choices={periods.map((value) => ({value, label: words[value]}))}
          />
        }
      >
        {words.title}
      </PageTitle>
      <section class="card">
        <Tools period={period} start={start} today={today} go={go} />
        <Choices dev={dev} compare={compare} />
        {loaded.error && !loaded.data && <Failure error={loaded.error} retry={loaded.reload} />}
        {!loaded.data && !loaded.error && <Skeleton height={420} />}
        {loaded.data && (
          <HistoryEnergies
            energies={loaded.data}
            start={start}
            period={period}
            isCurrent={isCurrent}
            file={`${dev ?? 'home'}-${start}-${period}`}
            opened={opened}
            onOpen={(to, at) => {
              opened.current = true;
              go(to, at);
            }}
          />
        )}
      </section>
      {period === 'day' && dev === null && <PowerOfDay date={start} version={version} />}
    </>
  );
}

interface ToolsProps {
  period: Period;
  start: string;
  today: string;
  go: (to: Period, at: string) => void;
}

/** One period earlier or later, the longer ones that contain it, or any day. */
function Tools({period, start, today, go}: ToolsProps) {
  const words = texts.value.history;
  const isCurrent = start === startOf(today, period);
  const move = (by: number) => go(period, shifted(start, period, by));
  return (
    <div class="history-tools">
      <div class="history-steps">
        <button type="button" class="plain" aria-label={words.earlier} onClick={() => move(-1)}>
          <Icon name="left" />
        </button>
        <h2 aria-live="polite">{periodName(start, period)}</h2>
        <button
          type="button"
          class="plain"
          aria-label={words.later}
          disabled={isCurrent}
          onClick={() => move(1)}
        >
          <Icon name="right" />
        </button>
      </div>
      <label class="date-field">
        <span>{words.date}</span>
        <input
          type="date"
          value={start}
          max={today}
          onChange={(event) => {
            const {value} = event.currentTarget;
            if (isDate(value) && value <= today) go(period, value);
          }}
        />
      </label>
      <p class="history-up">
        {(period === 'day' || period === 'week') && (
          <button type="button" class="small" onClick={() => go('month', start)}>
            {dateText(start, 'month')}
          </button>
        )}
        {period !== 'year' && (
          <button type="button" class="small" onClick={() => go('year', start)}>
            {start.slice(0, 4)}
          </button>
        )}
        {!isCurrent && (
          <button type="button" class="small" onClick={() => go(period, today)}>
            {words.current[period]}
          </button>
        )}
      </p>
    </div>
  );
}

function Choices({dev, compare}: {dev: string | null; compare: boolean}) {
  const words = texts.value.history;
  return (
    <div class="history-choices">
      <label class="switch">
        <input
          type="checkbox"
          checked={compare}
          onChange={() => setQuery({cmp: compare ? null : '1'})}
        />
        {words.compare}
      </label>
      <select
        aria-label={words.of}
        value={dev ?? ''}
        onChange={(event) => setQuery({dev: event.currentTarget.value || null})}
      >
        <option value="">{words.allDevices}</option>
        {home.value?.devices.map((device) => (
          <option key={device.sn} value={device.sn}>
            {device.name}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The powers of the same day: bars say how much, the curve says when. */
function PowerOfDay({date, version}: {date: string; version: number}) {
  const words = texts.value.history;
  const {data} = useDaySeries(date, version);
  if (!data || !hasCurve(data)) return null;
  const label = words.powerOf(periodName(date, 'day'));
  return (
    <section class="card" aria-labelledby="power-title">
      <h2 id="power-title">{label}</h2>
      <DayCurve series={data} label={label} />
    </section>
  );
}
