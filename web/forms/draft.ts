// What a person typed into the form of a command, and what became of its last set. It outlives the
// form: another page may be opened meanwhile, or the session may end. The browser keeps what was
// typed until the tab is closed, as a link that signs in again loads the page anew.
import {effect, type Signal, signal} from '@preact/signals';
import {me} from '../api/client.ts';
import {keep, kept, keptNames} from '../store/kept.ts';
import type {Entry} from './body.ts';
import {SetSender} from './send.ts';

export interface Draft {
  /** By the parameter's name. */
  entries: Signal<Record<string, Entry>>;
  sender: SetSender;
  /** The outcome of a set stands beside it until the next one is made. */
  isAnswered: Signal<boolean>;
}

const prefix = 'draft ';
const drafts = new Map<string, Draft>();

export function draftOf(sn: string, command: string): Draft {
  const name = `${prefix}${me.peek()?.account} ${sn} ${command}`;
  let draft = drafts.get(name);
  if (!draft) {
    const entries = signal(typedBefore(name));
    draft = {entries, sender: new SetSender(sn), isAnswered: signal(false)};
    drafts.set(name, draft);
    effect(() => {
      const isEmpty = Object.keys(entries.value).length === 0;
      keep(name, isEmpty ? null : JSON.stringify(entries.value), 'tab');
    });
  }
  return draft;
}

function typedBefore(name: string): Record<string, Entry> {
  try {
    return JSON.parse(kept(name, 'tab') ?? '{}') as Record<string, Entry>;
  } catch {
    return {};
  }
}

/** Who signs out leaves nothing. */
export function forgetDrafts(): void {
  for (const {entries} of drafts.values()) entries.value = {};
  drafts.clear();
  for (const name of keptNames('tab')) if (name.startsWith(prefix)) keep(name, null, 'tab');
}
