// The powers of the home over a day, and its charge: sources and what comes from the grid upward,
// what goes to the grid and into batteries downward.
import {useState} from 'preact/hooks';
import {get} from '../api/client.ts';
import type {HomeSeries, NodeId} from '../api/types.ts';
import {hoursOfDay} from '../format/age.ts';
import {decimal, powerForm} from '../format/number.ts';
import {shifted} from '../format/period.ts';
import {localeName, percentText, powerText, texts, whenText, zone} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {useLoad} from '../ui/load.tsx';
import {nextSlot} from './bars.tsx';
import {type Column, gaps, pathOf} from './data.ts';
import {labelled, labelStep, scaleOf, stepDigits} from './scale.ts';
import {useSize} from './use_size.ts';

/** The finest that the home has. */
const stepText = '15m';
const hourMs = 3_600_000;
const left = 46;
const right = 40;
const top = 24;
const bottom = 24;

/** In the order of drawing: the home's use lies above the others. */
const places = ['sun', 'grid', 'battery', 'home'] as const satisfies NodeId[];
type Place = (typeof places)[number];
const inLegend: Place[] = ['home', 'sun', 'grid', 'battery'];

interface Row {
  place: Place;
  column: Column;
}

/** A battery that charges takes power, so its line goes down. */
const upward: Record<Place, 1 | -1> = {sun: 1, grid: 1, battery: -1, home: 1};

export function useDaySeries(date: string, version = 0) {
  const loaded = useLoad(
    async (cancel) => ({
      date,
      series: await get<HomeSeries>(
        `/home/series?from=${date}&to=${shifted(date, 'day', 1)}&step=${stepText}`,
        cancel,
      ),
    }),
    [date, version],
  );
  return {...loaded, data: loaded.data?.date === date ? loaded.data.series : null};
}

function rowsOf(series: HomeSeries): Row[] {
  return places.flatMap((place) => {
    const column = series.powers_w[place];
    if (!column?.some((power_w) => power_w !== null)) return [];
    return [{place, column: column.map((w) => (w === null ? null : w * upward[place]))}];
  });
}

/** Whether there is a curve to draw. */
export const hasCurve = (series: HomeSeries) => rowsOf(series).length > 0;

export function DayCurve({series, label}: {series: HomeSeries; label: string}) {
  const [chosen, setChosen] = useState<number | null>(null);
  const {box, width} = useSize(240);
  const rows = rowsOf(series);
  const charge = series.charge_percent?.some((one) => one !== null) ? series.charge_percent : null;
  const height = width < 600 ? 220 : 250;
  const edge = width - (charge ? right : 8);
  const {from, times, step} = series;
  // The whole day, also where the answer ends with the present.
  const hours = hoursOfDay(from, zone());
  const to = from + hours * hourMs;
  const values = rows.flatMap((row) => row.column.flatMap((power_w) => power_w ?? []));
  const scale = scaleOf(Math.max(...values, 1), Math.max(0, -Math.min(...values, 0)), 4);
  const form = powerForm([scale.most, scale.least]);
  const digits = stepDigits(scale.step, form);
  const x = (ms: number) => left + ((ms - from) / (to - from)) * (edge - left);
  const at = (i: number) => x(times[i]! + step / 2);
  const y = (power_w: number) =>
    top + ((scale.most - power_w) / (scale.most - scale.least)) * (height - top - bottom);
  const yCharge = (percent: number) => top + (1 - percent / 100) * (height - top - bottom);
  const past = times.filter((time) => time < serverNow()).length;
  const every = labelStep(hours, (edge - left) / hours, 48);
  const unknown = gaps(
    [...rows.map((row) => row.column), ...(charge ? [charge] : [])],
    past,
  ).filter(([first, last]) => last > first);
  const shown = chosen ?? lastKnown(rows, past);
  const pick = (event: PointerEvent) => {
    const ms =
      from +
      ((event.clientX - box.current!.getBoundingClientRect().left - left) / (edge - left)) *
        (to - from);
    const index = Math.floor((ms - (times[0] ?? from)) / step);
    setChosen(index >= 0 && index < past ? index : null);
  };
  return (
    <>
      <CurveLegend
        rows={rows}
        charge={charge}
        index={shown}
        moment={shown === null ? null : (times[shown] ?? null)}
      />
      <div
        class="day-curve"
        ref={box}
        tabIndex={0}
        role="group"
        aria-label={label}
        onPointerMove={pick}
        onPointerLeave={() => setChosen(null)}
        onKeyDown={(event) => {
          const next = nextSlot(event.key, chosen, past);
          if (next === null || past === 0) return;
          event.preventDefault();
          const far = event.shiftKey && chosen !== null ? (next - chosen) * 11 : 0;
          setChosen(Math.min(past - 1, Math.max(0, next + far)));
        }}
      >
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          <text x={left - 8} y={12} text-anchor="end">
            {form.unit}
          </text>
          {charge && (
            <text x={width} y={12} text-anchor="end">
              %
            </text>
          )}
          {unknown.map(([first, last]) => (
            <rect
              key={first}
              class="gap"
              x={x(times[first]!)}
              y={top}
              width={x(times[last]! + step) - x(times[first]!)}
              height={height - top - bottom}
            />
          ))}
          {scale.lines.map((power_w) => (
            <g key={power_w} class={Math.abs(power_w) < scale.step / 2 ? 'zero' : 'line'}>
              <path d={`M${left} ${y(power_w)}H${edge}`} />
              <text x={left - 8} y={y(power_w) + 4} text-anchor="end">
                {decimal(power_w / form.size, digits, localeName())}
              </text>
            </g>
          ))}
          {charge &&
            [0, 50, 100].map((percent) => (
              <text key={percent} x={width} y={yCharge(percent) + 4} text-anchor="end">
                {percent}
              </text>
            ))}
          {labelled(hours, every).map((hour) => (
            <text key={hour} x={x(from + hour * hourMs)} y={height - 6} text-anchor="middle">
              {whenText(from + hour * hourMs, 'time')}
            </text>
          ))}
          {rows.map(({place, column}) => (
            <g key={place} class={`of-${place} line-of-${place}`}>
              {place === 'sun' && <path class="area" d={areaOf(column, at, y)} />}
              <path class="curve" d={pathOf(column, at, y)} />
            </g>
          ))}
          {charge && (
            <g class="of-battery line-of-charge">
              <path class="curve" d={pathOf(charge, at, yCharge)} />
            </g>
          )}
          {shown !== null && chosen !== null && (
            <path class="cursor" d={`M${at(shown)} ${top}V${height - bottom}`} />
          )}
        </svg>
      </div>
    </>
  );
}

function lastKnown(rows: Row[], past: number): number | null {
  for (let i = past - 1; i >= 0; i--) {
    if (rows.some((row) => row.column[i] != null)) return i;
  }
  return null;
}

/** The area between a line and 0, a piece for each stretch that is known. */
function areaOf(column: Column, x: (i: number) => number, y: (v: number) => number): string {
  let text = '';
  for (let i = 0; i < column.length; i++) {
    if (column[i] == null) continue;
    const first = i;
    while (column[i + 1] != null) i++;
    text += `M${x(first).toFixed(1)} ${y(0).toFixed(1)}`;
    for (let at = first; at <= i; at++) {
      text += `L${x(at).toFixed(1)} ${y(column[at]!).toFixed(1)}`;
    }
    text += `L${x(i).toFixed(1)} ${y(0).toFixed(1)}Z`;
  }
  return text;
}

/** Each line with its colour and its value at a moment; no value moves its neighbours. */
function CurveLegend({
  rows,
  charge,
  index,
  moment,
}: {
  rows: Row[];
  charge: Column | null;
  index: number | null;
  moment: number | null;
}) {
  const words = texts.value.home;
  const told = inLegend.flatMap((place) => rows.find((row) => row.place === place) ?? []);
  const powerOf = (row: Row) => (index === null ? null : (row.column[index] ?? null));
  const way = ({place}: Row, power_w: number | null) => {
    if (power_w === null || Math.abs(power_w) < 1) return words[place];
    if (place === 'grid') return power_w > 0 ? words.importing : words.exporting;
    if (place !== 'battery') return words[place];
    return power_w > 0 ? words.discharging : words.charging;
  };
  return (
    <ul class="curve-legend" aria-live="polite">
      <li>
        <time>{moment === null ? '' : whenText(moment, 'time')}</time>
      </li>
      {told.map((row) => {
        const power_w = powerOf(row);
        return (
          <li key={row.place}>
            <i class={`swatch of-${row.place}`} aria-hidden="true" />
            <span>{way(row, power_w)}</span>
            <b>{powerText(power_w === null ? null : Math.abs(power_w))}</b>
          </li>
        );
      })}
      {charge && (
        <li>
          <i class="swatch dashed of-battery" aria-hidden="true" />
          <span>{words.charge}</span>
          <b>{percentText(index === null ? null : charge[index])}</b>
        </li>
      )}
    </ul>
  );
}
