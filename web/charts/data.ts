// From the answers of the history to columns, as uPlot wants them. A gap stays null: uPlot draws a
// line through NaN.
import type {Field, History, Point} from '../api/types.ts';

export type Column = (number | null)[];

const steps: [string, number][] = [
  ['1s', 1],
  ['10s', 10],
  ['30s', 30],
  ['1m', 60],
  ['5m', 300],
  ['15m', 900],
  ['1h', 3600],
  ['6h', 21_600],
  ['1d', 86_400],
];

/** The nicest step that gives about one point for each pixel or two. */
export function stepFor(spanMs: number, pixels: number): {text: string; ms: number} {
  const wanted = spanMs / 1000 / Math.max(pixels, 100);
  const [text, s] = steps.find(([, seconds]) => seconds >= wanted) ?? steps.at(-1)!;
  return {text, ms: s * 1000};
}

/** One column of times for all series, then a column each. */
export function columns(series: {points: Point[]; scale?: number}[]): [number[], ...Column[]] {
  const times = [...new Set(series.flatMap((one) => one.points.map(([at]) => at)))].sort(
    (a, b) => a - b,
  );
  const index = new Map(times.map((at, i) => [at, i]));
  return [
    times,
    ...series.map((one) => {
      const column: Column = Array.from({length: times.length}, () => null);
      for (const [at, value] of one.points) {
        if (typeof value === 'number') column[index.get(at)!] = value * (one.scale ?? 1);
      }
      return column;
    }),
  ];
}

/** Spans in which nothing is known: indices of their first and last row. */
export function gaps(columnsOfValues: Column[], length: number): [number, number][] {
  const list: [number, number][] = [];
  for (let i = 0; i < length; i++) {
    if (columnsOfValues.some((column) => column[i] !== null)) continue;
    const last = list.at(-1);
    if (last && last[1] === i - 1) last[1] = i;
    else list.push([i, i]);
  }
  return list;
}

export interface Extent {
  least: number;
  most: number;
  last: number | null;
}

export function extent(column: Column): Extent | null {
  const known = column.filter((value): value is number => value !== null);
  if (known.length === 0) return null;
  return {least: Math.min(...known), most: Math.max(...known), last: known.at(-1)!};
}

const byNature: Record<string, string> = {
  pv: 'sun',
  battery: 'battery',
  grid: 'grid',
  load: 'home',
  ev: 'car',
  heater: 'heat',
  heatpump: 'heat',
};
const others = ['link', 'car', 'heat', 'sun', 'grid', 'battery'];

/** The colour token of a line: that of its energy, else the next one. */
export function colourOf(facts: Field | undefined, place: number): string {
  const nature = facts?.nature?.split('.')[0] ?? '';
  return byNature[nature] ?? others[place % others.length]!;
}

export interface Line {
  name: string;
  title: string;
  unit: string;
  colour: string;
  column: Column;
  dashed: boolean;
  /** Another line of the pane has its colour. */
  dotted?: boolean;
  /** The values one period earlier, in the same rows; absent: they are not compared. */
  before?: Column;
}
export interface Pane {
  unit: string;
  lines: Line[];
}

/** The dashes of a line; none: it is drawn through. */
export function dashOf({dashed, dotted}: Line): number[] {
  if (dashed) return [6, 4];
  return dotted ? [2, 3] : [];
}

/** A pane for each unit; charge in percent goes with the first of the others. */
export function panes(lines: Line[]): Pane[] {
  const list: Pane[] = [];
  const colours = new Set<string>();
  for (const line of lines.filter((one) => one.unit !== '%')) {
    const look = `${line.unit} ${line.colour}`;
    if (colours.has(look)) line.dotted = true;
    colours.add(look);
    const pane = list.find((one) => one.unit === line.unit);
    if (pane) pane.lines.push(line);
    else list.push({unit: line.unit, lines: [line]});
  }
  const percents = lines.filter((one) => one.unit === '%');
  if (percents.length === 0) return list;
  if (list.length === 0) return [{unit: '%', lines: percents}];
  list[0]!.lines.push(...percents);
  return list;
}

export function linesOf(
  answer: History,
  facts: Map<string, Field | undefined>,
  columnsOfValues: Column[],
): Line[] {
  return answer.series.map((one, i) => {
    const fact = facts.get(one.field);
    const unit = one.unit ?? fact?.unit ?? '';
    return {
      name: one.field,
      title: fact?.title ?? one.field,
      unit,
      colour: colourOf(fact, i),
      column: columnsOfValues[i]!,
      dashed: unit === '%',
    };
  });
}

/** An SVG path of a column; what is not known interrupts it, and one value alone is a dot. */
export function pathOf(
  column: Column,
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let text = '';
  let isOpen = false;
  for (const [i, value] of column.entries()) {
    if (value === null) {
      isOpen = false;
      continue;
    }
    const point = `${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    text += isOpen ? `L${point}` : `M${point}h0`;
    isOpen = true;
  }
  return text;
}
