// The energies of today, all in one unit, and the part of the home's use that did not come from the
// grid.
import type {Home, Today} from '../api/types.ts';
import {energyForm, inForm} from '../format/number.ts';
import {localeName, percentText, spanText, texts} from '../i18n/index.ts';

interface Row {
  key: string;
  label: string;
  kwh: number | null;
  colour: string;
}

/** Shorter unknown spans are the moments in which a server starts. */
const leastUnknown_s = 300;

export function Ledger({today, home}: {today: Today; home: Home}) {
  const words = texts.value.home;
  const rows: Row[] = [
    {key: 'home', label: words.home, kwh: today.home_kwh, colour: 'home'},
    ...(home.nodes.sun ? [{key: 'sun', label: words.sun, kwh: today.sun_kwh, colour: 'sun'}] : []),
    {key: 'in', label: words.imported, kwh: today.gridImport_kwh, colour: 'grid'},
    {key: 'out', label: words.exported, kwh: today.gridExport_kwh, colour: 'grid hatched'},
    ...(home.nodes.battery
      ? [
          {key: 'charge', label: words.batteryIn, kwh: today.batteryIn_kwh, colour: 'battery'},
          {
            key: 'discharge',
            label: words.batteryOut,
            kwh: today.batteryOut_kwh,
            colour: 'battery hatched',
          },
        ]
      : []),
  ];
  const most = Math.max(0.001, ...rows.map((row) => row.kwh ?? 0));
  const form = energyForm(rows.map((row) => row.kwh));
  const unknown_s = today.unknown_s ?? 0;
  return (
    <section class="card ledger" aria-labelledby="today-title">
      <h2 id="today-title">{words.today}</h2>
      <div class="ledger-body">
        <Ring percent={today.selfSufficiency_percent} label={words.selfSufficient} />
        <dl class="bars">
          {rows.map((row) => (
            <div key={row.key}>
              <dt>{row.label}</dt>
              <dd>
                {today.atLeast && row.kwh !== null && (row.key === 'home' ? '≈ ' : '≥ ')}
                <b>{inForm(row.kwh, form, localeName())}</b>
                <small>{form.unit}</small>
              </dd>
              <span
                class={`bar of-${row.colour}`}
                aria-hidden="true"
                style={{'--part': String((row.kwh ?? 0) / most)}}
              />
            </div>
          ))}
        </dl>
      </div>
      {unknown_s >= leastUnknown_s && (
        <p class="muted small-text">{words.unknownToday(spanText(unknown_s))}</p>
      )}
    </section>
  );
}

function Ring({percent, label}: {percent: number | null; label: string}) {
  const radius = 52;
  const round = 2 * Math.PI * radius;
  const part = Math.min(1, Math.max(0, (percent ?? 0) / 100));
  return (
    <div class="ring-figure">
      <svg viewBox="0 0 120 120" aria-hidden="true">
        <circle cx="60" cy="60" r={radius} class={percent === null ? 'track dashed' : 'track'} />
        {percent !== null && part > 0 && (
          <circle
            cx="60"
            cy="60"
            r={radius}
            class="fill"
            transform="rotate(-90 60 60)"
            stroke-dasharray={`${part * round} ${round}`}
          />
        )}
      </svg>
      <p>
        <b>{percentText(percent)}</b>
        <span>{label}</span>
      </p>
    </div>
  );
}
