// All devices as a table: only the rows in view are in the document.
import type {ComponentChildren} from 'preact';
import {useEffect, useMemo, useRef, useState} from 'preact/hooks';
import type {HomeDevice} from '../api/types.ts';
import {ageText, percentText, powerText, texts} from '../i18n/index.ts';
import {byName, byTrouble, home} from '../store/home.ts';
import {query, setQuery} from '../store/routes.ts';
import {PageTitle} from '../ui/controls.tsx';
import {StateMark} from '../ui/icon.tsx';
import {Skeleton} from '../ui/load.tsx';

type Column = 'name' | 'family' | 'state' | 'charge' | 'sun' | 'battery' | 'load' | 'grid' | 'last';

const values: Record<Column, (device: HomeDevice) => string | number | null | undefined> = {
  name: (d) => d.name,
  family: (d) => d.familyName,
  state: (d) => d.state,
  charge: (d) => d.charge_percent,
  sun: (d) => d.sunPower_w,
  battery: (d) => d.batteryPower_w,
  load: (d) => d.loadPower_w,
  grid: (d) => d.gridPower_w,
  last: (d) => d.lastReport,
};

const columns = Object.keys(values) as Column[];
const spare = 6;
const sortEveryMs = 5000;

function ordered(devices: HomeDevice[], sort: string): HomeDevice[] {
  const descending = sort.startsWith('-');
  const value = values[sort.replace('-', '') as Column];
  if (!value) return [...devices].sort(byTrouble);
  const sign = descending ? -1 : 1;
  return [...devices].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x == null || y == null) return (x == null ? 1 : 0) - (y == null ? 1 : 0);
    return (
      sign *
        (typeof x === 'number' && typeof y === 'number' ? x - y : byName(String(x), String(y))) ||
      byName(a.name, b.name)
    );
  });
}

/** The order holds for some seconds, and longer while the pointer is on the table. */
function useOrder(devices: HomeDevice[], sort: string, held: {current: boolean}): HomeDevice[] {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!held.current) setVersion((v) => v + 1);
    }, sortEveryMs);
    return () => clearInterval(timer);
  }, [held]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the order holds while values change.
  const serials = useMemo(
    () => ordered(devices, sort).map((device) => device.sn),
    [sort, version, devices.length],
  );
  const bySerial = new Map(devices.map((device) => [device.sn, device]));
  return serials.flatMap((sn) => bySerial.get(sn) ?? []);
}

export function FleetPage() {
  const words = texts.value.fleet;
  useEffect(() => {
    document.title = `${words.title} · Gridloom`;
  }, [words]);
  const held = useRef(false);
  const devices = home.value?.devices ?? [];
  const sort = query.value.get('sort') ?? '';
  const search = query.value.get('q') ?? '';
  const sorted = useOrder(devices, sort, held);
  const wanted = search.toLowerCase();
  const shown = sorted.filter((d) =>
    `${d.name} ${d.sn} ${d.familyName} ${texts.value.state[d.state]}`
      .toLowerCase()
      .includes(wanted),
  );
  if (!home.value) return <Skeleton height={600} />;
  return (
    <>
      <PageTitle beside={<Totals devices={devices} />}>{words.title}</PageTitle>
      <div class="fleet-tools">
        <input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          value={search}
          onInput={(event) => setQuery({q: event.currentTarget.value || null})}
        />
        <span class="muted small-text" role="status">
          {words.totals(shown.length)}
        </span>
      </div>
      {shown.length === 0 ? (
        <p class="muted">{words.none}</p>
      ) : (
        <div
          class="card fleet"
          onPointerEnter={() => {
            held.current = true;
          }}
          onPointerLeave={() => {
            held.current = false;
          }}
        >
          <Rows devices={shown} sort={sort} />
        </div>
      )}
    </>
  );
}

function Totals({devices}: {devices: HomeDevice[]}) {
  const count = (state: HomeDevice['state']) => devices.filter((d) => d.state === state).length;
  const charges = devices.flatMap((d) => d.charge_percent ?? []);
  const mean = charges.reduce((sum, charge) => sum + charge, 0) / charges.length;
  return (
    <p class="totals">
      {(['live', 'quiet', 'offline'] as const).map((state) => (
        <span key={state}>
          <StateMark mark={state} /> {texts.value.state[state]} <b>{count(state)}</b>
        </span>
      ))}
      {charges.length > 0 && (
        <span>
          {texts.value.fleet.mean} <b>{percentText(mean)}</b>
        </span>
      )}
    </p>
  );
}

function Rows({devices, sort}: {devices: HomeDevice[]; sort: string}) {
  const scroll = useRef<HTMLDivElement>(null);
  const [window_, setWindow] = useState({top: 0, height: 800});
  useEffect(() => {
    const element = scroll.current!;
    const look = () => setWindow({top: element.scrollTop, height: element.clientHeight});
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, {passive: true});
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  const high = innerWidth < 768 ? 60 : 40;
  const first = Math.max(0, Math.floor(window_.top / high) - spare);
  const last = Math.min(devices.length, Math.ceil((window_.top + window_.height) / high) + spare);
  return (
    <div
      class="fleet-scroll"
      ref={scroll}
      tabIndex={0}
      role="grid"
      aria-label={texts.value.fleet.title}
      aria-rowcount={devices.length + 1}
      aria-colcount={columns.length + 1}
      style={{height: `min(70dvh, ${devices.length * high + (high > 40 ? 2 : 46)}px)`}}
    >
      <Head sort={sort} />
      <div class="fleet-body" role="rowgroup" style={{height: `${devices.length * high}px`}}>
        {devices.slice(first, last).map((device, i) => (
          <Row key={device.sn} device={device} index={first + i} top={(first + i) * high} />
        ))}
      </div>
    </div>
  );
}

const arrows = {ascending: ' ↑', descending: ' ↓', none: ''};

function directionOf(column: Column, sort: string): keyof typeof arrows {
  if (sort === column) return 'ascending';
  return sort === `-${column}` ? 'descending' : 'none';
}

function Head({sort}: {sort: string}) {
  const words = texts.value.fleet;
  return (
    <div class="fleet-head" role="row" aria-rowindex={1}>
      <span role="columnheader">
        <span class="hidden">{words.state}</span>
      </span>
      {columns.map((column) => {
        const direction = directionOf(column, sort);
        return (
          <span key={column} role="columnheader" aria-sort={direction}>
            <button
              type="button"
              onClick={() => setQuery({sort: direction === 'ascending' ? `-${column}` : column})}
            >
              {words[column]}
              {arrows[direction]}
            </button>
          </span>
        );
      })}
    </div>
  );
}

function Row({device, index, top}: {device: HomeDevice; index: number; top: number}) {
  const cell = (name: string, content: ComponentChildren) => (
    <span role="gridcell" class={`c-${name}`}>
      {content}
    </span>
  );
  return (
    <div
      class="fleet-row"
      role="row"
      aria-rowindex={index + 2}
      style={{transform: `translateY(${top}px)`}}
    >
      {cell('mark', <StateMark mark={device.faults.length > 0 ? 'critical' : device.state} />)}
      {cell(
        'name',
        <a href={`/d/${encodeURIComponent(device.sn)}`}>
          <bdi>{device.name}</bdi>
        </a>,
      )}
      {cell('family', device.familyName)}
      {cell('state', device.faults[0]?.title ?? texts.value.state[device.state])}
      {cell('charge', percentText(device.charge_percent))}
      {cell('sun', powerText(device.sunPower_w))}
      {cell('battery', powerText(device.batteryPower_w))}
      {cell('load', powerText(device.loadPower_w))}
      {cell('grid', powerText(device.gridPower_w))}
      {cell('last', ageText(device.lastReport))}
    </div>
  );
}
