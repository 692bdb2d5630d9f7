// Runs before the first paint, as a classic script: the page must not flash in the wrong colours.
import {kept} from './store/kept.ts';

const chosen = kept('theme');
const dark =
  chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
