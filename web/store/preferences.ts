// The preferences of this browser; nothing else is kept here, and no secret.
import {signal} from '@preact/signals';
import {keep, kept} from './kept.ts';

export type Theme = 'system' | 'light' | 'dark';

export const theme = signal<Theme>((kept('theme') as Theme | null) ?? 'system');
/** Counts changes of the colours: a canvas has to be painted anew. */
export const themeVersion = signal(0);

const systemDark = matchMedia('(prefers-color-scheme: dark)');
const systemStill = matchMedia('(prefers-reduced-motion: reduce)');

function applyTheme(): void {
  const dark = theme.value === 'dark' || (theme.value === 'system' && systemDark.matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  themeVersion.value++;
}

export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  keep('theme', chosen === 'system' ? null : chosen);
  applyTheme();
}

export const moving = signal(wantsMotion());

function wantsMotion(): boolean {
  return kept('motion') !== 'off' && !systemStill.matches;
}

export function setMotion(on: boolean): void {
  keep('motion', on ? 'on' : 'off');
  moving.value = on && !systemStill.matches;
}

/** Applies what is preferred, and follows what the system prefers where the user chose nothing. */
export function followPreferences(): void {
  applyTheme();
  systemDark.addEventListener('change', applyTheme);
  systemStill.addEventListener('change', () => {
    moving.value = wantsMotion();
  });
}

/** Names of fields by their family, in the order in which they were chosen. */
export const favourites = signal<Record<string, string[]>>(storedFavourites());

function storedFavourites(): Record<string, string[]> {
  try {
    const stored: unknown = JSON.parse(kept('favourites') ?? '{}');
    return typeof stored === 'object' && stored !== null
      ? (stored as Record<string, string[]>)
      : {};
  } catch {
    return {};
  }
}

export function toggleFavourite(family: string, field: string): void {
  const held = favourites.value[family] ?? [];
  const next = held.includes(field) ? held.filter((one) => one !== field) : [...held, field];
  favourites.value = {...favourites.value, [family]: next};
  keep('favourites', JSON.stringify(favourites.value));
}

/** Whether fields are shown with their names on the wire and all that is known of them. */
export const meanings = signal(kept('meanings') === 'on');

export function setMeanings(on: boolean): void {
  meanings.value = on;
  keep('meanings', on ? 'on' : 'off');
}
