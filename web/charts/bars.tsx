// Stacked bars: sources upward, uses downward. SVG, because they are few and have to be themed.
import {useEffect, useRef, useState} from 'preact/hooks';
import {decimal} from '../format/number.ts';
import {localeName} from '../i18n/index.ts';
import {type Bar, type BarPart, colourOf, niceStep, sources, uses} from './energy.ts';

interface Props {
  bars: Bar[];
  /** Those of the period before, as outlines behind. */
  before?: Bar[];
  /** Bars of the whole period; those to come stay empty. */
  count: number;
  label: string;
  names: (bar: Bar, index: number) => string;
  chosen: number | null;
  onChoose: (index: number | null) => void;
  /** Its height, if not that of a page's main picture. */
  tall?: number;
}

/** Decimals that tell two lines of the scale apart. */
function digitsOf(step: number): number {
  if (step < 0.1) return 2;
  return step < 1 ? 1 : 0;
}

const left = 52;
const bottom = 24;
const top = 8;

export function Bars({bars, before = [], count, label, names, chosen, onChoose, tall}: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(280, entry.contentRect.width));
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const height = tall ?? (width < 600 ? 280 : 360);
  const up = Math.max(...[...bars, ...before].map((bar) => sum(bar, sources)), 0.001);
  const down = Math.max(...[...bars, ...before].map((bar) => sum(bar, uses)), 0.001);
  const step = niceStep(Math.max(up, down), 4);
  const most = Math.ceil(up / step) * step;
  const least = Math.ceil(down / step) * step;
  const y = (kwh: number) => top + ((most - kwh) / (most + least)) * (height - top - bottom);
  const slot = (width - left) / count;
  const digits = digitsOf(step);
  const lines = Array.from(
    {length: Math.round((most + least) / step) + 1},
    (_, i) => most - i * step,
  );
  const every = Math.ceil(44 / slot);
  const at = (x: number) => {
    const index = Math.floor((x - left) / slot);
    onChoose(index >= 0 && index < bars.length ? index : null);
  };
  const onKey = (event: KeyboardEvent) => {
    const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!move) return;
    event.preventDefault();
    onChoose(
      Math.min(bars.length - 1, Math.max(0, (chosen ?? (move > 0 ? -1 : bars.length)) + move)),
    );
  };
  return (
    <div
      class="bar-chart"
      ref={box}
      tabIndex={0}
      role="img"
      aria-label={label}
      onKeyDown={onKey}
      onPointerMove={(event) => at(event.clientX - box.current!.getBoundingClientRect().left)}
      onPointerLeave={() => onChoose(null)}
    >
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <defs>
          {(['battery', 'grid'] as const).map((of) => (
            <pattern
              key={of}
              id={`hatch-${of}`}
              class={`of-${of}`}
              width="6"
              height="6"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect class="hatch-ground" width="6" height="6" />
              <rect class="hatch" width="3" height="6" />
            </pattern>
          ))}
        </defs>
        <text x={0} y={top + 4}>
          kWh
        </text>
        {lines.map((kwh) => (
          <g key={kwh} class={Math.abs(kwh) < step / 2 ? 'zero' : 'line'}>
            <path d={`M${left} ${y(kwh)}H${width}`} />
            <text x={left - 8} y={y(kwh) + 4} text-anchor="end">
              {decimal(Math.abs(kwh), digits, localeName())}
            </text>
          </g>
        ))}
        {before.slice(0, count).map((bar, i) => (
          <rect
            key={bar.from}
            class="before"
            x={left + (i + 0.06) * slot}
            y={y(sum(bar, sources))}
            width={slot * 0.88}
            height={y(-sum(bar, uses)) - y(sum(bar, sources))}
          />
        ))}
        {bars.map((bar, i) => (
          <g key={bar.from} class={chosen === i ? 'chosen' : ''}>
            <rect
              class="slot"
              x={left + i * slot}
              y={top}
              width={slot}
              height={height - top - bottom}
            />
            {stack(bar, sources, 1).map(([part, from, to]) => (
              <Part
                key={part}
                part={part}
                x={left + i * slot}
                width={slot}
                y1={y(to)}
                y2={y(from)}
              />
            ))}
            {stack(bar, uses, -1).map(([part, from, to]) => (
              <Part
                key={part}
                part={part}
                x={left + i * slot}
                width={slot}
                y1={y(from)}
                y2={y(to)}
              />
            ))}
            {i % every === 0 && (
              <text class="name" x={left + (i + 0.5) * slot} y={height - 6} text-anchor="middle">
                {names(bar, i)}
              </text>
            )}
          </g>
        ))}
      </svg>
    </div>
  );
}

const sum = (bar: Bar, parts: BarPart[]) =>
  parts.reduce((total, part) => total + (bar[part] ?? 0), 0);

/** Each part with where it begins and ends, away from zero. */
function stack(bar: Bar, parts: BarPart[], sign: 1 | -1): [BarPart, number, number][] {
  let reached = 0;
  return parts
    .filter((part) => (bar[part] ?? 0) > 0)
    .map((part) => {
      const from = reached;
      reached += bar[part] ?? 0;
      return [part, sign * from, sign * reached];
    });
}

function Part({
  part,
  x,
  width,
  y1,
  y2,
}: {
  part: BarPart;
  x: number;
  width: number;
  y1: number;
  y2: number;
}) {
  const [colour, hatched] = colourOf[part].split(' ');
  const thick = Math.min(width * 0.76, 48);
  return (
    <rect
      class={`of-${colour}`}
      x={x + (width - thick) / 2}
      y={y1}
      width={thick}
      height={Math.max(0.5, y2 - y1)}
      fill={hatched ? `url(#hatch-${colour})` : 'var(--energy)'}
    />
  );
}
