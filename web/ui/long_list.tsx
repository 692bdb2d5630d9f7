// A list that shows how it begins, and more of it when that is asked for.
import type {ComponentChildren} from 'preact';
import {useState} from 'preact/hooks';
import {texts} from '../i18n/index.ts';

const rowsAtOnce = 100;

interface Props<T> {
  items: T[];
  keyOf: (item: T) => string;
  row: (item: T) => ComponentChildren;
  class: string;
}

export function LongList<T>({items, keyOf, row, class: name}: Props<T>) {
  const [most, setMost] = useState(rowsAtOnce);
  const left = items.length - most;
  return (
    <>
      <ul class={name}>
        {items.slice(0, most).map((item) => (
          <li key={keyOf(item)}>{row(item)}</li>
        ))}
      </ul>
      {left > 0 && (
        <p>
          <button type="button" class="small" onClick={() => setMost(most + rowsAtOnce)}>
            {texts.value.showMore(left)}
          </button>
        </p>
      )}
    </>
  );
}
