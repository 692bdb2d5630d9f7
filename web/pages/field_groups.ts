// Fields stand by the board or module that reports them, as the family's file calls it.
import type {Family} from '../api/types.ts';
import type {NamedField} from '../store/paths.ts';

export interface Group {
  key: string;
  /** Null: the fields have no group. */
  title: string | null;
  fields: NamedField[];
}

/** The groups have the order of the family's file; fields without a group come first. */
export function groupsOf(fields: NamedField[], family: Family): Group[] {
  const titles = new Map(family.groups.map(({name, title}) => [name, title]));
  const order = ['', ...titles.keys()];
  const place = (key: string) => {
    const at = order.indexOf(key.split(' ')[0]!);
    return at < 0 ? order.length : at;
  };
  const groups = new Map<string, Group>();
  for (const field of fields) {
    const parts = field.name.split('.');
    const first = parts.length > 1 ? parts[0]! : '';
    // A module has the second segment of its fields' names.
    const module = field.facts?.name.includes('*') ? (parts[1] ?? '') : '';
    const key = module ? `${first} ${module}` : first;
    const known = titles.get(first) ?? first;
    const title = first ? [known, module].filter(Boolean).join(' · ') : null;
    const group = groups.get(key);
    if (group) group.fields.push(field);
    else groups.set(key, {key, title, fields: [field]});
  }
  return [...groups.values()].sort((a, b) => place(a.key) - place(b.key));
}
