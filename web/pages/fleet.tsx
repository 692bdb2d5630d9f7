// All devices as a table: only the rows in view are in the document.
import {useEffect, useMemo, useRef} from 'preact/hooks';
import type {HomeDevice} from '../api/types.ts';
import {stateText, texts} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {byName, byTrouble, home, troubleKey} from '../store/home.ts';
import {query, setQuery} from '../store/routes.ts';
import {PageTitle, useTitle} from '../ui/controls.tsx';
import {StateMark} from '../ui/icon.tsx';
import {Skeleton} from '../ui/load.tsx';
import {columns, Grid, isPower, readerOf} from './fleet_grid.tsx';
import {type Filter, type FleetQuery, filters, parseQuery, passes} from './fleet_query.ts';
import {NoDevice} from './no_device.tsx';
import {sortedBy, useOrder} from './use_order.ts';

function compareBy(sort: string): (a: HomeDevice, b: HomeDevice) => number {
  const column = columns.find((one) => one === sort.replace('-', ''));
  if (!column) return byTrouble;
  const value = readerOf[column];
  const sign = sort.startsWith('-') ? -1 : 1;
  return (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x == null || y == null) {
      return (x == null ? 1 : 0) - (y == null ? 1 : 0) || byName(a.name, b.name);
    }
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : byName(`${x}`, `${y}`);
    return sign * order || byName(a.name, b.name);
  };
}

export function FleetPage() {
  const words = texts.value.fleet;
  useTitle(words.title);
  if (!home.value) return <Skeleton height={600} />;
  const {devices} = home.value;
  return devices.length === 0 ? <NoDevice title={words.title} /> : <Fleet devices={devices} />;
}

function Fleet({devices}: {devices: HomeDevice[]}) {
  const words = texts.value.fleet;
  const held = useRef(false);
  const sort = query.value.get('sort') ?? '';
  const search = query.value.get('q') ?? '';
  const state = query.value.get('state');
  const filter = filters.find((one) => one === state) ?? null;
  const order = useMemo(() => sortedBy(compareBy(sort)), [sort]);
  // Trouble moves a device at once only where the order is by trouble.
  const key = sort === '' ? troubleKey(devices) : sort;
  const sorted = useOrder(devices, order, key, held);
  const parsed = useMemo(() => parseQuery(search), [search]);
  const context = {now: serverNow(), stateName: (of: HomeDevice['state']) => texts.value.state[of]};
  const found = sorted.filter((device) => parsed.matches(device, context));
  const shown = filter === null ? found : found.filter((device) => passes(device, filter));
  const hold = (isHeld: boolean) => () => {
    held.current = isHeld;
  };
  return (
    <>
      <PageTitle beside={<Chips devices={found} filter={filter} />}>{words.title}</PageTitle>
      <Search search={search} parsed={parsed} count={shown.length} sort={sort} />
      <p class="small-text">
        <a href="/families">{texts.value.families.title}</a>
      </p>
      {shown.length === 0 ? (
        <p class="muted">
          {words.none}{' '}
          <button type="button" class="small" onClick={() => setQuery({q: null, state: null})}>
            {words.showAll}
          </button>
        </p>
      ) : (
        <div
          class="card fleet"
          onPointerEnter={hold(true)}
          onPointerLeave={hold(false)}
          onFocusIn={hold(true)}
          onFocusOut={hold(false)}
        >
          <Grid devices={shown} sort={sort} />
        </div>
      )}
    </>
  );
}

/** How many devices are in each state; a click shows only those. */
function Chips({devices, filter}: {devices: HomeDevice[]; filter: Filter | null}) {
  const words = texts.value;
  return (
    <fieldset class="state-chips">
      <legend class="hidden">{words.fleet.filter}</legend>
      {filters.map((one) => {
        const count = devices.filter((device) => passes(device, one)).length;
        return (
          <button
            key={one}
            type="button"
            class="small"
            aria-pressed={filter === one}
            disabled={count === 0 && filter !== one}
            onClick={() => setQuery({state: filter === one ? null : one})}
          >
            <StateMark mark={one === 'trouble' ? 'critical' : one} />
            {one === 'trouble' ? words.fleet.trouble : stateText(one)} <b>{count}</b>
          </button>
        );
      })}
    </fieldset>
  );
}

interface SearchProps {
  search: string;
  parsed: FleetQuery;
  count: number;
  sort: string;
}

function Search({search, parsed, count, sort}: SearchProps) {
  const words = texts.value.fleet;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping = (event.target as Element | null)?.closest('input, select, textarea');
      if (event.key !== '/' || isTyping) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  return (
    <div class="fleet-tools">
      <input
        ref={input}
        type="search"
        aria-label={words.search}
        aria-describedby="fleet-hint"
        placeholder={words.search}
        value={search}
        onInput={(event) => setQuery({q: event.currentTarget.value || null})}
      />
      <span class="muted small-text" role="status">
        {words.totals(count)}
      </span>
      <label class="fleet-sort">
        <span class="hidden">{words.sortBy}</span>
        <select
          value={sort}
          onChange={(event) => setQuery({sort: event.currentTarget.value || null})}
        >
          <option value="">{words.byTrouble}</option>
          {columns.map((column) => (
            <option key={column} value={isPower(column) ? `-${column}` : column}>
              {words[column]}
            </option>
          ))}
        </select>
      </label>
      <p id="fleet-hint" class={`small-text ${parsed.wrong.length > 0 ? 'bad' : 'muted'}`}>
        {parsed.wrong.length > 0 ? words.wrong(parsed.wrong[0]!) : words.hint}{' '}
        <span class="fleet-keys muted">{words.keys}</span>
      </p>
    </div>
  );
}
