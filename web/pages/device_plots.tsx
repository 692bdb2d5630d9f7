// The past of a device's fields. The address says which fields and which span.
import {useEffect, useMemo, useRef, useState} from 'preact/hooks';
import {get} from '../api/client.ts';
import type {DeviceEvent, EventPage, Family, History} from '../api/types.ts';
import {columns, linesOf, panes, stepFor} from '../charts/data.ts';
import {Plot} from '../charts/plot.tsx';
import {texts, whenText} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {fieldsOf, type NamedField} from '../store/paths.ts';
import {query, setQuery} from '../store/routes.ts';
import type {Twin} from '../store/twins.ts';
import {Segments, ToggleButton} from '../ui/controls.tsx';
import {Icon} from '../ui/icon.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';

const hour = 3_600_000;
const spans: Record<string, number> = {
  '1h': hour,
  '6h': 6 * hour,
  '24h': 24 * hour,
  '7d': 168 * hour,
  '30d': 720 * hour,
};
const mostFields = 8;
const refreshMs = 5000;
const tableRows = 500;
const mostEvents = 200;
const noEvents: DeviceEvent[] = [];

function isNumeric(field: NamedField): boolean {
  return field.facts?.type === 'int' || field.facts?.type === 'float';
}

/** Powers and the charge, if nobody chose. */
function usual(fields: NamedField[]): string[] {
  return fields
    .filter(({facts}) => facts?.nature?.endsWith('power') || facts?.nature === 'battery.soc')
    .map(({name}) => name)
    .filter((name) => !name.includes('*'))
    .slice(0, mostFields);
}

export function PlotsTab({twin, family}: {twin: Twin; family: Family}) {
  const words = texts.value.plot;
  const fields = useMemo(
    () => fieldsOf(family, twin.names.value).filter(isNumeric),
    [family, twin.names.value],
  );
  const chosen = query.value.get('fields')?.split(',').filter(Boolean) ?? usual(fields);
  const facts = useMemo(() => new Map(fields.map((field) => [field.name, field.facts])), [fields]);
  const choose = (names: string[]) => setQuery({fields: names.join(',')});
  const rest = fields.filter(({name}) => !chosen.includes(name));
  return (
    <section class="card">
      <div class="chips">
        {chosen.map((name) => (
          <span key={name} class="chip">
            {facts.get(name)?.title ?? name}
            <button
              type="button"
              class="plain"
              aria-label={words.remove(facts.get(name)?.title ?? name)}
              onClick={() => choose(chosen.filter((one) => one !== name))}
            >
              <Icon name="close" size={16} />
            </button>
          </span>
        ))}
        <select
          class="add-field"
          aria-label={words.add}
          value=""
          disabled={chosen.length >= mostFields}
          onChange={(event) => choose([...chosen, event.currentTarget.value])}
        >
          <option value="">{words.add}</option>
          {rest.map(({name, facts: fact}) => (
            <option key={name} value={name}>
              {fact?.title ?? name} ({name})
            </option>
          ))}
        </select>
      </div>
      {chosen.length === 0 ? (
        <p class="muted">{words.choose}</p>
      ) : (
        <Plots twin={twin} chosen={chosen} facts={facts} />
      )}
    </section>
  );
}

function Plots({
  twin,
  chosen,
  facts,
}: {
  twin: Twin;
  chosen: string[];
  facts: Parameters<typeof linesOf>[1];
}) {
  const words = texts.value.plot;
  const [refresh, setRefresh] = useState(0);
  const [asTable, setAsTable] = useState(false);
  const levels = useRef<[string | null, string | null][]>([]);
  const box = useRef<HTMLElement>(null);
  const span = query.value.get('span') ?? '24h';
  const fixed = Number(query.value.get('from')) || 0;
  const [from, to] = useMemo(() => {
    const now = serverNow();
    return fixed
      ? [fixed, Number(query.value.get('to')) || now]
      : [now - (spans[span] ?? 24 * hour), now];
  }, [fixed, query.value, refresh, span]);
  useEffect(() => {
    if (fixed) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) setRefresh((n) => n + 1);
    }, refreshMs);
    return () => clearInterval(timer);
  }, [fixed]);

  const step = stepFor(to - from, Math.min(1000, box.current?.clientWidth ?? 800));
  const sn = encodeURIComponent(twin.facts.sn);
  const names = encodeURIComponent(chosen.join(','));
  const address =
    `/devices/${sn}/history?fields=${names}&from=${Math.round(from)}` +
    `&to=${Math.round(to)}&step=${step.text}`;
  const loaded = useLoad((cancel) => get<History>(address, cancel), [address]);
  const eventsAddress = `/devices/${sn}/events?from=${Math.round(from)}&to=${Math.round(to)}&limit=${mostEvents}`;
  const happened = useLoad((cancel) => get<EventPage>(eventsAddress, cancel), [eventsAddress]);
  const events = happened.data?.events ?? noEvents;
  const shown = useMemo(() => {
    if (!loaded.data) return null;
    const [times, ...values] = columns(loaded.data.series);
    return {times, panes: panes(linesOf(loaded.data, facts, values))};
  }, [loaded.data, facts]);

  const zoom = (low: number, high: number) => {
    levels.current.push([query.value.get('from'), query.value.get('to')]);
    setQuery(
      {from: String(Math.round(low)), to: String(Math.round(Math.min(high, serverNow())))},
      false,
    );
  };
  const back = () => {
    const [low, high] = levels.current.pop() ?? [null, null];
    setQuery({from: low, to: high});
  };
  const shift = (part: number) => zoom(from + (to - from) * part, to + (to - from) * part);
  const scale = (factor: number) => {
    const half = ((to - from) * factor) / 2;
    zoom((from + to) / 2 - half, (from + to) / 2 + half);
  };
  return (
    <section
      ref={box}
      aria-label={words.title}
      data-from={Math.round(from)}
      data-to={Math.round(to)}
    >
      <div class="plot-tools">
        <Segments
          label={words.span}
          name="span"
          value={fixed ? null : span}
          onChange={(value) => setQuery({span: value, from: null, to: null})}
          choices={[
            {value: '1h', label: words.hour},
            {value: '6h', label: words.hours6},
            {value: '24h', label: words.day},
            {value: '7d', label: words.week},
            {value: '30d', label: words.month},
          ]}
        />
        <button type="button" class="plain" aria-label={words.earlier} onClick={() => shift(-0.5)}>
          <Icon name="left" />
        </button>
        <button type="button" class="plain" aria-label={words.later} onClick={() => shift(0.5)}>
          <Icon name="right" />
        </button>
        <button type="button" class="plain" aria-label={words.zoomIn} onClick={() => scale(0.5)}>
          <Icon name="plus" />
        </button>
        <button type="button" class="plain" aria-label={words.zoomOut} onClick={() => scale(2)}>
          <Icon name="minus" />
        </button>
        {fixed > 0 && (
          <button type="button" class="small" onClick={() => setQuery({from: null, to: null})}>
            {words.live}
          </button>
        )}
      </div>
      {loaded.error && <Failure error={loaded.error} retry={loaded.reload} />}
      {!shown && !loaded.error && <Skeleton height={320} />}
      {shown?.panes.map((pane) => (
        <Plot
          key={pane.unit}
          pane={pane}
          times={shown.times}
          from={from}
          to={to}
          stepMs={step.ms}
          events={events}
          onZoom={zoom}
          onBack={back}
        />
      ))}
      <div class="buttons">
        <ToggleButton label={words.table} isOn={asTable} onChange={setAsTable} />
        <a
          class="button small"
          download={`${twin.facts.sn}.csv`}
          href={`/api/v1${address}&format=csv`}
        >
          {words.csv}
        </a>
      </div>
      {shown && asTable && (
        <Table times={shown.times} lines={shown.panes.flatMap((p) => p.lines)} />
      )}
      {happened.error && <Failure error={happened.error} retry={happened.reload} />}
      <Events events={events} />
      <p class="muted small-text">{words.help}</p>
    </section>
  );
}

/** The marks of the plots as words. */
function Events({events}: {events: DeviceEvent[]}) {
  const words = texts.value.plot;
  if (events.length === 0) return null;
  return (
    <details class="plot-events">
      <summary>
        {words.events} <span class="muted">{events.length}</span>
      </summary>
      <ul>
        {events.map((event) => (
          <li key={`${event.at} ${event.kind} ${event.field ?? event.id ?? ''}`}>
            <span class="muted">{whenText(event.at, 'moment')}</span> {eventText(event)}
          </li>
        ))}
      </ul>
    </details>
  );
}

function eventText(event: DeviceEvent): string {
  const text = texts.value.plot.event[event.kind](event.title ?? '', event.count ?? 0);
  const more = event.kind === 'fault.began' ? event.text : event.why;
  return more ? `${text}: ${more}` : text;
}

function Table({times, lines}: {times: number[]; lines: ReturnType<typeof linesOf>}) {
  const words = texts.value.plot;
  const first = Math.max(0, times.length - tableRows);
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={words.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.time}</th>
            {lines.map((line) => (
              <th key={line.name} scope="col">
                {line.title} ({line.unit || '1'})
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times
            .slice(first)
            .map((at, i) => (
              <tr key={at}>
                <td>{whenText(at, 'moment')}</td>
                {lines.map((line) => (
                  <td key={line.name}>{line.column[first + i] ?? words.unknown}</td>
                ))}
              </tr>
            ))
            .reverse()}
        </tbody>
      </table>
    </div>
  );
}
