// The commands of a device as forms, made from its family's description.
import {useMemo, useRef} from 'preact/hooks';
import {me} from '../api/client.ts';
import type {CommandFacts, Family, Field, ParamFacts} from '../api/types.ts';
import {same, textOf} from '../format/field.ts';
import {
  commandBody,
  curlLine,
  inAmperes,
  lineBody,
  mosquittoLine,
  tokenLine,
  type Wire,
} from '../forms/body.ts';
import {draftOf} from '../forms/draft.ts';
import {commandGroups} from '../forms/groups.ts';
import {Params} from '../forms/param.tsx';
import {isObject} from '../forms/parts.ts';
import {presentText} from '../forms/present.ts';
import type {SetState} from '../forms/send.ts';
import {displayed, texts} from '../i18n/index.ts';
import {matches} from '../store/paths.ts';
import {query, setQuery} from '../store/routes.ts';
import type {Twin} from '../store/twins.ts';
import {CopyLine} from '../ui/controls.tsx';
import {type Mark, StateMark} from '../ui/icon.tsx';

export function ControlTab({twin, family}: {twin: Twin; family: Family}) {
  const words = texts.value.device;
  if (twin.facts.rights === 'monitor') {
    return <p class="card muted">{words.watchOnly(twin.facts.owner)}</p>;
  }
  if (family.commands.length === 0) return <p class="card muted">{words.noCommands}</p>;
  return <Commands twin={twin} family={family} />;
}

/** A person looks for a command by words where there are so many. */
const manyCommands = 5;

function Commands({twin, family}: {twin: Twin; family: Family}) {
  const words = texts.value.devicePage;
  const hasSearch = family.commands.length > manyCommands;
  const search = (hasSearch && query.value.get('q')) || '';
  const wanted = search.trim().toLowerCase();
  const isShown = (command: CommandFacts) => says(command).toLowerCase().includes(wanted);
  return (
    <>
      {hasSearch && (
        <input
          type="search"
          class="find-command"
          placeholder={words.find}
          aria-label={words.find}
          value={search}
          onInput={(event) => setQuery({q: event.currentTarget.value || null})}
        />
      )}
      {!family.commands.some(isShown) && <p class="muted">{words.noMatch}</p>}
      {commandGroups(family.commands).map(({group, commands}) => (
        <section
          key={group}
          class="command-group"
          aria-label={words.groups[group]}
          hidden={!commands.some(isShown)}
        >
          <h2>{words.groups[group]}</h2>
          <div class="commands">
            {commands.map((command) => (
              // A form that a search hides keeps what was typed, and what becomes of its set.
              <div key={command.name} hidden={!isShown(command)}>
                <CommandForm twin={twin} family={family} command={command} />
              </div>
            ))}
          </div>
        </section>
      ))}
    </>
  );
}

/** A person may look for a command by any of these words. */
function says({name, title, description, params}: CommandFacts): string {
  const own = params.map(
    (param) => `${param.name} ${param.title ?? ''} ${param.description ?? ''}`,
  );
  return [name, title, description, ...own].join(' ');
}

/** The fields that show a parameter: as the file says, or the only ones that the command sets. */
function shownBy(family: Family, command: CommandFacts, param: ParamFacts): Field[] {
  if (param.sets) {
    return param.sets.flatMap((name) => family.fields.filter((field) => matches(field.name, name)));
  }
  const [only, ...more] = command.params;
  if (only?.name !== param.name || more.length > 0) return [];
  return family.fields.filter((field) => field.set_by?.includes(command.name));
}

function CommandForm({twin, family, command}: {twin: Twin; family: Family; command: CommandFacts}) {
  const words = texts.value.set;
  const draft = draftOf(twin.facts.sn, command.name);
  const {sender, isAnswered} = draft;
  const entries = draft.entries.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const params = useMemo(() => offered(command), [command]);

  const values: Wire = Object.fromEntries(Object.entries(entries).map(([k, v]) => [k, v.value]));
  const body = commandBody(command, values);
  const line = lineBody(command, entries);
  const touched = Object.keys(entries).length > 0;
  const missing = params.some((param) => param.required && !(param.name in entries));
  const wrong = Object.values(entries).some((entry) => entry.problem !== null);
  const state = sender.state.value;
  const reply = sender.reply.value;
  const busy = sender.isBusy;

  const send = async () => {
    isAnswered.value = true;
    // Entries that were typed meanwhile stay.
    if ((await sender.send(body)) && draft.entries.peek() === entries) draft.entries.value = {};
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (command.dangerous) dialog.current?.showModal();
    else void send();
  };
  const title = command.title ?? command.name;
  return (
    <form class="card command" onSubmit={submit} aria-label={title} data-command={command.name}>
      <h3>{title}</h3>
      {command.description && command.description !== title && (
        <p class="muted small-text">{command.description}</p>
      )}
      <Params
        params={params}
        about={command.description}
        entries={entries}
        presentOf={(param) => reportedValue(twin, family, command, param)}
        onChange={(next) => {
          if (!busy) isAnswered.value = false;
          draft.entries.value = next;
        }}
      />
      <div class="buttons">
        {command.select ? (
          <button
            type="submit"
            class="primary"
            disabled={busy || wrong || missing || (params.length > 0 && !touched)}
          >
            {words.send}
          </button>
        ) : (
          <p class="muted small-text">{words.noSelect}</p>
        )}
        <Outcome state={isAnswered.value ? state : {state: 'idle'}} family={family} />
      </div>
      <details>
        <summary>{words.asCommand}</summary>
        <p class="small-text muted">{words.asCommandHelp}</p>
        <CopyLine text={tokenLine(me.value?.account ?? '')} />
        <CopyLine text={curlLine(location.origin, twin.facts.sn, line)} />
        <CopyLine text={mosquittoLine(location.hostname, twin.facts.sn, line)} />
        {reply !== null && (
          <>
            <p class="small-text">{words.reply}</p>
            <pre>{JSON.stringify(reply, null, 1)}</pre>
          </>
        )}
      </details>
      {command.dangerous && (
        <dialog ref={dialog} aria-label={words.confirmTitle(title)}>
          <h2>{words.confirmTitle(title)}</h2>
          <p>
            <bdi>{words.confirmText(twin.facts.name)}</bdi>
          </p>
          <ul>
            {params
              .filter((param) => param.name in entries)
              .map((param) => (
                <li key={param.name}>
                  {param.title ?? param.name}: <b>{choiceText(param, values[param.name])}</b>
                </li>
              ))}
          </ul>
          <div class="buttons">
            <button type="button" autofocus onClick={() => dialog.current?.close()}>
              {words.cancel}
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => {
                dialog.current?.close();
                void send();
              }}
            >
              {words.confirm}
            </button>
          </div>
        </dialog>
      )}
    </form>
  );
}

/** A form begins with what must be given, and leaves out what has no effect. */
function offered({params}: CommandFacts): ParamFacts[] {
  return params
    .filter((param) => !param.ignored)
    .map(inAmperes)
    .sort((a, b) => Number(b.required) - Number(a.required));
}

/** A value that is about to be sent, as a person would say it. */
function choiceText(param: ParamFacts, value: unknown): string {
  const [element] = param.params ?? [];
  if (Array.isArray(value) && element) {
    return value.map((one) => choiceText(element, one)).join('; ');
  }
  if (!isObject(value) || !param.params) return textOf(displayed(param, value));
  return Object.entries(value)
    .map(([name, part]) => {
      const member = param.params?.find((one) => one.name === name);
      return member ? `${member.title ?? name}: ${choiceText(member, part)}` : name;
    })
    .join(', ');
}

/** The device's value of a parameter is told in the parameter's own words and unit. */
function reportedValue(twin: Twin, family: Family, command: CommandFacts, param: ParamFacts) {
  for (const {field, values} of param.sets_by_table ?? []) {
    const reading = twin.field(field).value;
    if (!reading) continue;
    const {value} = values.find(({shown}) => same(shown, reading.value)) ?? reading;
    return {text: textOf(displayed(param, value)), value};
  }
  const field = shownBy(family, command, param)[0];
  if (!field || field.name.includes('*')) return null;
  const reading = twin.field(field.name).value;
  // A list of all tasks is no number of a task.
  if (!reading || (typeof reading.value === 'object' && !param.params)) return null;
  return {text: presentText(param, field, reading.value), value: reading.value};
}

function Outcome({state, family}: {state: SetState; family: Family}) {
  const line = outcomeLine(state, family);
  return (
    <span role="status" data-state={state.state}>
      {line && (
        <span class="outcome">
          <StateMark mark={line.mark} />
          {line.text}
        </span>
      )}
    </span>
  );
}

/** A value of the field that shows a set; one that the device has not reported is unknown. */
function shownText(family: Family, name: string, value: unknown): string {
  if (value === undefined) return texts.value.plot.unknown;
  const facts = family.fields.find((field) => matches(field.name, name));
  return textOf(displayed(facts, value));
}

function outcomeLine(state: SetState, family: Family): {mark: Mark; text: string} | null {
  const words = texts.value.set;
  switch (state.state) {
    case 'idle':
      return null;
    case 'sending':
      return {mark: 'stale', text: words.sending};
    case 'waiting':
      return {mark: 'stale', text: words.waiting};
    case 'accepted':
      return {mark: 'live', text: words.accepted};
    case 'applied':
      return {mark: 'live', text: words.applied};
    case 'notApplied':
      return {
        mark: 'warning',
        text: words.notApplied(
          shownText(family, state.field, state.asked),
          shownText(family, state.field, state.is),
        ),
      };
    case 'refused':
      return {mark: 'critical', text: words.refused(state.why)};
    case 'unanswered':
      return {mark: 'warning', text: words.unanswered};
    case 'offline':
      return {mark: 'critical', text: words.offline};
    case 'unknown':
      return {mark: 'warning', text: words.unknown};
    case 'forgotten':
      return {mark: 'warning', text: words.forgotten};
    case 'lost':
      return {mark: 'critical', text: words.lost};
    case 'away':
      return {mark: 'critical', text: words.away};
  }
}
