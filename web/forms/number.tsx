// A number is typed or slid, in the unit that fits it.
import {useId, useState} from 'preact/hooks';
import type {ParamFacts} from '../api/types.ts';
import {duration, inSeconds} from '../format/age.ts';
import {typed} from '../format/field.ts';
import {thinSpace} from '../format/number.ts';
import {localeName, texts} from '../i18n/index.ts';
import {type Entry, numberEntry, type TimeUnit, timeUnitsOf, usualUnit} from './body.ts';
import type {ControlProps} from './props.ts';

/** The limits of the value, or the reason why it is wrong. */
function rangeText(
  entry: Entry | undefined,
  limits: [string, string] | undefined,
): string | undefined {
  const words = texts.value.set;
  if (entry?.problem === 'number') return words.notNumber(entry.text);
  if (!limits) return undefined;
  return entry?.problem === 'range' ? words.outOf(...limits) : words.range(...limits);
}

export function NumberControl({param, title, entry, reported, onChange}: ControlProps) {
  const id = useId();
  const units = timeUnitsOf(param);
  const isNever = (value: unknown) => param.never !== undefined && value === param.never;
  const present = typeof reported?.value === 'number' ? reported.value : null;
  const [chosen, setChosen] = useState<TimeUnit['unit'] | null>(null);
  const unit = units.find((one) => one.unit === chosen) ?? usualUnit(units, present);
  const times = unit?.times ?? 1;
  const scale = (param.scale ?? 1) / times;
  const asTyped = (wire: number) => typed(wire, scale, localeName());
  const shown = entry ? entry.value : reported?.value;
  const number = typeof shown === 'number' ? shown : null;
  const never = isNever(shown);
  const text = entry?.text ?? (number === null ? '' : asTyped(number));
  const [least, most] = param.range ?? [];
  const limits = limitsOf(param, asTyped);
  const slider =
    units.length === 0 &&
    param.range &&
    (param.unit === '%' || most! - least! <= 100) &&
    most! - least! > 4;
  const problem = entry?.problem ?? null;
  const choose = (wire: number) => onChange({value: wire, problem: null, text: asTyped(wire)});
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
            onInput={(event) => choose(Number(event.currentTarget.value))}
          />
        )}
        <input
          inputMode="decimal"
          aria-label={title}
          value={never ? '' : text}
          placeholder={never ? texts.value.set.never : undefined}
          aria-invalid={problem !== null}
          aria-describedby={id}
          autocomplete="off"
          onInput={(event) => onChange(numberEntry(event.currentTarget.value, param, times))}
        />
        <Unit
          title={title}
          param={param}
          units={units}
          unit={unit}
          onChange={(next) => {
            setChosen(next.unit);
            // The number that was typed is one of another unit now.
            if (entry && !never) onChange(numberEntry(entry.text, param, next.times));
          }}
        />
        {param.never !== undefined && (
          <label class="never">
            <input
              type="checkbox"
              checked={never}
              onChange={(event) =>
                choose(event.currentTarget.checked ? param.never! : Math.max(least ?? 0, times))
              }
            />
            {texts.value.set.never}
          </label>
        )}
      </div>
      <p id={id} class={`small-text ${problem ? 'bad' : 'muted'}`}>
        {rangeText(entry, limits)}
      </p>
    </>
  );
}

/** The least and the greatest have their unit: 0 s to 18 h 12 min, 100 to 240 V. */
function limitsOf(
  param: ParamFacts,
  asTyped: (wire: number) => string,
): [string, string] | undefined {
  if (!param.range) return undefined;
  const [least, most] = param.range;
  const scale = param.scale ?? 1;
  if (timeUnitsOf(param).length > 0) {
    const text = (wire: number) =>
      duration(inSeconds(wire * scale, param.unit) ?? 0, texts.value.age);
    return [text(least), text(most)];
  }
  const unit = param.unit ? `${thinSpace}${param.unit}` : '';
  return [asTyped(least), asTyped(most) + unit];
}

function Unit({
  title,
  param,
  units,
  unit,
  onChange,
}: {
  title: string;
  param: ParamFacts;
  units: TimeUnit[];
  unit: TimeUnit | undefined;
  onChange: (unit: TimeUnit) => void;
}) {
  const names = texts.value.age;
  if (!unit || units.length < 2) {
    return <>{param.unit && <span class="muted">{param.unit}</span>}</>;
  }
  return (
    <select
      class="unit"
      aria-label={texts.value.devicePage.unit(title)}
      value={unit.unit}
      onChange={(event) =>
        onChange(units.find((one) => one.unit === event.currentTarget.value) ?? unit)
      }
    >
      {units.map((one) => (
        <option key={one.unit} value={one.unit}>
          {names[one.unit]}
        </option>
      ))}
    </select>
  );
}
