// The present values of a device: essentials first, and all fields in groups that open.
import {useMemo, useState} from 'preact/hooks';
import type {Family, Field, HomeDevice} from '../api/types.ts';
import {textOf} from '../format/field.ts';
import {ageText, displayed, texts} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {fieldsOf, type NamedField} from '../store/paths.ts';
import {favourites, meanings, setMeanings, toggleFavourite} from '../store/preferences.ts';
import {query, setQuery} from '../store/routes.ts';
import type {Twin} from '../store/twins.ts';
import {Segments, ToggleButton} from '../ui/controls.tsx';
import {Icon, StateMark} from '../ui/icon.tsx';
import {Essentials} from './device_essentials.tsx';
import {groupsOf} from './field_groups.ts';

const filters = ['all', 'reported', 'faults'] as const;

const cutAt = 80;
/** A value that changed lately has no age: values move with every report. */
const lately = 60_000;

interface Props {
  twin: Twin;
  family: Family;
  summary: HomeDevice | undefined;
}

export function FieldsTab({twin, family, summary}: Props) {
  const words = texts.value.device;
  const own = texts.value.devicePage;
  const search = query.value.get('q') ?? '';
  const show = query.value.get('show');
  const filter = filters.find((one) => one === show) ?? 'all';
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => fieldsOf(family, twin.names.value), [family, twin.names.value]);
  const wanted = search.trim().toLowerCase();
  const shown = all.filter(
    ({name, facts}) =>
      (filter !== 'faults' || facts?.error) &&
      (filter !== 'reported' || twin.field(name).peek() !== null) &&
      (!wanted ||
        `${name} ${facts?.title ?? ''} ${facts?.description ?? ''}`.toLowerCase().includes(wanted)),
  );
  const groups = groupsOf(shown, family);
  const held = favourites.value[family.id] ?? [];
  const chosen = shown.filter(({name}) => held.includes(name));
  const isNarrow = wanted !== '' || filter === 'faults';
  const isAllOpen = groups.every(({key}) => open.has(key));
  const toggle = (key: string, isOpen: boolean) => {
    const next = new Set(open);
    if (isOpen) next.add(key);
    else next.delete(key);
    setOpen(next);
  };
  return (
    <>
      <Essentials twin={twin} family={family} summary={summary} />
      <section class="card fields">
        <div class="field-tools">
          <h2>{words.fields}</h2>
          <input
            type="search"
            placeholder={words.search}
            aria-label={words.search}
            value={search}
            onInput={(event) => setQuery({q: event.currentTarget.value || null})}
          />
          <Segments
            label={words.fields}
            name="field-filter"
            value={filter}
            onChange={(one) => setQuery({show: one === 'all' ? null : one})}
            choices={[
              {value: 'all', label: texts.value.fleet.all},
              {value: 'reported', label: words.changed},
              {value: 'faults', label: words.faults},
            ]}
          />
          <ToggleButton label={own.meanings} isOn={meanings.value} onChange={setMeanings} />
          {!isNarrow && (
            <button
              type="button"
              class="small"
              onClick={() => setOpen(new Set(isAllOpen ? [] : groups.map(({key}) => key)))}
            >
              {isAllOpen ? own.closeAll : own.openAll}
            </button>
          )}
          <span class="muted" role="status">
            {words.count(shown.length, all.length)}
          </span>
        </div>
        {shown.length === 0 && <p class="muted">{words.none}</p>}
        {chosen.length > 0 ? (
          <section class="group favourites">
            <h3>{own.favourites}</h3>
            <Rows twin={twin} family={family} fields={chosen} />
          </section>
        ) : (
          held.length === 0 && <p class="muted small-text">{own.noFavourites}</p>
        )}
        {groups.map(({key, title, fields}) => (
          <Group
            key={key}
            twin={twin}
            family={family}
            title={title ?? words.whole}
            fields={fields}
            faults={(summary?.faults ?? twin.facts.faults).map(({field}) => field)}
            isOpen={isNarrow || open.has(key)}
            // A search opens groups by itself; it is to leave them as they were.
            onToggle={(isOpen) => !isNarrow && toggle(key, isOpen)}
          />
        ))}
      </section>
    </>
  );
}

function Group({
  twin,
  family,
  title,
  fields,
  faults,
  isOpen,
  onToggle,
}: {
  twin: Twin;
  family: Family;
  title: string;
  fields: NamedField[];
  faults: string[];
  isOpen: boolean;
  onToggle: (isOpen: boolean) => void;
}) {
  const words = texts.value.devicePage;
  const own = fields.filter(({name}) => faults.includes(name)).length;
  return (
    <details class="group" open={isOpen} onToggle={(event) => onToggle(event.currentTarget.open)}>
      <summary>
        <h3>{title}</h3>
        {own > 0 && (
          <span class="bad">
            <StateMark mark="critical" /> {words.faultsInGroup(own)}
          </span>
        )}
        <span class="muted">{words.inGroup(fields.length)}</span>
      </summary>
      {isOpen && <Rows twin={twin} family={family} fields={fields} />}
    </details>
  );
}

function Rows({twin, family, fields}: {twin: Twin; family: Family; fields: NamedField[]}) {
  return (
    <dl class="field-rows">
      {fields.map((field) => (
        <Row key={field.name} twin={twin} family={family} field={field} />
      ))}
    </dl>
  );
}

function Row({
  twin,
  family,
  field: {name, facts},
}: {
  twin: Twin;
  family: Family;
  field: NamedField;
}) {
  const words = texts.value.devicePage;
  const title = facts?.title ?? facts?.description ?? name;
  const page = `/d/${encodeURIComponent(twin.facts.sn)}`;
  const plot = `${page}?tab=plots&fields=${encodeURIComponent(name)}`;
  const isPlotted = (facts?.type === 'int' || facts?.type === 'float') && !facts.format;
  const isFavourite = (favourites.value[family.id] ?? []).includes(name);
  return (
    <div class="field-row">
      <dt title={meanings.value ? undefined : `${facts?.description ?? title} (${name})`}>
        <button
          type="button"
          class={`plain star ${isFavourite ? 'on' : ''}`}
          aria-pressed={isFavourite}
          aria-label={isFavourite ? words.removeFavourite(title) : words.addFavourite(title)}
          onClick={() => toggleFavourite(family.id, name)}
        >
          <Icon name="star" size={16} />
        </button>
        {isPlotted ? <a href={plot}>{title}</a> : <span>{title}</span>}
        {meanings.value && (
          <span class="meaning muted">
            <span class="raw">{name}</span>
            {facts?.description && facts.description !== title && <> · {facts.description}</>}
          </span>
        )}
      </dt>
      <Value twin={twin} name={name} facts={facts} />
    </div>
  );
}

function Value({twin, name, facts}: {twin: Twin; name: string; facts: Field | undefined}) {
  const reading = twin.field(name).value;
  const words = texts.value.device;
  if (reading === null)
    return (
      <dd class="unknown">
        <b>—</b>
        <span class="muted">{words.never}</span>
      </dd>
    );
  const value = displayed(facts, reading.value);
  const stale = value.absent || !twin.isCurrent.value;
  const shown = textOf(value);
  const isOld = reading.at !== null && serverNow() - reading.at >= lately;
  return (
    <dd class={stale ? 'stale' : ''}>
      <b title={shown.length > cutAt ? shown : undefined}>
        <bdi>{shown.length > cutAt ? `${shown.slice(0, cutAt)}…` : shown}</bdi>
      </b>
      {meanings.value && value.raw !== null && !value.absent && (
        <span class="muted raw">({value.raw})</span>
      )}
      <span class="age muted">{isOld ? ageText(reading.at) : ''}</span>
    </dd>
  );
}
