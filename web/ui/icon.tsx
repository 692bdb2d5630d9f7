// Icons, drawn for this page on a grid of 24: strokes in the text's colour.
import type {JSX} from 'preact';
import {isAway} from '../store/live.ts';

const paths = {
  home: 'M4 11.5 12 4l8 7.5M6.5 9.5V20h11V9.5M10 20v-5.5h4V20',
  history: 'M4 20h16M7 20v-6M12 20V6M17 20v-9',
  alarm: 'M6 17h12l-1.5-2.5V11a4.5 4.5 0 0 0-9 0v3.5zM10 20h4M12 4v2',
  fleet: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  settings: 'M4 7h9M17 7h3M4 12h3M11 12h9M4 17h10M18 17h2M15 5v4M9 10v4M16 15v4',
  sun:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2.5M12 19v2.5M2.5 12H5M19 12h2.5' +
    'M5.3 5.3 7 7M17 17l1.7 1.7M18.7 5.3 17 7M7 17l-1.7 1.7',
  battery: 'M7.5 5h9v16h-9zM10 5V3h4v2M12.8 9l-2.6 4h3.6l-2.6 4',
  grid: 'M9 21 12 3l3 18M7 8h10M5.5 12h13M10.3 12.5 14.5 21M13.7 12.5 9.5 21',
  car: 'M4 16v-4l2-5h12l2 5v4zM4 12h16M6 16v2.5M18 16v2.5M7.5 14h.01M16.5 14h.01',
  heat: 'M12 3c1 3.5 5 5.5 5 10.5a5 5 0 0 1-10 0c0-2 1-3.5 2-4.5.3 1.3 1 2 1.8 2.3Q10.5 7 12 3z',
  plug: 'M9 3v5M15 3v5M6.5 8h11v3a5.5 5.5 0 0 1-11 0zM12 16.500V21',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  star: 'M12 4l2.500 5.200 5.700.8-4.100 4 1 5.700L12 17l-5.100 2.700 1-5.700-4.100-4 5.700-.8z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({name, size = 24}: {name: IconName; size?: number}) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** The path alone, for a drawing that is an SVG already. */
export const iconPath = (name: IconName) => paths[name];

export type Mark = 'live' | 'quiet' | 'offline' | 'never' | 'warning' | 'critical' | 'stale';

const marks: Record<Mark, JSX.Element> = {
  live: <circle cx="8" cy="8" r="5" fill="currentColor" stroke="none" />,
  quiet: <circle cx="8" cy="8" r="5" />,
  offline: <path d="M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3M4.5 11.500l7-7" />,
  never: <path d="M3.5 8h9" />,
  warning: <path d="M8 2.5 14.5 13.500h-13zM8 6.500v3.500M8 11.800v.2" />,
  critical: <path d="M5.5 2h5L14 5.500v5L10.5 14h-5L2 10.500v-5zM8 5v3.800M8 10.800v.2" />,
  stale: <path d="M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3M8 5.500V8l2 1.300" />,
};

/** A state said by colour and by shape. Without contact to the server nothing is known to be well. */
export function StateMark({mark, size = 16}: {mark: Mark; size?: number}) {
  const shown = isAway.value && (mark === 'live' || mark === 'quiet') ? 'stale' : mark;
  return (
    <svg
      class={`mark mark-${shown}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
    >
      {marks[shown]}
    </svg>
  );
}
