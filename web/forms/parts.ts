// The value of an object or of a list, made of what was given for its members or elements.
import type {ParamFacts} from '../api/types.ts';
import {asIs, type Entry, type Wire} from './body.ts';

export const isObject = (value: unknown): value is Wire =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands for a parameter before somebody gave a value. */
export function firstValue(param: ParamFacts): unknown {
  const {type, values, range, params = []} = param;
  if (values?.[0]) return values[0].value;
  if (type === 'object') {
    const members = params.filter(({ignored}) => !ignored);
    return Object.fromEntries(members.map((member) => [member.name, firstValue(member)]));
  }
  if (type === 'array') {
    const [element] = params;
    const least = param.min_items ?? 0;
    return element ? Array.from({length: least}, () => firstValue(element)) : [];
  }
  if (type === 'bool') return false;
  return type === 'string' ? '' : Math.max(range?.[0] ?? 0, Math.min(range?.[1] ?? 0, 0));
}

function problemOf(parts: Entry[]): Entry['problem'] {
  return parts.find(({problem}) => problem !== null)?.problem ?? null;
}

/**
 * An object with the members that were given. The others are those of `whole`, of an object that is
 * always set as a whole; what must be given is taken from `present` else.
 */
export function objectEntry(
  param: ParamFacts,
  parts: Record<string, Entry>,
  whole: Wire,
  present: Wire,
): Entry {
  const value: Wire = {...whole};
  let missing: Entry['problem'] = null;
  for (const {name, required} of param.params ?? []) {
    const part = parts[name];
    if (part) value[name] = part.value;
    else if (required && !(name in value) && name in present) value[name] = present[name];
    else if (required && !(name in value)) missing = 'missing';
  }
  return {value, problem: problemOf(Object.values(parts)) ?? missing, text: '', parts};
}

export function elementsOf(entry: Entry | undefined, present: unknown): Entry[] {
  if (entry?.parts) return Object.values(entry.parts);
  const value = entry ? entry.value : present;
  return Array.isArray(value) ? value.map(asIs) : [];
}

export function listEntry(param: ParamFacts, elements: Entry[]): Entry {
  const {min_items: least = 0, max_items: most = Infinity} = param;
  const isWrong = elements.length < least || elements.length > most;
  return {
    value: elements.map(({value}) => value),
    problem: problemOf(elements) ?? (isWrong ? 'items' : null),
    text: '',
    parts: Object.fromEntries(elements.entries()),
  };
}

/** The parts that still count when one of them has another value: forms go with what names them. */
export function changed(
  params: ParamFacts[],
  parts: Record<string, Entry>,
  name: string,
  entry: Entry,
): Record<string, Entry> {
  const kept = Object.entries(parts).filter(
    ([part]) => params.find((param) => param.name === part)?.form_of !== name,
  );
  return {...Object.fromEntries(kept), [name]: entry};
}

/** A parameter as it is with this value of the parameter that names its form; null: it has none. */
export function formOf(param: ParamFacts, selector: unknown): ParamFacts | null {
  if (!param.forms) return param;
  const form = param.forms.find(({name}) => name === String(selector));
  return form ? {...form, name: param.name} : null;
}
