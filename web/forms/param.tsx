// One parameter of a command as the control that fits its description.
import {useId, useState} from 'preact/hooks';
import type {ParamFacts} from '../api/types.ts';
import {parseNumber, typed} from '../format/field.ts';
import {localeName, texts} from '../i18n/index.ts';
import {Segments} from '../ui/controls.tsx';
import {type Check, wireNumber} from './body.ts';

interface Props {
  param: ParamFacts;
  /** What the device reports now, in words and as it stands on the wire. */
  reported: {text: string; value: unknown} | null;
  touched: boolean;
  /** What stands above already. */
  about: string | undefined;
  value: unknown;
  onChange: (check: Check) => void;
}

export function Param(props: Props) {
  const {param, reported, touched, about} = props;
  const words = texts.value.set;
  const title = param.title ?? param.description ?? param.name;
  return (
    <div class={`param ${touched ? 'touched' : ''}`}>
      <div class="param-head">
        <span class="param-title">{title}</span>
        {param.required && <span class="muted small-text">{words.required}</span>}
        {touched ? (
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
  const {param, title, touched, value, reported, onChange} = props;
  const id = useId();
  const shown = touched ? value : reported?.value;
  const named = uniqueNames(param);
  if (named && named.length <= 4) {
    const chosen =
      named.find((choice) => choice.value === shown) ??
      named.find((choice) => choice.label === reported?.text && !touched);
    return (
      <Segments
        label={title}
        name={id}
        value={chosen ? JSON.stringify(chosen.value) : null}
        choices={named.map((choice) => ({
          value: JSON.stringify(choice.value),
          label: choice.label,
        }))}
        onChange={(json) => onChange({value: JSON.parse(json), problem: null})}
      />
    );
  }
  if (named) {
    return (
      <select
        aria-label={title}
        value={shown === undefined ? '' : JSON.stringify(shown)}
        onChange={(event) =>
          onChange({value: JSON.parse(event.currentTarget.value), problem: null})
        }
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
        onInput={(event) => onChange({value: event.currentTarget.value, problem: null})}
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
    const label = name ?? `${String(value)}${param.unit ? `\u202f${param.unit}` : ''}`;
    if (seen.has(label)) return [];
    seen.add(label);
    return [{value, label}];
  });
}

/** What may be typed, or what is wrong with what was. */
function rangeText(
  problem: Check['problem'],
  typedText: string,
  limits: [string, string] | undefined,
): string | undefined {
  const words = texts.value.set;
  if (problem === 'number') return words.notNumber(typedText);
  if (!limits) return undefined;
  return problem === 'range' ? words.outOf(...limits) : words.range(...limits);
}

function NumberControl({
  param,
  title,
  touched,
  value,
  reported,
  onChange,
}: Props & {title: string}) {
  const id = useId();
  const scale = param.scale ?? 1;
  const shown = touched ? value : reported?.value;
  const [draft, setDraft] = useState<string | null>(null);
  const [problem, setProblem] = useState<Check['problem']>(null);
  const number = typeof shown === 'number' ? shown : null;
  const text = draft ?? (number === null ? '' : typed(number, scale, localeName()));
  const [least, most] = param.range ?? [];
  const limits = param.range?.map((wire) => typed(wire, scale, localeName())) as
    | [string, string]
    | undefined;
  const take = (raw: string, check: Check) => {
    setDraft(raw);
    setProblem(check.problem);
    onChange(check);
  };
  const slider = param.range && (param.unit === '%' || most! - least! <= 100) && most! - least! > 4;
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
            value={number ?? least}
            aria-valuetext={`${text} ${param.unit ?? ''}`}
            onInput={(event) => {
              const wire = Number(event.currentTarget.value);
              take(typed(wire, scale, localeName()), {value: wire, problem: null});
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
          onInput={(event) => {
            const raw = event.currentTarget.value;
            take(raw, wireNumber(parseNumber(raw), param));
          }}
        />
        {param.unit && <span class="muted">{param.unit}</span>}
      </div>
      <p id={id} class={`small-text ${problem ? 'bad' : 'muted'}`}>
        {rangeText(problem, text, limits)}
      </p>
    </>
  );
}

function JsonControl({title, touched, value, reported, onChange}: Props & {title: string}) {
  const id = useId();
  const shown = touched ? value : reported?.value;
  const [draft, setDraft] = useState<string | null>(null);
  const [bad, setBad] = useState(false);
  return (
    <>
      <textarea
        class="raw"
        rows={3}
        aria-label={title}
        aria-invalid={bad}
        aria-describedby={id}
        value={draft ?? (shown === undefined ? '' : JSON.stringify(shown))}
        onInput={(event) => {
          const text = event.currentTarget.value;
          setDraft(text);
          try {
            onChange({value: JSON.parse(text), problem: null});
            setBad(false);
          } catch {
            onChange({value: null, problem: 'json'});
            setBad(true);
          }
        }}
      />
      <p id={id} class="small-text bad">
        {bad ? `JSON: ${texts.value.set.notJson}` : ''}
      </p>
    </>
  );
}
