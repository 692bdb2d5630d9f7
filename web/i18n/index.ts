import {signal} from '@preact/signals';
import {type Language, language, me} from '../api/client.ts';
import type {State} from '../api/types.ts';
import {type AgeWords, age, localIso, span, when} from '../format/age.ts';
import {type DisplayedValue, display} from '../format/field.ts';
import {energy, type Figure, joined, measured, percent, power, unknown} from '../format/number.ts';
import {clock, serverNow, tick} from '../store/clock.ts';
import type {Alarm} from '../store/home.ts';
import {kept} from '../store/kept.ts';
import {isAway} from '../store/live.ts';
import {en, type Texts} from './en.ts';

export {type Language, language} from '../api/client.ts';

/** The texts of the language chosen; read `.value` where they are shown. */
export const texts = signal<Texts>(en);

export async function setLanguage(chosen: Language): Promise<void> {
  const loaded = chosen === 'de' ? (await import('./de.ts')).de : en;
  texts.value = loaded;
  language.value = chosen;
  document.documentElement.lang = chosen;
}

export function preferredLanguage(): Language {
  const stored = kept('language');
  return (stored ?? navigator.language).startsWith('de') ? 'de' : 'en';
}

const locale = () => (language.value === 'de' ? 'de-DE' : 'en-GB');

export const zone = () => me.value?.zone ?? '';

// Short names for formats in the chosen language.
export const powerText = (w: number | null | undefined) => joined(power(w, locale()));
export const powerFigure = (w: number | null | undefined, before = ''): Figure =>
  power(w, locale(), before);
export const energyText = (kwh: number | null | undefined) => joined(energy(kwh, locale()));
export const percentText = (value: number | null | undefined) => percent(value, locale());
export const whenText = (ms: number, form: Parameters<typeof when>[1]) =>
  when(ms, form, locale(), zone());
/** As 2026-10-25T02:00:00+02:00. */
export const localIsoText = (ms: number) => localIso(ms, zone());
/** A date of the server's calendar, as 2026-11-21. */
export const dateText = (date: string, form: Parameters<typeof when>[1]) =>
  when(Date.parse(`${date}T12:00:00Z`), form, locale(), 'UTC');
/** A value of a plot or a figure, in the unit that fits it. */
export const measuredText = (value: number | null | undefined, unit: string) =>
  value == null ? unknown : joined(measured(value, unit, locale()));
export const spanText = (s: number) => span(s, words(), locale());
export const localeName = () => locale();

/** A reported value, or one that is about to be sent. */
export function displayed(facts: Parameters<typeof display>[0], value: unknown): DisplayedValue {
  const {noBits, noSensor} = texts.value.device;
  const {never} = texts.value.set;
  const {yes, no} = texts.value.devicePage;
  return display(facts, value, locale(), {none: noBits, noSensor, never, yes, no, age: words()});
}

const words = (): AgeWords => texts.value.age;

/** How old a moment is, from a day on its date; drawn anew each second. */
export function ageText(ms: number | null | undefined): string {
  if (ms == null) return unknown;
  void tick.value;
  return age(serverNow() - ms, words()) ?? whenText(ms, 'moment');
}

/** How long ago a moment is, for a sentence that can hold no date; drawn anew each second. */
export function sinceText(ms: number | null | undefined): string {
  if (ms == null) return unknown;
  void tick.value;
  return spanText(Math.max(0, serverNow() - ms) / 1000);
}

/** When the server was heard last, as told by its clock. */
export function lastHeardText(): string {
  const told = clock.told;
  return whenText(told, serverNow() - told < 86_400_000 ? 'time' : 'moment');
}

export const lostText = () => texts.value.contact.lost(lastHeardText());

/** The state of a device; without contact to the server the one that was told last. */
export function stateText(state: State): string {
  const text = texts.value.state[state];
  return isAway.value && state !== 'never' ? texts.value.contact.was(text) : text;
}

/** Why a request failed: in the words of the page, or else in the server's. */
export const reasonText = ({code, message}: {code: string; message: string}) =>
  texts.value.error.because[code] ?? message;

export function alarmText(alarm: Alarm): string {
  if (alarm.kind === 'silent') return texts.value.alarms.silent;
  return meaningIn(alarm.text) ?? alarm.title ?? alarm.text;
}

/** "too hot" of "1 (too hot)"; null: the value has no name. */
const meaningIn = (text: string) => /^-?\d+ \((.+)\)$/.exec(text)?.[1] ?? null;

/** The meaning of a fault's value; a number that has none is said to be a code. */
export const codeText = (text: string) =>
  /^-?\d+$/.test(text) ? texts.value.alarms.code(text) : text;
