// A sparkline tells without axes what a value did lately. A gap stays a gap.
import {type Column, pathOf} from './data.ts';

const width = 120;
const height = 28;
const edge = 2;

/** The path lies between two values. */
export function sparkPath(column: Column, least: number, most: number): string {
  const room = most - least || 1;
  const place = (row: number) => (row / Math.max(column.length - 1, 1)) * width;
  const drop = (value: number) => height - edge - ((value - least) / room) * (height - 2 * edge);
  return pathOf(column, place, drop);
}

interface Props {
  column: Column;
  label: string;
  /** Percents have the same scale everywhere, and powers have their zero. */
  bounds: 'percent' | 'zero' | 'own';
}

export function Spark({column, label, bounds}: Props) {
  const values = column.filter((value): value is number => value !== null);
  if (values.length < 2) return <span class="spark" />;
  const [least, most] = boundsOf(values, bounds);
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {bounds === 'zero' && least < 0 && <path class="zero" d={sparkPath([0, 0], least, most)} />}
      <path d={sparkPath(column, least, most)} />
    </svg>
  );
}

function boundsOf(values: number[], bounds: Props['bounds']): [number, number] {
  if (bounds === 'percent') return [0, 100];
  const zero = bounds === 'zero' ? [0] : [];
  return [Math.min(...values, ...zero), Math.max(...values, ...zero)];
}
