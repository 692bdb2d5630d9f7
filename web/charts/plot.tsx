// One pane of lines over time. uPlot draws; the instance lives in a ref and dies with the pane.
import {useEffect, useRef, useState} from 'preact/hooks';
import type uPlot from 'uplot';
import type {DeviceEvent} from '../api/types.ts';
import {measuredText, spanText, texts, whenText, zone} from '../i18n/index.ts';
import {themeVersion} from '../store/preferences.ts';
import {Icon} from '../ui/icon.tsx';
import {timeLabels, timeSpace, valueLabels} from './axes.ts';
import {dashOf, extent, gaps, type Line, type Pane} from './data.ts';
import {markEvents, shadeGaps, token} from './marks.ts';
import {followTouch} from './touch.ts';

interface Props {
  pane: Pane;
  times: number[];
  from: number;
  to: number;
  stepMs: number;
  /** The first pane is what the page is opened for. */
  isFirst: boolean;
  /** Marked by lines. */
  events: DeviceEvent[];
  onZoom: (from: number, to: number) => void;
  onBack: () => void;
  onRemove: (name: string) => void;
}

export function Plot(props: Props) {
  const {pane, times, from, to, stepMs, events} = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [at, setAt] = useState<number | null>(null);
  const colours = themeVersion.value;
  const isCompared = pane.lines.some((line) => line.before);
  const kind = `${props.isFirst} ${isCompared} ${pane.lines.map((line) => line.name).join()}`;

  useEffect(() => {
    let gone = false;
    let observer: ResizeObserver | undefined;
    void import('uplot').then(({default: Plotter}) => {
      const element = box.current;
      if (gone || !element) return;
      plot.current = new Plotter(
        options(Plotter, latest, element, setAt),
        table(latest.current),
        element,
      );
      followTouch(plot.current, ({from: low, to: high}) => latest.current.onZoom(low, high));
      observer = new ResizeObserver(() => {
        const width = element.clientWidth;
        if (width === 0) return;
        const height = tall(latest.current.isFirst);
        requestAnimationFrame(() => plot.current?.setSize({width, height}));
      });
      observer.observe(element);
    });
    return () => {
      gone = true;
      observer?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [kind, colours]);

  useEffect(() => {
    plot.current?.batch(() => {
      plot.current?.setData(table(latest.current), false);
      plot.current?.setScale('x', {min: from, max: to});
    });
  }, [times, pane, from, to]);

  useEffect(() => {
    plot.current?.redraw(false);
  }, [events]);

  return (
    <figure class="pane">
      <Legend pane={pane} times={times} at={at} onRemove={props.onRemove} />
      <div
        class={props.isFirst ? 'plot first' : 'plot'}
        ref={box}
        tabIndex={0}
        role="img"
        aria-label={summary(pane)}
        onKeyDown={(event) => onKey(event, plot.current, latest.current)}
      />
      <figcaption>
        {summary(pane)} {gapText(pane, times, stepMs)}
      </figcaption>
    </figure>
  );
}

/** The first pane has 60 % of the screen; style/plots.css keeps its place until it is drawn. */
const tall = (isFirst: boolean) => Math.max(240, Math.round(innerHeight * (isFirst ? 0.6 : 0.3)));

function table({pane, times}: Props): uPlot.AlignedData {
  const before = pane.lines.flatMap((line) => (line.before ? [line.before] : []));
  return [times, ...before, ...pane.lines.map((line) => line.column)];
}

interface Latest {
  current: Props;
}

function options(
  Plotter: typeof uPlot,
  latest: Latest,
  element: HTMLElement,
  setAt: (at: number | null) => void,
): uPlot.Options {
  const {pane, isFirst} = latest.current;
  return {
    width: element.clientWidth,
    height: tall(isFirst),
    ms: 1,
    legend: {show: false},
    ...(zone() ? {tzDate: (ms: number) => Plotter.tzDate(new Date(ms), zone())} : {}),
    cursor: {
      drag: {x: true, y: false, setScale: false},
      sync: {key: 'device'},
      points: {size: 7},
      bind: {
        dblclick: () => () => {
          latest.current.onBack();
          return null;
        },
      },
    },
    scales: scales(latest.current),
    axes: axes(pane, element.clientWidth < narrowPx),
    series: [
      {},
      ...pane.lines.filter((line) => line.before).map((line) => outlineOptions(line)),
      ...pane.lines.map((line) => lineOptions(line)),
    ],
    hooks: {
      drawClear: [
        (u) => shadeGaps(u, latest.current.pane, latest.current.times, latest.current.stepMs),
      ],
      draw: [(u) => markEvents(u, latest.current.events)],
      setCursor: [(u) => setAt(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          if (u.select.width < 4) return;
          latest.current.onZoom(
            u.posToVal(u.select.left, 'x'),
            u.posToVal(u.select.left + u.select.width, 'x'),
          );
          u.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
        },
      ],
    },
  };
}

const hasPercent = (pane: Pane) => pane.lines.some((line) => line.unit === '%');

function scales({pane, from, to}: Props): uPlot.Scales {
  const range = (_: uPlot, least: number | null, most: number | null) =>
    spread(least, most, pane.unit);
  return {
    x: {time: true, min: from, max: to},
    ...(pane.unit === '%' ? {} : {y: {range}}),
    ...(hasPercent(pane) ? {'%': {range: [0, 100]}} : {}),
  };
}

/** In less the curve needs the room that labels have. */
const narrowPx = 480;

function axes(pane: Pane, isNarrow: boolean): uPlot.Axis[] {
  const axis = {
    stroke: () => token('muted'),
    font: `${isNarrow ? 11 : 12}px sans-serif`,
    ...(isNarrow ? {gap: 2} : {}),
    ticks: {show: false},
    grid: {stroke: () => token('hairline'), width: 1},
  };
  const own = pane.unit !== '%';
  const labels =
    (unit: string) => (_: uPlot, splits: number[], __: number, ___: number, step: number) =>
      valueLabels(splits, step, unit);
  const time: uPlot.Axis = {
    ...axis,
    space: timeSpace,
    values: (_, splits, __, ___, step) => timeLabels(splits, step),
  };
  const left: uPlot.Axis = {
    ...axis,
    scale: 'y',
    size: isNarrow ? 46 : 68,
    values: labels(pane.unit),
  };
  const percent: uPlot.Axis = {
    ...axis,
    scale: '%',
    side: own ? 1 : 3,
    size: isNarrow ? 36 : 52,
    grid: {show: !own, stroke: () => token('hairline'), width: 1},
    values: labels('%'),
  };
  return [time, ...(own ? [left] : []), ...(hasPercent(pane) ? [percent] : [])];
}

function lineOptions(line: Line): uPlot.Series {
  return {
    scale: line.unit === '%' ? '%' : 'y',
    stroke: () => token(line.colour),
    width: 2,
    spanGaps: false,
    dash: dashOf(line),
  };
}

/** The period before is drawn first, so that it lies below. */
function outlineOptions(line: Line): uPlot.Series {
  return {...lineOptions(line), width: 1.5, alpha: 0.5, points: {show: false}};
}

/** A power's scale has its 0; that of a voltage or a temperature begins near its least value. */
function spread(least: number | null, most: number | null, unit: string): [number, number] {
  const zero = unit === 'W' || unit === 'Wh' || unit === 'A' ? [0] : [];
  const low = Math.min(...zero, least ?? 0);
  const high = Math.max(...zero, most ?? 1);
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low === 0 ? 0 : low - room, high + room];
}

interface LegendProps {
  pane: Pane;
  times: number[];
  at: number | null;
  onRemove: (name: string) => void;
}

/** The lines have their values under the cursor here, each in its own place: nothing moves. */
function Legend({pane, times, at, onRemove}: LegendProps) {
  const words = texts.value.devicePage;
  const time = (at === null ? times.at(-1) : times[at]) ?? null;
  const isCompared = pane.lines.some((line) => line.before);
  return (
    <ul class={isCompared ? 'plot-legend comparing' : 'plot-legend'} aria-live="polite">
      <li class="moment">
        <span class="muted">{at === null ? words.latest : words.reading}</span>
        <b>{time === null ? '—' : whenText(time, 'moment')}</b>
      </li>
      {pane.lines.map((line) => {
        const value = at === null ? extent(line.column)?.last : line.column[at];
        return (
          <li key={line.name} title={`${line.title} (${line.name})`}>
            <Swatch line={line} />
            <span class="name">{line.title}</span>
            <b>{valueText(value, line)}</b>
            {line.before && <BeforeValue line={line} at={at} />}
            <button
              type="button"
              class="plain"
              aria-label={words.hide(line.title)}
              onClick={() => onRemove(line.name)}
            >
              <Icon name="close" size={16} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** The value one period earlier; the words of an empty one stand below the plots. */
function BeforeValue({line, at}: {line: Line; at: number | null}) {
  const it = extent(line.before ?? []);
  const value = at === null ? it?.last : line.before?.[at];
  return (
    <span class="before muted">
      {it && texts.value.history.before(value == null ? '—' : measuredText(value, line.unit))}
    </span>
  );
}

const valueText = (value: number | null | undefined, {unit}: Line) =>
  value == null ? texts.value.plot.unknown : measuredText(value, unit);

/** The look of a line: canvas colours come from tokens, and so does this. */
function Swatch({line}: {line: Line}) {
  return (
    <i
      class={`swatch ${line.dashed ? 'dashed' : ''} ${line.dotted ? 'dotted' : ''}`}
      style={{'--energy': `var(--${line.colour})`}}
      aria-hidden="true"
    />
  );
}

function summary(pane: Pane): string {
  return (
    pane.lines
      .flatMap((line) => {
        const it = extent(line.column);
        const text = (value: number | null) => measuredText(value, line.unit);
        return it
          ? [texts.value.plot.summary(line.title, text(it.least), text(it.most), text(it.last))]
          : [];
      })
      .join(' ') || texts.value.plot.noData
  );
}

function gapText(pane: Pane, times: number[], stepMs: number): string {
  const rows = gaps(
    pane.lines.map((line) => line.column),
    times.length,
  ).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const seconds = (rows * stepMs) / 1000;
  return seconds >= 60 ? texts.value.plot.gaps(spanText(seconds)) : '';
}

/** The plot by keyboard: arrows move the cursor, plus and minus zoom, Escape goes back. */
function onKey(event: KeyboardEvent, u: uPlot | null, props: Props): void {
  if (!u) return;
  const moves: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    Home: -Infinity,
    End: Infinity,
  };
  const move = moves[event.key];
  const {from, to, times} = props;
  if (move !== undefined) {
    const next = (u.cursor.idx ?? times.length - 1) + move * (event.shiftKey ? 10 : 1);
    const index = Math.min(times.length - 1, Math.max(0, next));
    u.setCursor({left: u.valToPos(times[index] ?? to, 'x'), top: 20});
  } else if (event.key === '+' || event.key === '-') {
    const middle = (from + to) / 2;
    const half = (to - from) / (event.key === '+' ? 4 : 1);
    props.onZoom(middle - half, middle + half);
  } else if (event.key === 'Escape') {
    props.onBack();
  } else {
    return;
  }
  event.preventDefault();
}
