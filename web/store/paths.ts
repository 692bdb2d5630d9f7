// Names of fields: some families report flat names, others nested objects.
import type {Family, Field} from '../api/types.ts';

/** Rows of name and value. An object is a field if the family says so, else its members are. */
export function flatten(
  values: Record<string, unknown>,
  known: ReadonlySet<string>,
  prefix = '',
): [string, unknown][] {
  return Object.entries(values).flatMap(([key, value]) => {
    const name = prefix + key;
    const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (nested && !known.has(name)) {
      return flatten(value as Record<string, unknown>, known, `${name}.`);
    }
    return [[name, value] as [string, unknown]];
  });
}

/** Whether `kitscc.M3.batWatts` is a field `kitscc.*.batWatts`. */
export function matches(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  if (!pattern.includes('*')) return false;
  const want = pattern.split('.');
  const have = name.split('.');
  return want.length === have.length && want.every((part, i) => part === '*' || part === have[i]);
}

export interface NamedField {
  name: string;
  facts: Field | undefined;
}

/** The family's fields, those of modules by the names reported, and what no file knows. */
export function fieldsOf(family: Family, reported: string[]): NamedField[] {
  const plain = new Map(
    family.fields.filter((field) => !field.name.includes('*')).map((field) => [field.name, field]),
  );
  const patterns = family.fields.filter((field) => field.name.includes('*'));
  const more = reported
    .filter((name) => !plain.has(name))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => ({name, facts: patterns.find((field) => matches(field.name, name))}));
  return [...[...plain].map(([name, facts]) => ({name, facts})), ...more];
}
