// One parameter of a command as the control that fits its description. It keeps nothing: what it
// shows is the form's entry, or else what the device reports.
import {useId} from 'preact/hooks';
import type {ParamFacts} from '../api/types.ts';
import {typed} from '../format/field.ts';
import {thinSpace} from '../format/number.ts';
import {localeName, texts} from '../i18n/index.ts';
import {Segments} from '../ui/controls.tsx';
import {chosenEntry, type Entry, jsonEntry, numberEntry} from './body.ts';

interface Props {
  param: ParamFacts;
  /** What the device reports now, in words and as it stands on the wire. */
  reported: {text: string; value: unknown} | null;
  /** What stands above already. */
  about: string | undefined;
  /** Undefined: the person has not touched it. */
  entry: Entry | undefined;
  onChange: (entry: Entry) => void;
}

export function Param(props: Props) {
  const {param, reported, entry, about} = props;
  const words = texts.value.set;
  const title = param.title ?? param.description ?? param.name;
  return (
    <div class={`param ${entry ? 'touched' : ''}`}>
      <div class="param-head">
        <span class="param-title">{title}</span>
        {param.required && <span class="muted small-text">{words.required}</span>}
        {entry ? (
          <span class="changed">{words.changedHere}</span>
        ) : (
          reported && <span class="muted small-text">{words.isNow(reported.text)}</span>
        )}
      </div>
      {param.description && param.description !== title && param.description !== about && (
        <p class="muted small-text">{param.description}</p>
      )}
      <Control {...props} title={title} />
    </div>
  );
}

function Control(props: Props & {title: string}) {
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
        onChange={(json) => onChange(chosenEntry(JSON.parse(json)))}
      />
    );
  }
  if (named) {
    return (
      <select
        aria-label={title}
        value={shown === undefined ? '' : JSON.stringify(shown)}
        onChange={(event) => onChange(chosenEntry(JSON.parse(event.currentTarget.value)))}
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
  if (param.type === 'int' || param.type === 'float') return <NumberControl {...props} />;
  if (param.type === 'string') {
    return (
      <input
        aria-label={title}
        maxLength={256}
        value={String(shown ?? '')}
        onInput={(event) => onChange(chosenEntry(event.currentTarget.value))}
      />
    );
  }
  return <JsonControl {...props} />;
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

/** What may be typed, or what is wrong with what was. */
function rangeText(
  entry: Entry | undefined,
  limits: [string, string] | undefined,
): string | undefined {
  const words = texts.value.set;
  if (entry?.problem === 'number') return words.notNumber(entry.text);
  if (!limits) return undefined;
  return entry?.problem === 'range' ? words.outOf(...limits) : words.range(...limits);
}

function NumberControl({param, title, entry, reported, onChange}: Props & {title: string}) {
  const id = useId();
  const scale = param.scale ?? 1;
  const asTyped = (wire: number) => typed(wire, scale, localeName());
  const shown = entry ? entry.value : reported?.value;
  const number = typeof shown === 'number' ? shown : null;
  const text = entry?.text ?? (number === null ? '' : asTyped(number));
  const [least, most] = param.range ?? [];
  const limits = param.range?.map(asTyped) as [string, string] | undefined;
  const slider = param.range && (param.unit === '%' || most! - least! <= 100) && most! - least! > 4;
  const problem = entry?.problem ?? null;
  return (
    <>
      <div class="number-control">
        {slider && number !== null && (
          <input
            type="range"
            aria-label={title}
            min={least}
            max={most}
            step={1}
            value={number}
            aria-valuetext={`${text} ${param.unit ?? ''}`}
            onInput={(event) => {
              const wire = Number(event.currentTarget.value);
              onChange({value: wire, problem: null, text: asTyped(wire)});
            }}
          />
        )}
        <input
          inputMode="decimal"
          aria-label={title}
          value={text}
          aria-invalid={problem !== null}
          aria-describedby={id}
          autocomplete="off"
          onInput={(event) => onChange(numberEntry(event.currentTarget.value, param))}
        />
        {param.unit && <span class="muted">{param.unit}</span>}
      </div>
      <p id={id} class={`small-text ${problem ? 'bad' : 'muted'}`}>
        {rangeText(entry, limits)}
      </p>
    </>
  );
}

function JsonControl({title, entry, reported, onChange}: Props & {title: string}) {
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
