// The past of a device's fields. The address says which fields and which span.
import type {JSX} from 'preact';
import {useEffect, useMemo, useRef, useState} from 'preact/hooks';
import {get} from '../api/client.ts';
import type {DeviceEvent, EventPage, Family, History} from '../api/types.ts';
import {earlier, withBefore} from '../charts/compare.ts';
import {plotCsv, saveCsv} from '../charts/csv.ts';
import {columns, linesOf, type Pane, panes, stepFor} from '../charts/data.ts';
import {download} from '../charts/download.ts';
import {Plot} from '../charts/plot.tsx';
import {picture} from '../charts/png.ts';
import {historyPath, known, knownSpan, type Span} from '../charts/span.ts';
import {texts, whenText} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {fieldsOf, type NamedField} from '../store/paths.ts';
import {query, setQuery} from '../store/routes.ts';
import type {Twin} from '../store/twins.ts';
import {Segments, ToggleButton} from '../ui/controls.tsx';
import {Icon} from '../ui/icon.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';
import {Compared, momentsText, PlotTable} from './plot_tables.tsx';

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
const mostEvents = 200;
/** A plot of less than this shows too little. */
const leastSpan = 120_000;
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

type Facts = Parameters<typeof linesOf>[1];

export function PlotsTab({twin, family}: {twin: Twin; family: Family}) {
  const fields = useMemo(
    () => fieldsOf(family, twin.names.value).filter(isNumeric),
    [family, twin.names.value],
  );
  const chosen = query.value.get('fields')?.split(',').filter(Boolean) ?? usual(fields);
  const facts = useMemo(() => new Map(fields.map((field) => [field.name, field.facts])), [fields]);
  const choose = (names: string[]) => setQuery({fields: names.join(',')});
  const add = <ChooseFields fields={fields} chosen={chosen} onChoose={choose} />;
  return (
    <section class="card plots">
      {chosen.length === 0 ? (
        <>
          <p class="muted">{texts.value.plot.choose}</p>
          {add}
        </>
      ) : (
        <Opened
          key={chosen.join()}
          twin={twin}
          chosen={chosen}
          facts={facts}
          add={add}
          onRemove={(name) => choose(chosen.filter((one) => one !== name))}
        />
      )}
    </section>
  );
}

/** Adds a field, or takes one out: on a phone the legend has no room for that. */
function ChooseFields({
  fields,
  chosen,
  onChoose,
}: {
  fields: NamedField[];
  chosen: string[];
  onChoose: (names: string[]) => void;
}) {
  const words = texts.value.plot;
  const choose = (name: string) =>
    onChoose(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  const listed = (isChosen: boolean) =>
    fields
      .filter(({name}) => chosen.includes(name) === isChosen)
      .map(({name, facts}) => (
        <option key={name} value={name} disabled={!isChosen && chosen.length >= mostFields}>
          {facts?.title ?? name} ({name})
        </option>
      ));
  return (
    <select
      class="add-field"
      aria-label={words.add}
      value=""
      onChange={(event) => choose(event.currentTarget.value)}
    >
      <option value="">{words.add}</option>
      {chosen.length > 0 && (
        <optgroup label={texts.value.devicePage.takeOut}>{listed(true)}</optgroup>
      )}
      <optgroup label={words.add}>{listed(false)}</optgroup>
    </select>
  );
}

interface PlotsProps {
  twin: Twin;
  chosen: string[];
  facts: Facts;
  add: JSX.Element;
  onRemove: (name: string) => void;
}

/** Finds the span that has values, once the address names none. */
function Opened(props: PlotsProps) {
  const {twin, chosen} = props;
  const isAsked = query.value.has('span') || query.value.has('from');
  const isNeeded = useRef(false);
  isNeeded.current ||= !isAsked;
  const found = useLoad(
    async (cancel) =>
      isNeeded.current && {span: await knownSpan(twin.facts.sn, chosen, serverNow(), cancel)},
    [twin, isNeeded.current],
  );
  if (found.error) return <Failure error={found.error} retry={found.reload} />;
  if (!isAsked && !found.data) return <Skeleton height={480} />;
  return <Plots {...props} open={found.data ? found.data.span : null} />;
}

interface View {
  from: number;
  to: number;
  /** It goes on with the time. */
  follows: boolean;
}

/** The view is that of the address, or else the span that has values. */
function useView(open: Span | null): View {
  const [refresh, setRefresh] = useState(0);
  const span = query.value.get('span');
  const fixed = Number(query.value.get('from')) || 0;
  const view = useMemo(() => {
    const now = serverNow();
    if (fixed) return {from: fixed, to: Number(query.value.get('to')) || now, follows: false};
    if (span === null && open) {
      const follows = now - open.to < refreshMs * 24;
      const to = follows ? now : open.to;
      // It grows to a day, and goes on with the time from there.
      const most = Math.max(24 * hour, open.to - open.from);
      return {from: Math.max(Math.min(open.from, to - leastSpan), to - most), to, follows};
    }
    return {from: now - (spans[span ?? ''] ?? 24 * hour), to: now, follows: true};
  }, [fixed, query.value, refresh, span, open]);
  useEffect(() => {
    if (!view.follows) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) setRefresh((n) => n + 1);
    }, refreshMs);
    return () => clearInterval(timer);
  }, [view.follows]);
  return view;
}

interface Shown {
  times: number[];
  panes: Pane[];
}

function Plots({twin, chosen, facts, add, onRemove, open}: PlotsProps & {open: Span | null}) {
  const words = texts.value.plot;
  const [asTable, setAsTable] = useState(false);
  const levels = useRef<[string | null, string | null][]>([]);
  const box = useRef<HTMLElement>(null);
  const {from: asked, to} = useView(open);
  const step = stepFor(to - asked, Math.min(1000, box.current?.clientWidth ?? 800));
  const {sn} = twin.facts;
  const address = historyPath(sn, chosen, {from: asked, to}, step.text);
  const loaded = useLoad((cancel) => get<History>(address, cancel), [address]);
  const eventsAddress =
    `/devices/${encodeURIComponent(sn)}/events` +
    `?from=${Math.round(asked)}&to=${Math.round(to)}&limit=${mostEvents}`;
  const happened = useLoad((cancel) => get<EventPage>(eventsAddress, cancel), [eventsAddress]);
  const events = happened.data?.events ?? noEvents;
  const alone = useMemo<Shown | null>(() => {
    if (!loaded.data) return null;
    const [times, ...values] = columns(loaded.data.series);
    return {times, panes: panes(linesOf(loaded.data, facts, values))};
  }, [loaded.data, facts]);
  const from = openedAt(open, alone, asked, to, step.ms);
  const before = useBefore(sn, chosen, alone && {from, to}, step);
  const shown = useMemo<Shown | null>(() => {
    if (!alone || !before.isAsked) return alone;
    return {...alone, panes: withBefore(alone.panes, alone.times, before.data, step.ms)};
  }, [alone, before.isAsked, before.data, step.ms]);

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
  return (
    <section
      ref={box}
      aria-label={words.title}
      data-from={Math.round(from)}
      data-to={Math.round(to)}
    >
      <Tools view={{from, to}} zoom={zoom} add={add} />
      {loaded.error && <Failure error={loaded.error} retry={loaded.reload} />}
      {!shown && !loaded.error && <Skeleton height={480} />}
      {shown?.panes.map((pane, i) => (
        <Plot
          key={pane.unit}
          pane={pane}
          times={shown.times}
          from={from}
          to={to}
          stepMs={step.ms}
          isFirst={i === 0}
          events={events}
          onZoom={zoom}
          onBack={back}
          onRemove={onRemove}
        />
      ))}
      {shown && before.isAsked && before.data && (
        <Compared
          lines={shown.panes.flatMap((pane) => pane.lines)}
          before={{from: from - before.data.backMs, to: to - before.data.backMs}}
          stepMs={step.ms}
        />
      )}
      {before.isAsked && before.error && <Failure error={before.error} retry={before.reload} />}
      {shown && (
        <div class="buttons">
          <ToggleButton label={words.table} isOn={asTable} onChange={setAsTable} />
          <button type="button" class="small" onClick={() => saveCsv(sn, csvOf(shown))}>
            {words.csv}
          </button>
          <button
            type="button"
            class="small"
            onClick={() =>
              savePicture(box.current!, pictureTitle(twin, {from, to}, before), sn, shown)
            }
          >
            {words.png}
          </button>
        </div>
      )}
      {shown && asTable && (
        <PlotTable times={shown.times} lines={shown.panes.flatMap((p) => p.lines)} />
      )}
      {happened.error && <Failure error={happened.error} retry={happened.reload} />}
      <Events events={events} />
      <p class="muted small-text">{words.help}</p>
    </section>
  );
}

const isComparing = () => query.value.get('cmp') === '1';

/** The same fields one period earlier, if the address asks for them. */
function useBefore(
  sn: string,
  fields: string[],
  span: Span | null,
  step: {text: string; ms: number},
) {
  const isAsked = isComparing() && span !== null;
  const {backMs, ...at} = earlier(span ?? {from: 0, to: 0}, step.ms);
  const address = isAsked ? historyPath(sn, fields, at, step.text) : '';
  const loaded = useLoad(
    async (cancel) => address && {history: await get<History>(address, cancel), backMs},
    [address],
  );
  return {...loaded, data: loaded.data || null, isAsked};
}

/** A plot that opens by itself begins with its first value, which a finer step tells better. */
function openedAt(
  open: object | null,
  shown: Shown | null,
  asked: number,
  to: number,
  stepMs: number,
): number {
  if (!open || !shown || query.value.has('span') || query.value.has('from')) return asked;
  const lines = shown.panes.flatMap((pane) => pane.lines);
  const span = known(
    shown.times,
    lines.map((line) => line.column),
    stepMs,
  );
  return span ? Math.max(asked, Math.min(span.from, to - leastSpan)) : asked;
}

function csvOf({times, panes: list}: Shown): string {
  return plotCsv(
    times,
    list.flatMap((pane) => pane.lines),
  );
}

interface Before {
  isAsked: boolean;
  data: {backMs: number} | null;
}

/** The device, the span, and that of the paler lines. */
function pictureTitle(twin: Twin, {from, to}: Span, {isAsked, data}: Before): string {
  const title = `${twin.facts.name} · ${momentsText({from, to})}`;
  if (!isAsked || !data) return title;
  const earlierSpan = {from: from - data.backMs, to: to - data.backMs};
  return `${title} · ${texts.value.plot.paler(momentsText(earlierSpan))}`;
}

function savePicture(box: HTMLElement, title: string, sn: string, {panes: list}: Shown): void {
  const canvases = [...box.querySelectorAll<HTMLCanvasElement>('.plot canvas')];
  const labelled = list.flatMap((pane, i) => (canvases[i] ? [{pane, canvas: canvases[i]}] : []));
  if (labelled.length === 0) return;
  picture(title, labelled).toBlob((blob) => {
    if (blob) download(`${sn}.png`, blob);
  });
}

function Tools({
  view: {from, to},
  zoom,
  add,
}: {
  view: Span;
  zoom: (from: number, to: number) => void;
  add: JSX.Element;
}) {
  const words = texts.value.plot;
  const fixed = query.value.has('from');
  const span = query.value.get('span') ?? 'fit';
  const shift = (part: number) => zoom(from + (to - from) * part, to + (to - from) * part);
  const scale = (factor: number) => {
    const half = ((to - from) * factor) / 2;
    zoom((from + to) / 2 - half, (from + to) / 2 + half);
  };
  return (
    <div class="plot-tools">
      <Segments
        label={words.span}
        name="span"
        value={fixed ? null : span}
        onChange={(value) => setQuery({span: value === 'fit' ? null : value, from: null, to: null})}
        choices={[
          {value: 'fit', label: texts.value.devicePage.fit},
          {value: '1h', label: words.hour},
          {value: '6h', label: words.hours6},
          {value: '24h', label: words.day},
          {value: '7d', label: words.week},
          {value: '30d', label: words.month},
        ]}
      />
      <span class="steps">
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
      </span>
      {fixed && (
        <button type="button" class="small" onClick={() => setQuery({from: null, to: null})}>
          {words.live}
        </button>
      )}
      <label class="switch">
        <input
          type="checkbox"
          checked={isComparing()}
          onChange={() => setQuery({cmp: isComparing() ? null : '1'})}
        />
        {texts.value.history.compare}
      </label>
      {add}
    </div>
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
