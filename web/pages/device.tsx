// One device: what it reports, its past, and what it can be told.
import {useEffect, useMemo} from 'preact/hooks';
import {ApiError, isCard, language} from '../api/client.ts';
import type {DeviceState, Family, HomeDevice} from '../api/types.ts';
import {useDeviceDays} from '../charts/device_days.ts';
import {codeText, sinceText, texts} from '../i18n/index.ts';
import {home, worstFirst} from '../store/home.ts';
import {live} from '../store/live.ts';
import {bare, decoded, devicePath, familyPath, path, query, titleRef} from '../store/routes.ts';
import {loadTwin, type Twin} from '../store/twins.ts';
import {Boundary} from '../ui/boundary.tsx';
import {PageTitle, Tabs, useTitle} from '../ui/controls.tsx';
import {Icon, StateMark} from '../ui/icon.tsx';
import {Lazy} from '../ui/lazy.tsx';
import {Failure, Skeleton, useLoad} from '../ui/load.tsx';
import {markOf} from './alarm_mark.ts';
import {DeviceCard, StateLine} from './device_card.tsx';
import {useRefresh} from './use_refresh.ts';

export function DevicePage() {
  const sn = decoded(path.value.split('/')[2] ?? '') ?? '';
  const summary = home.value?.devices.find((device) => device.sn === sn);
  if (bare.value) {
    if (!home.value) return <Skeleton height={200} />;
    return summary ? <CardAlone device={summary} /> : <Gone />;
  }
  return <Loaded key={sn} sn={sn} summary={summary} />;
}

function CardAlone({device}: {device: HomeDevice}) {
  // The token of a card opens no history.
  const days = useDeviceDays(isCard() ? [] : [device.sn], useRefresh()).data;
  return <DeviceCard device={device} heading="h1" day={days?.get(device.sn)} />;
}

function Loaded({sn, summary}: {sn: string; summary: HomeDevice | undefined}) {
  const loaded = useLoad((cancel) => loadTwin(sn, cancel), [sn, language.value]);
  const twin = loaded.data?.[0];
  useEffect(() => twin?.follow(live), [twin]);
  useTitle(twin?.facts.name ?? sn);
  if (loaded.error?.status === 403 || loaded.error?.status === 404) return <Gone />;
  const refusal = twin?.error.value ?? null;
  if (refusal?.code === 'no_permission') return <Gone />;
  if (loaded.error) return <Failure error={loaded.error} retry={loaded.reload} />;
  if (!loaded.data) return <Skeleton height={600} />;
  return (
    <>
      {refusal && (
        <Failure error={new ApiError(0, refusal.code, refusal.message)} retry={loaded.reload} />
      )}
      <Device twin={loaded.data[0]} family={loaded.data[1]} summary={summary} />
    </>
  );
}

function Gone() {
  const words = texts.value.error;
  return (
    <section class="card notice">
      <h1 tabIndex={-1} ref={titleRef}>
        {words.gone}
      </h1>
      {!bare.value && (
        <p>
          <a href="/fleet">{texts.value.nav.fleet}</a>
        </p>
      )}
    </section>
  );
}

type Tab = 'now' | 'plots' | 'control';

interface TabProps {
  tab: Tab;
  twin: Twin;
  family: Family;
  summary: HomeDevice | undefined;
}

const now = () => import('./device_fields.tsx').then((m) => m.FieldsTab);
const plots = () => import('./device_plots.tsx').then((m) => m.PlotsTab);
const control = () => import('./device_control.tsx').then((m) => m.ControlTab);

function TabPage({tab, twin, family, summary}: TabProps) {
  const of = {twin, family};
  if (tab === 'plots') return <Lazy key={tab} load={plots} props={of} />;
  if (tab === 'control') return <Lazy key={tab} load={control} props={of} />;
  return <Lazy key={tab} load={now} props={{...of, summary}} />;
}

function Device({
  twin,
  family,
  summary,
}: {
  twin: Twin;
  family: Family;
  summary: HomeDevice | undefined;
}) {
  const words = texts.value.device;
  const base = devicePath(twin.facts.sn);
  const tabs = [
    {value: 'now' as Tab, label: words.now},
    {value: 'plots' as Tab, label: words.plots},
    {value: 'control' as Tab, label: words.control},
  ];
  const asked = query.value.get('tab');
  const tab = tabs.find(({value}) => value === asked)?.value ?? 'now';
  return (
    <>
      <Head twin={twin} family={family} summary={summary} />
      <Tabs
        label={twin.facts.name}
        tabs={tabs}
        value={tab}
        href={(value) => (value === 'now' ? base : `${base}?tab=${value}`)}
      />
      <Boundary key={tab}>
        <TabPage tab={tab} twin={twin} family={family} summary={summary} />
      </Boundary>
    </>
  );
}

/** The product, as a link to all that its family's file says. */
function Product({facts, family}: {facts: DeviceState; family: Family}) {
  const name = facts.product || facts.family;
  if (family.prefixes.length === 0) return <bdi>{name}</bdi>;
  return (
    <a href={familyPath(family.id)} aria-label={texts.value.families.of(name)}>
      {name}
    </a>
  );
}

interface HeadProps {
  twin: Twin;
  family: Family;
  summary: HomeDevice | undefined;
}

function Head({twin, family, summary}: HeadProps) {
  const {facts} = twin;
  const words = texts.value;
  const shown = useMemo(() => summary && {...summary}, [summary]);
  // Without its stream the twin knows less of the device than the home does.
  const current = twin.error.value
    ? shown
    : {state: twin.state.value, lastReport: twin.lastReport.value};
  const state = current?.state;
  return (
    <section class="card device-head">
      <PageTitle beside={shown && <StateLine device={{...shown, ...current}} />}>
        <bdi>{facts.name}</bdi>
      </PageTitle>
      <p class="muted">
        <Product facts={facts} family={family} /> · <span class="raw">{facts.sn}</span>
      </p>
      {facts.unserved && (
        <p class="muted small-text">
          <bdi>{words.families.noneServes(facts.product)}</bdi>{' '}
          {words.families.because[facts.unserved]}.
        </p>
      )}
      {(state === 'offline' || state === 'quiet') && (
        <p class="bad fault">
          <StateMark mark={state} />
          {words.device.silent(sinceText(current?.lastReport))}
        </p>
      )}
      {worstFirst(shown?.faults ?? []).map((fault) => (
        <p key={fault.field} class={`fault is-${fault.severity}`}>
          <StateMark mark={markOf[fault.severity]} />
          <span>
            {fault.title}
            {fault.text && `: ${codeText(fault.text)}`} <span class="raw">{fault.field}</span>
          </span>
        </p>
      ))}
      <a class="back" href="/fleet">
        <Icon name="left" size={16} />
        {words.nav.fleet}
      </a>
    </section>
  );
}
