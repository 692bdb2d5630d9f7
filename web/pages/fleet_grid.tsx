// The rows of the fleet, in columns of one unit each, with sums below; arrow keys go through them.
import type {ComponentChildren} from 'preact';
import {useEffect, useRef, useState} from 'preact/hooks';
import type {HomeDevice} from '../api/types.ts';
import {type ColumnForm, inForm, powerForm} from '../format/number.ts';
import {ageText, localeName, percentText, stateText, texts} from '../i18n/index.ts';
import {worstFirst} from '../store/home.ts';
import {devicePath, navigate, query, setQuery} from '../store/routes.ts';
import {StateMark} from '../ui/icon.tsx';
import {markOf} from './alarm_mark.ts';

export type Column =
  | 'name'
  | 'sn'
  | 'family'
  | 'state'
  | 'charge'
  | 'sun'
  | 'battery'
  | 'load'
  | 'grid'
  | 'last';

export const readerOf: Record<Column, (device: HomeDevice) => string | number | null> = {
  name: (d) => d.name,
  sn: (d) => d.sn,
  family: (d) => d.familyName,
  state: (d) => d.state,
  charge: (d) => d.charge_percent,
  sun: (d) => d.sunPower_w,
  battery: (d) => d.batteryPower_w,
  load: (d) => d.loadPower_w,
  grid: (d) => d.gridPower_w,
  last: (d) => d.lastReport,
};

export const columns = Object.keys(readerOf) as Column[];
const powers = ['sun', 'battery', 'load', 'grid'] as const;
type Power = (typeof powers)[number];
type Forms = Record<Power, ColumnForm>;

export const isPower = (column: Column) => powers.some((power) => power === column);

/** In the table from this width on; a list of two lines below. */
const phonePx = 768;
const headPx = 44;
const footPx = 40;
const spare = 6;

/** The unit of each column, by all rows; it does not flicker near a border. */
function useForms(devices: HomeDevice[]): Forms {
  const before = useRef<Partial<Record<Power, string>>>({});
  const form = (power: Power) => {
    const made = powerForm(
      devices.map((device) => readerOf[power](device) as number | null),
      before.current[power],
    );
    before.current[power] = made.unit;
    return made;
  };
  return {sun: form('sun'), battery: form('battery'), load: form('load'), grid: form('grid')};
}

/** The row that a key goes to, of `count`; null: it goes nowhere. */
export function nextRow(key: string, row: number, count: number, page: number): number | null {
  const to = {
    ArrowDown: row + 1,
    ArrowUp: row - 1,
    PageDown: row + page,
    PageUp: row - page,
    Home: 0,
    End: count - 1,
  }[key];
  return to === undefined ? null : Math.min(count - 1, Math.max(0, to));
}

const rowId = (device: HomeDevice) => `row-${device.sn}`;

export function Grid({devices, sort}: {devices: HomeDevice[]; sort: string}) {
  const scroll = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({top: 0, height: 800});
  // The device, not its place: a row that moves keeps the cursor.
  const [cursor, setCursor] = useState<string | null>(null);
  const forms = useForms(devices);
  useEffect(() => {
    const element = scroll.current!;
    const look = () => setView({top: element.scrollTop, height: element.clientHeight});
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, {passive: true});
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  const isPhone = innerWidth < phonePx;
  const high = isPhone ? 60 : 40;
  const first = Math.max(0, Math.floor(view.top / high) - spare);
  const last = Math.min(devices.length, Math.ceil((view.top + view.height) / high) + spare);
  const row = devices.findIndex((device) => device.sn === cursor);
  const isShown = row >= first && row < last;

  const goTo = (to: number) => {
    setCursor(devices[to]!.sn);
    const element = scroll.current!;
    const above = isPhone ? 0 : headPx;
    const space = element.clientHeight - above - footPx;
    if (to * high < element.scrollTop) element.scrollTop = to * high;
    else if ((to + 1) * high > element.scrollTop + space) {
      element.scrollTop = (to + 1) * high - space;
    }
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.target !== scroll.current) return;
    if (event.key === 'Enter' && row >= 0) {
      navigate(devicePath(devices[row]!.sn));
      return;
    }
    const page = Math.max(1, Math.floor(view.height / high) - 2);
    const to = nextRow(event.key, row, devices.length, page);
    if (to === null) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <div
      class="fleet-scroll"
      data-power={powers.find((power) => sort === power || sort === `-${power}`)}
      ref={scroll}
      tabIndex={0}
      role="grid"
      aria-label={texts.value.fleet.title}
      aria-rowcount={devices.length + 2}
      aria-colcount={columns.length + 1}
      aria-activedescendant={isShown ? rowId(devices[row]!) : undefined}
      onKeyDown={onKey}
      style={{
        height: `min(var(--fleet-most), ${devices.length * high + footPx + (isPhone ? 2 : headPx + 2)}px)`,
      }}
    >
      <Head sort={sort} forms={forms} />
      <div class="fleet-body" role="rowgroup" style={{height: `${devices.length * high}px`}}>
        {devices.slice(first, last).map((device, i) => (
          <Row
            key={device.sn}
            device={device}
            index={first + i}
            top={(first + i) * high}
            forms={forms}
            isCursor={device.sn === cursor}
          />
        ))}
      </div>
      <Foot devices={devices} forms={forms} />
    </div>
  );
}

const arrows = {ascending: ' ↑', descending: ' ↓', none: ''};

function Head({sort, forms}: {sort: string; forms: Forms}) {
  const words = texts.value.fleet;
  const direction = (column: Column) => {
    if (sort === column) return 'ascending';
    return sort === `-${column}` ? 'descending' : 'none';
  };
  const next = (column: Column) => {
    const order = [column, `-${column}`, null];
    return order[(order.indexOf(query.value.get('sort')) + 1) % order.length] ?? null;
  };
  return (
    <div class="fleet-head" role="row" aria-rowindex={1}>
      <span role="columnheader">
        <span class="hidden">{words.state}</span>
      </span>
      {columns.map((column) => {
        const power = powers.find((one) => one === column);
        return (
          <span
            key={column}
            class={`c-${column}`}
            role="columnheader"
            aria-sort={direction(column)}
          >
            <button type="button" onClick={() => setQuery({sort: next(column)})}>
              {words[column]}
              {power && <small>{forms[power].unit}</small>}
              {arrows[direction(column)]}
            </button>
          </span>
        );
      })}
    </div>
  );
}

const cell = (name: string, content: ComponentChildren) => (
  <span key={name} role="gridcell" class={`c-${name}`}>
    {content}
  </span>
);

interface RowProps {
  device: HomeDevice;
  index: number;
  top: number;
  forms: Forms;
  isCursor: boolean;
}

function Row({device, index, top, forms, isCursor}: RowProps) {
  const [fault] = worstFirst(device.faults);
  return (
    <div
      class={`fleet-row is-${device.state} ${isCursor ? 'cursor' : ''}`}
      id={rowId(device)}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isCursor}
      style={{transform: `translateY(${top}px)`}}
    >
      {cell('mark', <StateMark mark={fault ? markOf[fault.severity] : device.state} />)}
      {cell(
        'name',
        <a href={devicePath(device.sn)} tabIndex={-1}>
          <bdi>{device.name}</bdi>
        </a>,
      )}
      {cell(
        'sn',
        <>
          <bdi>{device.sn}</bdi>
          <span class="of-phone"> · {device.familyName}</span>
        </>,
      )}
      {cell('family', device.familyName)}
      {cell('state', <span title={fault?.title}>{fault?.title ?? stateText(device.state)}</span>)}
      {cell('charge', percentText(device.charge_percent))}
      {powers.map((power) =>
        cell(
          power,
          <>
            {inForm(readerOf[power](device) as number | null, forms[power], localeName())}
            <small class="of-phone"> {forms[power].unit}</small>
          </>,
        ),
      )}
      {cell('last', ageText(device.lastReport))}
    </div>
  );
}

/** Sums over the rows, of what is known now; the charge is a mean. */
function Foot({devices, forms}: {devices: HomeDevice[]; forms: Forms}) {
  const words = texts.value.fleet;
  const known = (column: Column) =>
    devices
      .filter((device) => device.state !== 'offline')
      .flatMap((device) => (readerOf[column](device) as number | null) ?? []);
  const sum = (values: number[]) =>
    values.length === 0 ? null : values.reduce((a, b) => a + b, 0);
  const charges = known('charge');
  const total = sum(charges);
  return (
    <div class="fleet-foot" role="row" aria-rowindex={devices.length + 2}>
      {cell('mark', '')}
      {cell('name', words.totals(devices.length))}
      {cell('sn', '')}
      {cell('family', '')}
      {cell('state', '')}
      {cell(
        'charge',
        <span title={words.mean}>
          {total === null ? '—' : `Ø ${percentText(total / charges.length)}`}
        </span>,
      )}
      {powers.map((power) =>
        cell(
          power,
          <span title={words.sum}>{inForm(sum(known(power)), forms[power], localeName())}</span>,
        ),
      )}
      {cell('last', '')}
    </div>
  );
}
