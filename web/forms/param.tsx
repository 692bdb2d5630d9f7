// Parameters of a command as the controls that fit their descriptions. They keep nothing: what they
// show are the form's entries, or else what the device reports. An object has its members, and a list
// its elements.
import {useId} from 'preact/hooks';
import type {ParamFacts} from '../api/types.ts';
import {textOf} from '../format/field.ts';
import {thinSpace} from '../format/number.ts';
import {displayed, texts} from '../i18n/index.ts';
import {Segments} from '../ui/controls.tsx';
import {asIs, type Entry, jsonEntry, type Wire} from './body.ts';
import {NumberControl} from './number.tsx';
import {
  changed,
  elementsOf,
  firstValue,
  formOf,
  isObject,
  listEntry,
  objectEntry,
} from './parts.ts';
import type {ControlProps, ParamProps, Present, PresentOf} from './props.ts';

interface ParamsProps {
  params: ParamFacts[];
  entries: Record<string, Entry>;
  presentOf: PresentOf;
  /** They are members of an object. */
  isInner?: boolean;
  /** The text that stands above already. */
  about?: string | undefined;
  onChange: (entries: Record<string, Entry>) => void;
}

/** Parameters beside each other: one may name the form of another. */
export function Params({params, entries, presentOf, isInner, about, onChange}: ParamsProps) {
  const read = (name: string) => {
    const param = params.find((one) => one.name === name);
    return name in entries ? entries[name]!.value : param && presentOf(param)?.value;
  };
  const give = (name: string, entry: Entry) => onChange(changed(params, entries, name, entry));
  return (
    <>
      {params.map((param) => {
        const shown = param.ignored ? null : formOf(param, read(param.form_of ?? ''));
        return (
          shown && (
            <Param
              key={param.name}
              param={shown}
              about={about}
              reported={presentOf(param)}
              presentOf={presentOf}
              isInner={isInner === true}
              entry={entries[param.name]}
              onChange={(entry) => give(param.name, entry)}
            />
          )
        );
      })}
    </>
  );
}

function ObjectControl({param, title, entry, reported, presentOf, whole, onChange}: ControlProps) {
  const shown = entry ? entry.value : reported?.value;
  const members = isObject(shown) ? shown : {};
  const params = param.params ?? [];
  // What is set as a whole keeps its other members.
  const kept = whole || param.sets ? members : {};
  const partOf: PresentOf = (member) =>
    member.name in members ? presentIn(member, members, !whole) : (presentOf?.(member) ?? null);
  if (param.exactly_one) {
    const isOn = (one: ParamFacts) => (entry ? members[one.name] : partOf(one)?.value) === true;
    return <OneOf param={param} title={title} isOn={isOn} onChange={onChange} />;
  }
  return (
    <fieldset class="parts">
      <legend class="hidden">{title}</legend>
      <Params
        params={params}
        entries={entry?.parts ?? {}}
        presentOf={partOf}
        isInner
        about={title}
        onChange={(parts) => {
          const known = isObject(reported?.value) ? reported.value : {};
          onChange(objectEntry(param, parts, kept, {...known, ...knownOf(params, partOf)}));
        }}
      />
    </fieldset>
  );
}

function presentIn(member: ParamFacts, members: Wire, isNow: boolean): Present {
  const value = members[member.name];
  return {text: isNow ? textOf(displayed(member, value)) : '', value};
}

function knownOf(params: ParamFacts[], presentOf: PresentOf): Wire {
  const known = params.flatMap((param) => {
    const present = presentOf(param);
    return present ? [[param.name, present.value]] : [];
  });
  return Object.fromEntries(known);
}

/** Exactly one of some switches is on. */
function OneOf({
  param,
  title,
  isOn,
  onChange,
}: {
  param: ParamFacts;
  title: string;
  isOn: (member: ParamFacts) => boolean;
  onChange: (entry: Entry) => void;
}) {
  const id = useId();
  const members = param.params ?? [];
  const chosen = members.find(isOn);
  return (
    <Segments
      label={title}
      name={id}
      value={chosen?.name ?? null}
      choices={members.map(({name, title: label = name}) => ({value: name, label}))}
      onChange={(name) => onChange(asIs({[name]: true}))}
    />
  );
}

function ListControl({param, title, entry, reported, onChange}: ControlProps) {
  const words = texts.value.set;
  const element = param.params?.[0];
  if (!element) return null;
  const elements = elementsOf(entry, reported?.value);
  const give = (next: Entry[]) => onChange(listEntry(param, next));
  const {min_items: least = 0, max_items: most = Infinity} = param;
  return (
    <fieldset class="parts">
      <legend class="hidden">{title}</legend>
      <ol class="elements">
        {elements.map((one, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an element is its place.
          <li key={i}>
            <Param
              param={{...element, title: `${element.title ?? title} ${i + 1}`}}
              about={title}
              reported={null}
              entry={one}
              whole
              onChange={(given) => give(elements.with(i, given))}
            />
            {elements.length > least && (
              <button
                type="button"
                class="small"
                onClick={() => give(elements.filter((_, at) => at !== i))}
              >
                {words.takeOut(i + 1)}
              </button>
            )}
          </li>
        ))}
      </ol>
      {elements.length < most && (
        <button
          type="button"
          class="small"
          onClick={() =>
            give([
              ...elements,
              ...Array.from({length: Math.max(1, least - elements.length)}, () =>
                asIs(firstValue(element)),
              ),
            ])
          }
        >
          {words.addOne}
        </button>
      )}
      {entry?.problem === 'items' && (
        <p class="small-text bad">{words.items(least, most === Infinity ? null : most)}</p>
      )}
    </fieldset>
  );
}

export function Param(props: ParamProps) {
  const {param, entry, about, whole, isInner} = props;
  const words = texts.value.set;
  const title = param.title ?? param.description ?? param.name;
  const head = (
    <>
      <span class="param-title">{title}</span>
      {param.required && <span class="muted small-text">{words.required}</span>}
      {!whole && <Beside {...props} />}
    </>
  );
  const rest = (
    <>
      {param.description && param.description !== title && param.description !== about && (
        <p class="muted small-text">{param.description}</p>
      )}
      <Control {...props} title={title} />
    </>
  );
  const look = `param ${entry ? 'touched' : ''}`;
  // An object within another one is often left out, and has many members.
  if (isInner && param.type === 'object' && param.params && !param.exactly_one) {
    return (
      <details class={look} open={entry ? true : undefined}>
        <summary class="param-head">{head}</summary>
        {rest}
      </details>
    );
  }
  return (
    <div class={look}>
      <div class="param-head">{head}</div>
      {rest}
    </div>
  );
}

/** Whether the value is to be sent, or else what it is now. */
function Beside({param, entry, reported}: ParamProps) {
  const words = texts.value.set;
  if (entry) return <span class="changed">{words.changedHere}</span>;
  if (!reported?.text || param.params) return null;
  return <span class="muted small-text">{words.isNow(reported.text)}</span>;
}

function Control(props: ControlProps) {
  const {param, title, entry, reported, onChange} = props;
  const id = useId();
  const shown = entry ? entry.value : reported?.value;
  const named = uniqueNames(param);
  if (named && named.length <= 4) {
    const chosen =
      named.find((choice) => choice.value === shown) ??
      named.find((choice) => choice.label === reported?.text && !entry);
    return (
      <Segments
        label={title}
        name={id}
        value={chosen ? JSON.stringify(chosen.value) : null}
        choices={named.map((choice) => ({
          value: JSON.stringify(choice.value),
          label: choice.label,
        }))}
        onChange={(json) => onChange(asIs(JSON.parse(json)))}
      />
    );
  }
  if (named) {
    return (
      <select
        aria-label={title}
        value={shown === undefined ? '' : JSON.stringify(shown)}
        onChange={(event) => onChange(asIs(JSON.parse(event.currentTarget.value)))}
      >
        <option value="" disabled />
        {named.map((choice) => (
          <option key={choice.label} value={JSON.stringify(choice.value)}>
            {choice.label}
          </option>
        ))}
      </select>
    );
  }
  return <ByType {...props} />;
}

function ByType(props: ControlProps) {
  const {param, title, entry, reported, onChange} = props;
  if (param.type === 'int' || param.type === 'float') return <NumberControl {...props} />;
  if (param.type === 'string') {
    return (
      <input
        aria-label={title}
        maxLength={param.max_items ?? 256}
        value={String((entry ? entry.value : reported?.value) ?? '')}
        onInput={(event) => onChange(asIs(event.currentTarget.value))}
      />
    );
  }
  if (param.type === 'bool') return <YesOrNo {...props} />;
  if (param.type === 'object' && param.params) return <ObjectControl {...props} />;
  if (param.type === 'array' && param.params) {
    return <ListControl {...props} />;
  }
  return <JsonControl {...props} />;
}

function YesOrNo({title, entry, reported, onChange}: ControlProps) {
  const id = useId();
  const {yes, no} = texts.value.devicePage;
  const shown = entry ? entry.value : reported?.value;
  return (
    <Segments
      label={title}
      name={id}
      value={typeof shown === 'boolean' ? String(shown) : null}
      choices={[
        {value: 'false', label: no},
        {value: 'true', label: yes},
      ]}
      onChange={(chosen) => onChange(asIs(chosen === 'true'))}
    />
  );
}

/** Two values of one name are offered once: 1 and 50 both mean 50 Hz. */
function uniqueNames(param: ParamFacts): {value: unknown; label: string}[] | null {
  if (!param.values) return null;
  const seen = new Set<string>();
  return param.values.flatMap(({value, name}) => {
    const label = name ?? `${String(value)}${param.unit ? thinSpace + param.unit : ''}`;
    if (seen.has(label)) return [];
    seen.add(label);
    return [{value, label}];
  });
}

function JsonControl({title, entry, reported, onChange}: ControlProps) {
  const id = useId();
  const bad = entry?.problem === 'json';
  const reportedText = reported === null ? '' : JSON.stringify(reported.value);
  return (
    <>
      <textarea
        class="raw"
        rows={3}
        aria-label={title}
        aria-invalid={bad}
        aria-describedby={id}
        value={entry?.text ?? reportedText}
        onInput={(event) => onChange(jsonEntry(event.currentTarget.value))}
      />
      <p id={id} class="small-text bad">
        {bad ? `JSON: ${texts.value.set.notJson}` : ''}
      </p>
    </>
  );
}
