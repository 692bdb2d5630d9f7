// One pane of lines over time. uPlot draws; the instance lives in a ref and dies with the pane.
import {useEffect, useRef, useState} from 'preact/hooks';
import type uPlot from 'uplot';
import type {DeviceEvent} from '../api/types.ts';
import {quantity} from '../format/number.ts';
import {localeName, texts, whenText, zone} from '../i18n/index.ts';
import {themeVersion} from '../store/preferences.ts';
import {extent, gaps, type Line, type Pane} from './data.ts';

interface Props {
  pane: Pane;
  times: number[];
  from: number;
  to: number;
  stepMs: number;
  /** Marked by lines. */
  events: DeviceEvent[];
  onZoom: (from: number, to: number) => void;
  onBack: () => void;
}

const token = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const withUnit = (text: string, unit: string) => (unit === '%' ? `${text}%` : `${text} ${unit}`);

const numberText = (value: number | null | undefined) =>
  value == null ? '—' : quantity(value, localeName(), Math.abs(value) >= 100 ? 1 : 0.01);

export function Plot(props: Props) {
  const {pane, times, from, to, stepMs, events} = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [at, setAt] = useState<number | null>(null);
  const colours = themeVersion.value;
  const kind = pane.lines.map((line) => line.name).join();

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
      observer = new ResizeObserver(() => {
        const width = element.clientWidth;
        if (width > 0) requestAnimationFrame(() => plot.current?.setSize({width, height: tall()}));
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
    <figure>
      <Readout pane={pane} times={times} at={at} />
      <div
        class="plot"
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

const tall = () => (innerWidth < 768 ? 240 : 320);

function table({pane, times}: Props): uPlot.AlignedData {
  return [times, ...pane.lines.map((line) => line.column)];
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
  const {pane} = latest.current;
  const hasPercent = pane.lines.some((line) => line.unit === '%');
  const axis = {
    stroke: () => token('muted'),
    font: '12px sans-serif',
    ticks: {show: false},
    grid: {stroke: () => token('hairline'), width: 1},
  };
  const own = pane.unit !== '%';
  return {
    width: element.clientWidth,
    height: tall(),
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
    scales: {
      x: {time: true, min: latest.current.from, max: latest.current.to},
      ...(own
        ? {y: {range: (_: uPlot, least: number | null, most: number | null) => spread(least, most)}}
        : {}),
      ...(hasPercent ? {'%': {range: [0, 100]}} : {}),
    },
    axes: [
      {
        ...axis,
        values: (_, splits, __, ___, step) =>
          splits.map((ms) => whenText(ms, step >= 86_400_000 ? 'moment' : 'time')),
      },
      ...(own
        ? [
            {
              ...axis,
              scale: 'y',
              size: 64,
              values: (_: uPlot, splits: number[]) =>
                splits.map((v) => withUnit(numberText(v), pane.unit)),
            },
          ]
        : []),
      ...(hasPercent
        ? [
            {
              ...axis,
              scale: '%',
              side: own ? (1 as const) : (3 as const),
              size: 48,
              grid: {show: !own},
              values: (_: uPlot, splits: number[]) => splits.map((v) => `${v}%`),
            },
          ]
        : []),
    ],
    series: [{}, ...pane.lines.map((line) => lineOptions(line))],
    hooks: {
      drawClear: [(u) => shadeGaps(u, latest.current)],
      draw: [(u) => markEvents(u, latest.current)],
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

function lineOptions(line: Line): uPlot.Series {
  return {
    scale: line.unit === '%' ? '%' : 'y',
    stroke: () => token(line.colour),
    width: 2,
    spanGaps: false,
    ...(line.dashed ? {dash: [6, 4]} : {}),
  };
}

/** Power from 0, or on both sides of it. */
function spread(least: number | null, most: number | null): [number, number] {
  const low = Math.min(0, least ?? 0);
  const high = Math.max(0, most ?? 1);
  const room = (high - low || 1) * 0.06;
  return [low < 0 ? low - room : 0, high + room];
}

function shadeGaps(u: uPlot, {pane, times, stepMs}: Props): void {
  const {ctx, bbox} = u;
  ctx.save();
  ctx.fillStyle = token('sunk');
  for (const [first, last] of gaps(
    pane.lines.map((line) => line.column),
    times.length,
  )) {
    const x1 = Math.max(bbox.left, u.valToPos(times[first]!, 'x', true));
    const x2 = Math.min(bbox.left + bbox.width, u.valToPos(times[last]! + stepMs, 'x', true));
    if (x2 > x1) ctx.fillRect(x1, bbox.top, x2 - x1, bbox.height);
  }
  ctx.restore();
}

const eventColours: Record<DeviceEvent['kind'], string> = {
  'fault.began': 'critical',
  'fault.ended': 'critical',
  online: 'muted',
  offline: 'muted',
  'set.answered': 'link',
  'set.refused': 'link',
  'set.unanswered': 'link',
  left_out: 'muted',
};

/** A line for each event: solid where something began, dashed where it ended. */
function markEvents(u: uPlot, {events}: Props): void {
  const {ctx, bbox} = u;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const {at, kind} of events) {
    const x = Math.round(u.valToPos(at, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = token(eventColours[kind]);
    ctx.setLineDash(kind === 'fault.ended' || kind === 'online' ? [4, 4] : []);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function Readout({pane, times, at}: {pane: Pane; times: number[]; at: number | null}) {
  const time = at === null ? null : times[at];
  return (
    <p class="readout" aria-live="polite">
      {time != null && <b>{whenText(time, 'moment')}</b>}
      {pane.lines.map((line) => {
        const value = at === null ? extent(line.column)?.last : line.column[at];
        return (
          <span key={line.name}>
            <Swatch line={line} />
            {line.title}{' '}
            <b>
              {value == null ? texts.value.plot.unknown : withUnit(numberText(value), line.unit)}
            </b>
          </span>
        );
      })}
    </p>
  );
}

/** What a line looks like: canvas colours come from tokens, and so does this. */
function Swatch({line}: {line: Line}) {
  return (
    <i
      class={`swatch ${line.dashed ? 'dashed' : ''}`}
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
        const text = (value: number | null) => withUnit(numberText(value), line.unit);
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
  const minutes = Math.round((rows * stepMs) / 60_000);
  return minutes > 0 ? texts.value.plot.gaps(`${minutes} min`) : '';
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
