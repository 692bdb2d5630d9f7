// All fields of a device, grouped by the board or module that reports them, live.
import {useMemo, useState} from 'preact/hooks';
import type {Family, Field} from '../api/types.ts';
import {textOf} from '../format/field.ts';
import {ageText, displayed, texts} from '../i18n/index.ts';
import {fieldsOf, type NamedField} from '../store/paths.ts';
import type {Twin} from '../store/twins.ts';
import {Segments} from '../ui/controls.tsx';

function groupOf(field: NamedField): string {
  const parts = field.name.split('.');
  if (field.facts?.name.includes('*')) return parts.slice(0, -1).join(' › ');
  return parts.length > 1 ? parts[0]! : '';
}

type Filter = 'all' | 'reported' | 'faults';

export function FieldsTab({twin, family}: {twin: Twin; family: Family}) {
  const words = texts.value.device;
  const [search, setSearch] = useState('');
  const [filter, setFilter] = useState<Filter>('all');
  const all = useMemo(() => fieldsOf(family, twin.names.value), [family, twin.names.value]);
  const wanted = search.trim().toLowerCase();
  const shown = all.filter(
    ({name, facts}) =>
      (filter !== 'faults' || facts?.error) &&
      (filter !== 'reported' || twin.field(name).peek() !== null) &&
      (!wanted ||
        `${name} ${facts?.title ?? ''} ${facts?.description ?? ''}`.toLowerCase().includes(wanted)),
  );
  const groups = new Map<string, NamedField[]>();
  for (const field of shown) {
    const group = groupOf(field);
    groups.set(group, [...(groups.get(group) ?? []), field]);
  }
  return (
    <section class="card fields">
      <div class="field-tools">
        <h2>{words.fields}</h2>
        <input
          type="search"
          placeholder={words.search}
          aria-label={words.search}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <Segments
          label={words.fields}
          name="field-filter"
          value={filter}
          onChange={setFilter}
          choices={[
            {value: 'all', label: texts.value.fleet.all},
            {value: 'reported', label: words.changed},
            {value: 'faults', label: words.faults},
          ]}
        />
        <span class="muted" role="status">
          {words.count(shown.length, all.length)}
        </span>
      </div>
      {shown.length === 0 && <p class="muted">{words.none}</p>}
      <div class="groups">
        {[...groups].map(([group, fields]) => (
          <section key={group} class="group">
            <h3>{group ? <span class="raw">{group}</span> : words.whole}</h3>
            <dl>
              {fields.map((field) => (
                <Row key={field.name} twin={twin} field={field} />
              ))}
            </dl>
          </section>
        ))}
      </div>
    </section>
  );
}

function Row({twin, field: {name, facts}}: {twin: Twin; field: NamedField}) {
  const title = facts?.title ?? facts?.description ?? name;
  const page = `/d/${encodeURIComponent(twin.facts.sn)}`;
  const plot = `${page}?tab=plots&fields=${encodeURIComponent(name)}`;
  const numeric = facts?.type === 'int' || facts?.type === 'float';
  return (
    <div class="field-row">
      <dt>
        {numeric ? <a href={plot}>{title}</a> : <span>{title}</span>}
        <span class="raw muted">{name}</span>
        {facts?.description && facts.description !== title && (
          <span class="meaning muted">{facts.description}</span>
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
  return (
    <dd class={stale ? 'stale' : ''}>
      <b title={shown.length > 80 ? shown : undefined}>
        <bdi>{shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}</bdi>
      </b>
      {value.raw !== null && !value.absent && <span class="muted raw">({value.raw})</span>}
      <span class="age muted">{reading.at === null ? '' : ageText(reading.at)}</span>
    </dd>
  );
}
