// What a card says of a device that has few figures of its own: the powers of its circuits, and the
// fields that its family calls essential.
import type {Family, Field} from '../api/types.ts';

export interface Circuits {
  name: string;
  title: string;
  /** The power of a circuit. */
  power: Field;
}

const mostEssentials = 2;

/** The first list whose elements have one power each; null: the family has none. */
export function circuitsOf({fields}: Family): Circuits | null {
  for (const field of fields) {
    const members = field.type === 'array' ? (field.fields?.[0]?.fields ?? []) : [];
    const [power, ...more] = members.filter(({unit}) => unit === 'W');
    if (power && more.length === 0) return {name: field.name, title: field.title ?? '', power};
  }
  return null;
}

export const essentialFields = ({fields}: Family): Field[] =>
  fields.filter(({essential}) => essential).slice(0, mostEssentials);

/** In W, one of each circuit; null: not known. */
export function powersOf({power}: Circuits, value: unknown): (number | null)[] {
  if (!Array.isArray(value)) return [];
  return value.map((circuit: unknown) => {
    const watts = (circuit as Record<string, unknown> | null)?.[power.name];
    return typeof watts === 'number' ? watts * (power.scale ?? 1) : null;
  });
}
