// Energy by hour, day and month: of the home, or of one device.
import {useEffect, useState} from 'preact/hooks';
import {Bars} from '../charts/bars.tsx';
import {
  type Bar,
  type BarPart,
  colourOf,
  csvCell,
  sources,
  totalOf,
  uses,
} from '../charts/energy.ts';
import {partLabel} from '../charts/labels.ts';
import {useBars} from '../charts/use_bars.ts';
import {dayOf} from '../format/age.ts';
import {barsOf, type Period, shifted, startOf} from '../format/period.ts';
import {energyFigure, energyText, percentText, texts, whenText, zone} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {home} from '../store/home.ts';
import {query, setQuery} from '../store/routes.ts';
import {PageTitle, Segments, ToggleButton} from '../ui/controls.tsx';
import {Icon} from '../ui/icon.tsx';
import {Failure, Skeleton} from '../ui/load.tsx';

const periods: Period[] = ['day', 'week', 'month', 'year'];

export function HistoryPage() {
  const words = texts.value.history;
  useEffect(() => {
    document.title = `${words.title} · Gridloom`;
  }, [words]);
  const devices = home.value?.devices;
  const asked = query.value.get('period') as Period | null;
  const period = asked && periods.includes(asked) ? asked : 'day';
  const today = dayOf(serverNow(), zone());
  const at = query.value.get('at') ?? '';
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(at) && !Number.isNaN(Date.parse(at));
  const start = startOf(isDate ? at : today, period);
  const isCurrent = start === startOf(today, period);
  const one = query.value.get('dev');
  const serials = one ? [one] : devices?.map((device) => device.sn);
  const loaded = useBars(serials, devices ?? [], period, isCurrent ? null : start);
  const compare = query.value.get('cmp') === '1';
  const before = useBars(
    serials,
    devices ?? [],
    period,
    compare ? shifted(start, period, -1) : undefined,
  );
  const bars = loaded.data;
  const move = (by: number) => setQuery({at: shifted(start, period, by)}, false);
  return (
    <>
      <PageTitle
        beside={
          <Segments
            label={words.period}
            name="period"
            value={period}
            onChange={(value) => setQuery({period: value, at: start}, false)}
            choices={periods.map((value) => ({value, label: words[value]}))}
          />
        }
      >
        {words.title}
      </PageTitle>
      <section class="card">
        <div class="history-tools">
          <button type="button" class="plain" aria-label={words.earlier} onClick={() => move(-1)}>
            <Icon name="left" />
          </button>
          <h2 aria-live="polite">{nameOf(start, period)}</h2>
          <button
            type="button"
            class="plain"
            aria-label={words.later}
            disabled={isCurrent}
            onClick={() => move(1)}
          >
            <Icon name="right" />
          </button>
          {!isCurrent && (
            <button type="button" class="small" onClick={() => setQuery({at: null}, false)}>
              {words.today}
            </button>
          )}
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
            value={one ?? ''}
            onChange={(event) => setQuery({dev: event.currentTarget.value || null})}
          >
            <option value="">{words.allDevices}</option>
            {devices?.map((device) => (
              <option key={device.sn} value={device.sn}>
                {device.name}
              </option>
            ))}
          </select>
        </div>
        {loaded.error && <Failure error={loaded.error} retry={loaded.reload} />}
        {!bars && !loaded.error && <Skeleton height={420} />}
        {bars && (
          <Energies
            bars={bars}
            before={before.data}
            start={start}
            period={period}
            file={`${one ?? 'home'}-${start}-${period}`}
          />
        )}
      </section>
    </>
  );
}

const noon = (date: string) => Date.parse(`${date}T12:00:00Z`);

function nameOf(start: string, period: Period): string {
  if (period === 'month') return whenText(noon(start), 'month');
  if (period === 'year') return whenText(noon(start), 'year');
  const first = whenText(noon(start), 'date');
  return period === 'day'
    ? first
    : `${whenText(noon(start), 'day')}–${whenText(noon(shifted(start, 'day', 6)), 'date')}`;
}

/** How the moment of one bar is written. */
const barForms = {day: 'time', week: 'day', month: 'day', year: 'monthShort'} as const;

function Energies({
  bars,
  before,
  start,
  period,
  file,
}: {
  bars: Bar[];
  before: Bar[] | null;
  start: string;
  period: Period;
  file: string;
}) {
  const words = texts.value.history;
  const [chosen, setChosen] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const total = totalOf(bars);
  const parts = [...sources, ...uses].filter((part) => total[part] > 0);
  const bar = chosen === null ? null : bars[chosen];
  const shown = bar ?? total;
  const names = (one: Bar) => whenText((one.from + one.to) / 2, barForms[period]);
  const spanOf = (one: Bar) =>
    period === 'day' ? `${whenText(one.from, 'time')}–${whenText(one.to, 'time')}` : names(one);
  const atStart = (one: Bar) => (period === 'day' ? whenText(one.from, 'time') : names(one));
  if (parts.length === 0) return <p class="muted nothing">{words.nothing}</p>;
  return (
    <>
      <Bars
        bars={bars}
        before={before ?? []}
        count={Math.max(bars.length, barsOf(start, period))}
        names={atStart}
        label={words.bars(nameOf(start, period))}
        chosen={chosen}
        onChoose={setChosen}
      />
      <p class="muted small-text reading">{bar ? spanOf(bar) : words.total}</p>
      <dl class="legend">
        {parts.map((part) => {
          const figure = energyFigure(shown[part]);
          return (
            <div key={part}>
              <dt>
                <i class={`key of-${colourOf[part]}`} aria-hidden="true" />
                {partLabel(part)}
              </dt>
              <dd>
                <b>{figure.text}</b> <small>{figure.unit}</small>
              </dd>
            </div>
          );
        })}
        <Shares total={total} />
      </dl>
      <div class="buttons">
        <ToggleButton label={words.table} isOn={asTable} onChange={setAsTable} />
        <button type="button" class="small" onClick={() => download(file, bars, parts)}>
          {words.csv}
        </button>
      </div>
      {asTable && <Table bars={bars} parts={parts} names={atStart} />}
    </>
  );
}

function Shares({total}: {total: Record<BarPart, number>}) {
  const used = total.home + total.car + total.heat;
  const share = (part: number, whole: number) =>
    whole < 0.001 ? null : Math.min(100, Math.max(0, 100 * (1 - part / whole)));
  const rows = [
    {key: 'sufficiency', label: texts.value.home.selfSufficient, value: share(total.gridIn, used)},
    {
      key: 'consumption',
      label: texts.value.history.selfConsumption,
      value: share(total.gridOut, total.sun),
    },
  ];
  return (
    <>
      {rows.map(
        (row) =>
          row.value !== null && (
            <div key={row.key}>
              <dt>{row.label}</dt>
              <dd>
                <b>{percentText(row.value)}</b>
              </dd>
            </div>
          ),
      )}
    </>
  );
}

function Table({bars, parts, names}: {bars: Bar[]; parts: BarPart[]; names: (bar: Bar) => string}) {
  const words = texts.value.history;
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={words.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.from}</th>
            {parts.map((part) => (
              <th key={part} scope="col">
                {partLabel(part)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.from}>
              <td>{names(bar)}</td>
              {parts.map((part) => (
                <td key={part}>{energyText(bar[part])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function download(file: string, bars: Bar[], parts: BarPart[]): void {
  const rows = [
    ['from', ...parts.map((part) => `${part}_kwh`)],
    ...bars.map((bar) => [
      new Date(bar.from).toISOString(),
      ...parts.map((part) => Number(bar[part].toFixed(3))),
    ]),
  ];
  const text = rows.map((row) => row.map(csvCell).join(',')).join('\n');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${text}\n`], {type: 'text/csv'}));
  link.download = `${file}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
