// Stacked bars: sources upward, uses downward. SVG, because they are few and have to be themed.
import {useRef} from 'preact/hooks';
import {decimal, energyForm} from '../format/number.ts';
import {localeName} from '../i18n/index.ts';
import {
  type Bar,
  type BarPart,
  colourOf,
  heightOf,
  isKnown,
  sources,
  stacked,
  uses,
} from './energy.ts';
import {axisName} from './labels.ts';
import {labelled, labelStep, scaleOf, stepDigits} from './scale.ts';
import {useSize} from './use_size.ts';

interface Props {
  bars: Bar[];
  /** Those of the period before in the same slots, as outlines. */
  before?: (Bar | undefined)[];
  /** Slots of the whole period; those to come stay empty. */
  count: number;
  label: string;
  /** Names a slot on the axis. */
  names: (index: number) => string;
  chosen: number | null;
  onChoose: (index: number | null) => void;
  /** A click or Enter on a bar; absent: nothing opens. */
  onOpen?: (index: number) => void;
  /** Fills the height of its box; absent: has the height of a page's main picture. */
  fills?: boolean;
}

const left = 46;
const bottom = 24;
/** The unit has a row of its own above the topmost line. */
const top = 24;
const digitWidth = 7.5;

export function Bars(props: Props) {
  const {bars, before = [], count, names, chosen, onChoose, onOpen} = props;
  const {box, width, height: boxHeight} = useSize(240);
  const usual = width < 600 ? 280 : 360;
  const height = props.fills ? Math.max(170, boxHeight) : usual;
  const all = [...bars, ...before.flatMap((bar) => bar ?? [])];
  const up = Math.max(...all.map((bar) => heightOf(bar, sources)), 0.001);
  const down = Math.max(...all.map((bar) => heightOf(bar, uses)), 0);
  const scale = scaleOf(up, down, height < 260 ? 2 : 4);
  const form = energyForm([scale.most, scale.least]);
  const digits = stepDigits(scale.step, form);
  const y = (kwh: number) =>
    top + ((scale.most - kwh) / (scale.most - scale.least)) * (height - top - bottom);
  const slot = (width - left) / count;
  const label = (i: number) => axisName(names(i));
  const longest = Math.max(...Array.from({length: count}, (_, i) => label(i).length));
  const every = labelStep(count, slot, longest * digitWidth + 8);
  const pointer = useRef({isMouse: true, chosenBefore: null as number | null});

  const at = (event: PointerEvent | MouseEvent) => {
    const x = event.clientX - box.current!.getBoundingClientRect().left - left;
    const index = Math.floor(x / slot);
    return index >= 0 && index < count ? index : null;
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && chosen !== null) {
      onOpen?.(chosen);
      return;
    }
    const next = nextSlot(event.key, chosen, count);
    if (next === null) return;
    event.preventDefault();
    onChoose(next);
  };
  const onClick = (event: MouseEvent) => {
    const index = at(event);
    const {isMouse, chosenBefore} = pointer.current;
    // A first touch shows the figures, as a mouse does that comes near.
    if (index !== null && (isMouse || chosenBefore === index)) onOpen?.(index);
  };
  return (
    <div
      class={`bar-chart${props.fills ? ' fills' : ''}${onOpen && chosen !== null ? ' opens' : ''}`}
      ref={box}
      tabIndex={0}
      role="group"
      aria-label={props.label}
      onKeyDown={onKey}
      onClick={onClick}
      onPointerDown={(event) => {
        pointer.current = {isMouse: event.pointerType === 'mouse', chosenBefore: chosen};
      }}
      onPointerMove={(event) => onChoose(at(event))}
      onPointerLeave={(event) => {
        if (event.pointerType === 'mouse') onChoose(null);
      }}
    >
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <Patterns />
        <text x={left - 8} y={12} text-anchor="end">
          {form.unit}
        </text>
        {scale.lines.map((kwh) => (
          <g key={kwh} class={Math.abs(kwh) < scale.step / 2 ? 'zero' : 'line'}>
            <path d={`M${left} ${y(kwh)}H${width}`} />
            <text x={left - 8} y={y(kwh) + 4} text-anchor="end">
              {decimal(Math.abs(kwh) / form.size, digits, localeName())}
            </text>
          </g>
        ))}
        {chosen !== null && (
          <rect
            class="slot"
            x={left + chosen * slot}
            y={top}
            width={slot}
            height={height - top - bottom}
          />
        )}
        {bars.slice(0, count).map((bar, i) => (
          <OneBar key={bar.from} bar={bar} x={left + i * slot} width={slot} y={y} scale={scale} />
        ))}
        {before.map(
          (bar, i) =>
            bar &&
            isKnown(bar) && (
              <rect
                key={names(i)}
                class="before"
                x={left + i * slot + (slot - thickness(slot)) / 2 - 2}
                y={y(heightOf(bar, sources))}
                width={thickness(slot) + 4}
                height={y(-heightOf(bar, uses)) - y(heightOf(bar, sources))}
              />
            ),
        )}
        {labelled(count, every).map((i) => (
          <text key={i} x={left + (i + 0.5) * slot} y={height - 6} text-anchor="middle">
            {label(i)}
          </text>
        ))}
      </svg>
    </div>
  );
}

const thickness = (slot: number) => Math.min(slot * 0.76, 48);

/** The slot that a key goes to; null: it goes nowhere. */
export function nextSlot(key: string, chosen: number | null, count: number): number | null {
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, (chosen ?? count) - 1);
    case 'ArrowRight':
      return Math.min(count - 1, (chosen ?? -1) + 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

/** Hatched: what comes out of a battery, what goes to the grid, and what is not known. */
function Patterns() {
  return (
    <defs>
      {(['battery', 'grid', 'unknown'] as const).map((of) => (
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
          <rect class="hatch" width={of === 'unknown' ? 1.5 : 3} height="6" />
        </pattern>
      ))}
    </defs>
  );
}

interface OneBarProps {
  bar: Bar;
  x: number;
  width: number;
  y: (kwh: number) => number;
  scale: {most: number; least: number};
}

function OneBar({bar, x, width, y, scale}: OneBarProps) {
  if (!isKnown(bar)) {
    if (bar.unknown_s === 0) return null; // still to come
    return (
      <rect
        class="unknown"
        x={x}
        y={y(scale.most)}
        width={width}
        height={y(scale.least) - y(scale.most)}
      />
    );
  }
  return (
    <g>
      {[...stack(bar, sources, 1), ...stack(bar, uses, -1)].map(([part, from, to]) => (
        <Part
          key={part}
          part={part}
          x={x}
          width={width}
          y1={y(Math.max(from, to))}
          y2={y(Math.min(from, to))}
        />
      ))}
    </g>
  );
}

/** Each part with where it begins and ends, away from zero. */
function stack(bar: Bar, of: BarPart[], sign: 1 | -1): [BarPart, number, number][] {
  let reached = 0;
  return of
    .filter((part) => stacked(bar, part) > 0)
    .map((part) => {
      const from = reached;
      reached += stacked(bar, part);
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
  const thick = thickness(width);
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
