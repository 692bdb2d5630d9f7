// One family: its products, its fields with units and values, commands as forms to copy, its
// reports, and what is odd about it.
import {useState} from 'preact/hooks';
import {language} from '../api/client.ts';
import type {CommandFacts, Family, Field, Quirk, Report} from '../api/types.ts';
import {curlLine, type Entry, lineBody, mosquittoLine} from '../forms/body.ts';
import {commandGroups} from '../forms/groups.ts';
import {Param} from '../forms/param.tsx';
import {texts} from '../i18n/index.ts';
import {home} from '../store/home.ts';
import {titleRef} from '../store/routes.ts';
import {familyOf} from '../store/twins.ts';
import {CopyLine, PageTitle, useTitle} from '../ui/controls.tsx';
import {Icon} from '../ui/icon.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';
import {carried, rangeText} from './family_facts.ts';
import {groupsOf} from './field_groups.ts';
import {Prefixes} from './product_prefixes.tsx';

export function FamilyPage({id}: {id: string}) {
  const words = texts.value.families;
  const loaded = useLoad(() => familyOf(id), [id, language.value]);
  const family = loaded.data;
  useTitle(family?.product ?? id);
  if (loaded.error?.status === 404) return <NoFamily />;
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!family) return <Skeleton height={600} />;
  return (
    <>
      <Head family={family} />
      <Fields family={family} />
      {family.commands.length > 0 ? (
        <Commands family={family} />
      ) : (
        family.prefixes.length > 0 && <p class="card muted">{words.readOnly}</p>
      )}
      <Reports reports={family.reports} fields={family.fields} />
      <Quirks quirks={family.quirks} />
    </>
  );
}

function NoFamily() {
  const words = texts.value.families;
  return (
    <section class="card notice">
      <h1 tabIndex={-1} ref={titleRef}>
        {words.none}
      </h1>
      <p>
        <a href="/families">{words.all}</a>
      </p>
    </section>
  );
}

function Head({family}: {family: Family}) {
  const words = texts.value.families;
  return (
    <section class="card device-head">
      <PageTitle>
        <bdi>{family.product || family.id}</bdi>
      </PageTitle>
      <p>{family.description}</p>
      <p class="muted small-text">
        <span class="raw">{family.id}</span> ·{' '}
        {words.counts(family.fields.length, family.commands.length)}
        {family.prefixes.length > 0 && (
          <>
            {' · '}
            {words.begins} <span class="raw">{family.prefixes.join(' ')}</span>
          </>
        )}
      </p>
      {family.products && (
        <details class="group">
          <summary>
            <h2>{words.products}</h2>
          </summary>
          <Prefixes products={family.products} />
        </details>
      )}
      <a class="back" href="/families">
        <Icon name="left" size={16} />
        {words.all}
      </a>
    </section>
  );
}

function Fields({family}: {family: Family}) {
  const words = texts.value.device;
  const named = family.fields.map((facts) => ({name: facts.name, facts}));
  return (
    <section class="card fields">
      <h2>{words.fields}</h2>
      {groupsOf(named, family).map(({key, title, fields}) => (
        <FieldGroup
          key={key}
          title={title ?? words.whole}
          fields={fields.flatMap(({facts}) => (facts ? [facts] : []))}
        />
      ))}
    </section>
  );
}

/** Its rows are in the document while it is open: a family has hundreds. */
function FieldGroup({title, fields}: {title: string; fields: Field[]}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="group" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h3>{title}</h3>
        <span class="muted">{texts.value.devicePage.inGroup(fields.length)}</span>
      </summary>
      {isOpen && (
        <dl class="family-rows">
          {fields.map((field) => (
            <FieldRow key={field.name} field={field} />
          ))}
        </dl>
      )}
    </details>
  );
}

function FieldRow({field}: {field: Field}) {
  const words = texts.value.families;
  const title = field.title ?? field.description ?? field.name;
  const notes = [
    field.sign,
    field.absent === undefined ? undefined : words.absent(JSON.stringify(field.absent)),
    field.set_by?.length ? words.setBy(field.set_by.join(', ')) : undefined,
  ];
  return (
    <div class="family-row" data-field={field.name}>
      <dt>
        {title} <span class="raw muted">{field.name}</span>
      </dt>
      <dd>
        <p>
          <span class="raw">{field.type}</span> <bdi>{field.unit}</bdi> {rangeText(field)}
        </p>
        <Values values={field.values ?? field.bits} />
        {field.description && field.description !== title && <p>{field.description}</p>}
        {notes.map((note) => note && <p key={note}>{note}</p>)}
      </dd>
    </div>
  );
}

function Values({values}: {values: Field['values']}) {
  if (!values) return null;
  return (
    <ul class="value-names">
      {values.map(({value, name}) => (
        <li key={JSON.stringify(value)}>
          <span class="raw">{JSON.stringify(value)}</span> {name}
        </li>
      ))}
    </ul>
  );
}

function Commands({family}: {family: Family}) {
  const words = texts.value;
  // The lines are for a device that there is, if there is one.
  const sn = home.value?.devices.find((device) => device.family === family.id)?.sn ?? 'SN';
  return (
    <section class="card fields">
      <h2>{words.families.commands}</h2>
      <p class="muted small-text">{words.families.commandsAbout}</p>
      {commandGroups(family.commands).map(({group, commands}) => (
        <section key={group} aria-label={words.devicePage.groups[group]}>
          {commands.map((command) => (
            <Command key={command.name} command={command} sn={sn} />
          ))}
        </section>
      ))}
    </section>
  );
}

function Command({command, sn}: {command: CommandFacts; sn: string}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      class="group"
      data-command={command.name}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <h3>{command.title ?? command.name}</h3>
        <span class="raw muted">{command.name}</span>
      </summary>
      {isOpen && <CommandForm command={command} sn={sn} />}
    </details>
  );
}

function CommandForm({command, sn}: {command: CommandFacts; sn: string}) {
  const words = texts.value.families;
  const [entries, setEntries] = useState<Record<string, Entry>>({});
  const body = lineBody(command, entries);
  return (
    <div class="command">
      {command.description && command.description !== command.title && (
        <p class="muted small-text">{command.description}</p>
      )}
      {command.dangerous && <p class="bad small-text">{words.dangerous}</p>}
      {command.params
        .filter((param) => !param.ignored)
        .map((param) => (
          <div key={param.name} class="family-param">
            <Param
              param={param}
              about={command.description}
              reported={null}
              entry={entries[param.name]}
              onChange={(entry) => setEntries((before) => ({...before, [param.name]: entry}))}
            />
            <p class="raw muted">{param.name}</p>
          </div>
        ))}
      <CopyLine text={curlLine(location.origin, sn, body)} />
      <CopyLine text={mosquittoLine(location.hostname, sn, body)} />
    </div>
  );
}

function Reports({reports, fields}: {reports: Report[]; fields: Field[]}) {
  const words = texts.value;
  if (reports.length === 0) return null;
  return (
    <section class="card fields">
      <h2>{words.families.reports}</h2>
      <dl class="family-rows">
        {reports.map((report) => (
          <div key={report.name} class="family-row">
            <dt class="raw">{report.name}</dt>
            <dd>
              <p>{words.devicePage.inGroup(carried(report, fields))}</p>
              {Object.keys(report.match).length > 0 && (
                <p class="raw">{JSON.stringify(report.match)}</p>
              )}
              {report.prefix && (
                <p>
                  {words.families.prefix} <span class="raw">{report.prefix}</span>
                </p>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Quirks({quirks}: {quirks: Quirk[]}) {
  const words = texts.value.families;
  if (quirks.length === 0) return null;
  return (
    <section class="card fields">
      <h2>{words.quirks}</h2>
      <p class="muted small-text">{words.quirksAbout}</p>
      <ul class="quirks">
        {quirks.map(({what, source}) => (
          <li key={what}>
            <bdi lang="en">{what}</bdi> <span class="raw muted">{source}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
