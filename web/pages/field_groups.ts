// Fields stand in the groups that the family's file lists.
import type {Family} from '../api/types.ts';
import type {NamedField} from '../store/paths.ts';

export interface Group {
  key: string;
  /** Null: the fields have no group. */
  title: string | null;
  fields: NamedField[];
}

interface Place {
  key: string;
  title: string | null;
  /** In the list of groups. */
  order: number;
  /** In the group: fields that have a name of their own there come in its order. */
  position: number;
}

/** Finds the place of a field by its name in the family's file. */
function placesOf(family: Family): (name: string) => Place {
  const places = new Map<string, Place>();
  for (const [order, {name: key, title, fields}] of family.groups.entries()) {
    for (const [position, name] of fields.entries()) {
      places.set(name, {key, title, order, position});
    }
  }
  return (name) => {
    const own = places.get(name);
    if (own) return own;
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      const found = places.get(name.slice(0, dot + 1));
      if (found) return found;
    }
    // No group of the file has it: it stands with those of its board.
    const board = name.includes('.') ? name.slice(0, name.indexOf('.')) : '';
    const order = board ? family.groups.length : -1;
    return {key: board, title: board || null, order, position: 0};
  };
}

/** The groups have the order of the family's file; fields without a group come first. */
export function groupsOf(fields: NamedField[], family: Family): Group[] {
  const placeOf = placesOf(family);
  const placed = fields
    .map((field) => ({field, place: placeOf(field.facts?.name ?? field.name)}))
    .sort((a, b) => a.place.order - b.place.order || a.place.position - b.place.position);
  const groups = new Map<string, Group>();
  for (const {field, place} of placed) {
    // A module has the second segment of its fields' names.
    const module = field.facts?.name.includes('*') ? (field.name.split('.')[1] ?? '') : '';
    const key = module ? `${place.key} ${module}` : place.key;
    const title = [place.title, module].filter(Boolean).join(' · ') || null;
    const group = groups.get(key);
    if (group) group.fields.push(field);
    else groups.set(key, {key, title, fields: [field]});
  }
  return [...groups.values()];
}
