// The powers of the home over a day, and its charge: sources and what comes from the grid upward,
// what goes to the grid and into batteries downward.
import {useState} from 'preact/hooks';
import {get} from '../api/client.ts';
import type {HomeSeries, NodeId} from '../api/types.ts';
import {decimal} from '../format/number.ts';
import {shifted} from '../format/period.ts';
import {localeName, percentText, powerText, texts, whenText, zone} from '../i18n/index.ts';
import {wayText} from '../i18n/power.ts';
import {serverNow} from '../store/clock.ts';
import {useLoad} from '../ui/load.tsx';
import {nextSlot} from './bars.tsx';
import {type Column, gaps, pathOf} from './data.ts';
import {areaOf, type DayGeometry, dayGeometry} from './day_geometry.ts';
import {axisName} from './labels.ts';
import {labelled, labelStep} from './scale.ts';
import {useSize} from './use_size.ts';

/** The finest that the home has. */
const stepText = '15m';
const hourMs = 3_600_000;
/** The width of a label such as 12:00, with a space, in px. */
const hourWidth = 48;
const percents = [0, 50, 100];

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
  const geometry = dayGeometry({
    series,
    columns: rows.map((row) => row.column),
    hasCharge: charge !== null,
    width,
    height: width < 600 ? 220 : 250,
    zone: zone(),
  });
  const past = series.times.filter((time) => time < serverNow()).length;
  const shown = chosen ?? lastKnown(rows, past);
  const onMove = (event: PointerEvent) => {
    const index = geometry.stepAt(event.clientX - box.current!.getBoundingClientRect().left);
    setChosen(index >= 0 && index < past ? index : null);
  };
  const onKey = (event: KeyboardEvent) => {
    const next = past === 0 ? null : nextSlot(event.key, chosen, past);
    if (next !== null) {
      event.preventDefault();
      setChosen(next);
    }
  };
  return (
    <>
      <CurveLegend
        rows={rows}
        charge={charge}
        index={shown}
        moment={shown === null ? null : (series.times[shown] ?? null)}
        isChosen={chosen !== null}
      />
      <div
        class="day-curve"
        ref={box}
        tabIndex={0}
        role="group"
        aria-label={label}
        onPointerMove={onMove}
        onPointerLeave={() => setChosen(null)}
        onKeyDown={onKey}
      >
        <svg
          width={geometry.width}
          height={geometry.height}
          viewBox={`0 0 ${geometry.width} ${geometry.height}`}
          aria-hidden="true"
        >
          <Gaps
            spans={gaps([...rows.map((row) => row.column), ...(charge ? [charge] : [])], past)}
            geometry={geometry}
          />
          <Axes geometry={geometry} midnight={series.from} hasCharge={charge !== null} />
          <Lines rows={rows} charge={charge} geometry={geometry} />
          {chosen !== null && (
            <path
              class="cursor"
              d={`M${geometry.stepX(chosen)} ${geometry.top}V${geometry.bottom}`}
            />
          )}
        </svg>
      </div>
    </>
  );
}

/** Steps of which nothing is known; the last one may just have begun. */
function Gaps({spans, geometry}: {spans: [number, number][]; geometry: DayGeometry}) {
  const {stepEdge, top, bottom} = geometry;
  return (
    <>
      {spans
        .filter(([first, last]) => last > first)
        .map(([first, last]) => (
          <rect
            key={first}
            class="gap"
            x={stepEdge(first)}
            y={top}
            width={stepEdge(last + 1) - stepEdge(first)}
            height={bottom - top}
          />
        ))}
    </>
  );
}

interface AxesProps {
  geometry: DayGeometry;
  /** In Unix milliseconds. */
  midnight: number;
  hasCharge: boolean;
}

function Axes({geometry, midnight, hasCharge}: AxesProps) {
  const {scale, form, left, right, width, hours, hourX, powerY, chargeY} = geometry;
  const every = labelStep(hours, (right - left) / hours, hourWidth);
  return (
    <>
      <text x={left - 8} y={12} text-anchor="end">
        {form.unit}
      </text>
      {scale.lines.map((power_w) => (
        <g key={power_w} class={Math.abs(power_w) < scale.step / 2 ? 'zero' : 'line'}>
          <path d={`M${left} ${powerY(power_w)}H${right}`} />
          <text x={left - 8} y={powerY(power_w) + 4} text-anchor="end">
            {decimal(power_w / form.size, geometry.digits, localeName())}
          </text>
        </g>
      ))}
      {hasCharge && (
        <text x={width} y={12} text-anchor="end">
          %
        </text>
      )}
      {hasCharge &&
        percents.map((percent) => (
          <text key={percent} x={width} y={chargeY(percent) + 4} text-anchor="end">
            {percent}
          </text>
        ))}
      {labelled(hours, every).map((hour) => (
        <text key={hour} x={hourX(hour)} y={geometry.height - 6} text-anchor="middle">
          {axisName(whenText(midnight + hour * hourMs, 'time'))}
        </text>
      ))}
    </>
  );
}

interface LinesProps {
  rows: Row[];
  charge: Column | null;
  geometry: DayGeometry;
}

function Lines({rows, charge, geometry}: LinesProps) {
  const {stepX, powerY, chargeY} = geometry;
  return (
    <>
      {rows.map(({place, column}) => (
        <g key={place} class={`of-${place} line-of-${place}`}>
          {place === 'sun' && <path class="area" d={areaOf(column, geometry)} />}
          <path class="curve" d={pathOf(column, stepX, powerY)} />
        </g>
      ))}
      {charge && (
        <g class="of-battery line-of-charge">
          <path class="curve" d={pathOf(charge, stepX, chargeY)} />
        </g>
      )}
    </>
  );
}

function lastKnown(rows: Row[], past: number): number | null {
  for (let i = past - 1; i >= 0; i--) {
    if (rows.some((row) => row.column[i] != null)) return i;
  }
  return null;
}

interface CurveLegendProps {
  rows: Row[];
  charge: Column | null;
  /** The step that is told. */
  index: number | null;
  /** In Unix milliseconds. */
  moment: number | null;
  /** The user chose the step: its values are to be read out. */
  isChosen: boolean;
}

/** Each line with its colour and its value at a moment; no value moves its neighbours. */
function CurveLegend({rows, charge, index, moment, isChosen}: CurveLegendProps) {
  const words = texts.value.home;
  const told = inLegend.flatMap((place) => rows.find((row) => row.place === place) ?? []);
  const powerOf = (row: Row) => (index === null ? null : (row.column[index] ?? null));
  // A battery that discharges stands above the axis.
  const way = ({place}: Row, power_w: number | null) =>
    wayText(place, power_w !== null && place === 'battery' ? -power_w : power_w) ?? words[place];
  return (
    <ul class="curve-legend" aria-live={isChosen ? 'polite' : 'off'}>
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
