// The few figures that people look at first stand here, each with what it did lately.
import type {ComponentChildren} from 'preact';
import {useEffect, useMemo, useState} from 'preact/hooks';
import {get} from '../api/client.ts';
import type {Family, History, HomeDevice, NodeId} from '../api/types.ts';
import {type Column, columns, stepFor} from '../charts/data.ts';
import {historyPath, known} from '../charts/span.ts';
import {Spark} from '../charts/spark.tsx';
import {textOf} from '../format/field.ts';
import {displayed, measuredText, percentText, powerText, spanText, texts} from '../i18n/index.ts';
import {wayText} from '../i18n/power.ts';
import {serverNow} from '../store/clock.ts';
import type {Twin} from '../store/twins.ts';
import {useLoad} from '../ui/load.tsx';
import {outputText} from './device_card.tsx';
import {
  type Essentials as All,
  essentialsOf,
  greatestOf,
  namesOfLines,
  type Part,
  type PowerKey,
  powerOf,
  sumColumn,
  sumOf,
  timeLeft,
} from './essentials.ts';

const most = 8;
const day = 86_400_000;
const refreshMs = 60_000;
const sparkPoints = 60;
const fewPoints = 12;

interface Sparks {
  columns: Map<string, Column>;
  spanMs: number;
}

/** One request gets all lines; a second, finer one follows while there is little to show. */
async function loadSparks(sn: string, names: string[], cancel: AbortSignal): Promise<Sparks> {
  const to = serverNow();
  const ask = async (from: number, step: {text: string; ms: number}) => {
    const path = historyPath(sn, names, {from, to}, step.text);
    const answer = await get<History>(path, cancel);
    const [times, ...values] = columns(answer.series);
    const span = known(times, values, step.ms);
    const first = span ? times.indexOf(span.from) : 0;
    const shown = answer.series.map((one, i) => [one.field, values[i]!.slice(first)] as const);
    return {columns: new Map(shown), spanMs: span ? to - span.from : 0, rows: times.length - first};
  };
  const coarse = {text: '15m', ms: 900_000};
  const found = await ask(to - day, coarse);
  if (found.spanMs === 0 || found.rows >= fewPoints) return found;
  return ask(to - found.spanMs, stepFor(found.spanMs, sparkPoints));
}

export function Essentials({
  twin,
  family,
  summary,
}: {
  twin: Twin;
  family: Family;
  summary: HomeDevice | undefined;
}) {
  const words = texts.value.devicePage;
  const all = useMemo(() => essentialsOf(family, twin.names.value), [family, twin.names.value]);
  const [minute, setMinute] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setMinute((n) => n + 1);
    }, refreshMs);
    return () => clearInterval(timer);
  }, []);
  const names = namesOfLines(all);
  const sparks = useLoad(
    async (cancel) => (names.length > 0 ? loadSparks(twin.facts.sn, names, cancel) : null),
    [twin, names.join(), minute],
  ).data;
  const tiles = tilesOf({twin, all, summary, sparks}).slice(0, most);
  if (tiles.length === 0) return null;
  return (
    <section
      class={`essentials ${twin.isCurrent.value ? '' : 'stale'}`}
      aria-label={words.essentials}
    >
      <dl>{tiles}</dl>
    </section>
  );
}

interface Known {
  twin: Twin;
  all: All;
  summary: HomeDevice | undefined;
  sparks: Sparks | null;
}

type Line = (label: string, parts: Part[], bounds: 'percent' | 'zero' | 'own') => ComponentChildren;
interface Shown extends Known {
  read: (name: string) => unknown;
  line: Line;
}

function tilesOf(given: Known): ComponentChildren[] {
  const {twin, sparks} = given;
  const line: Line = (label, parts, bounds) =>
    sparks && (
      <Spark
        column={sumColumn(parts, sparks.columns)}
        bounds={bounds}
        label={texts.value.devicePage.spark(label, spanText(sparks.spanMs / 1000))}
      />
    );
  const shown = {...given, line, read: (name: string) => twin.field(name).value?.value};
  return [
    ...chargeTiles(shown),
    ...powerTiles(shown),
    ...markedTiles(shown),
    ...batteryTiles(shown),
  ];
}

function chargeTiles({all, summary, read, line}: Shown): ComponentChildren[] {
  if (all.charge.length === 0) return [];
  const label = texts.value.devicePage.charge;
  const battery = all.powers.find(({key}) => key === 'battery');
  const batteryPower_w = battery && powerOf('battery', battery.parts, summary, read);
  return [
    <Tile
      key="charge"
      label={label}
      colour="battery"
      value={percentText(summary?.charge_percent ?? sumOf(all.charge, read))}
      beside={timeText(timeLeft(all, batteryPower_w, read))}
      spark={line(label, all.charge, 'percent')}
    />,
  ];
}

function powerTiles({all, summary, read, line}: Shown): ComponentChildren[] {
  return all.powers.map(({key, parts, title}) => {
    const power_w = powerOf(key, parts, summary, read);
    const label = labelOf(key, title, summary);
    return (
      <Tile
        key={key}
        label={label}
        colour={nodeOf(key)}
        value={powerText(power_w === null ? null : Math.abs(power_w))}
        beside={wayText(nodeOf(key), power_w) ?? undefined}
        spark={line(label, parts, 'zero')}
      />
    );
  });
}

function markedTiles({all, read, line}: Shown): ComponentChildren[] {
  return all.marked.map(({name, facts}) => {
    const label = facts?.title ?? name;
    const value = read(name);
    const bounds = facts?.unit === 'W' ? 'zero' : 'own';
    return (
      <Tile
        key={name}
        label={label}
        value={value === undefined ? '—' : textOf(displayed(facts, value))}
        spark={facts?.unit ? line(label, [{name, factor: 1}], bounds) : null}
      />
    );
  });
}

function batteryTiles({all, read, line}: Shown): ComponentChildren[] {
  const words = texts.value.devicePage;
  const tiles: ComponentChildren[] = [];
  if (all.temperatures.length > 0) {
    tiles.push(
      <Tile
        key="temperature"
        label={words.temperature}
        value={measuredText(greatestOf(all.temperatures, read), '°C')}
        spark={line(words.temperature, all.temperatures.slice(0, 1), 'own')}
      />,
    );
  }
  if (all.cycles.length > 0) {
    const cycles = measuredText(greatestOf(all.cycles, read), '');
    tiles.push(<Tile key="cycles" label={words.cycles} value={cycles} />);
  }
  return tiles;
}

function timeText(left: ReturnType<typeof timeLeft>): string | undefined {
  if (left === null) return undefined;
  const words = texts.value.devicePage;
  const span = spanText(left.seconds);
  return left.until === 'full' ? words.fullIn(span) : words.emptyIn(span);
}

const nodeOf = (key: PowerKey): NodeId => (key === 'load' ? 'home' : key);

function labelOf(
  key: PowerKey,
  title: string | undefined,
  summary: HomeDevice | undefined,
): string {
  const {home: words, devicePage: own} = texts.value;
  const labels = {
    sun: words.sun,
    battery: words.battery,
    grid: words.grid,
    load: outputText(summary),
    car: title ?? own.carCharging,
    heat: title ?? own.heating,
  };
  return labels[key];
}

function Tile({
  label,
  value,
  beside,
  spark,
  colour,
}: {
  label: string;
  value: string;
  beside?: string | undefined;
  spark?: ComponentChildren;
  colour?: string;
}) {
  return (
    <div class={`tile ${colour ? `of-${colour}` : ''}`}>
      <dt>{label}</dt>
      <dd>
        <b>{value}</b>
        {beside && <span class="muted">{beside}</span>}
        {spark}
      </dd>
    </div>
  );
}
