// The energies of a period: bars, sums beside those of the period before, and the table of them.
import {useEffect, useRef, useState} from 'preact/hooks';
import {Bars} from '../charts/bars.tsx';
import {csvText, saveCsv} from '../charts/csv.ts';
import {
  type Bar,
  type BarPart,
  changeOf,
  colourOf,
  type Energies,
  isKnown,
  markOf,
  parts,
  type Sums,
  sources,
  uses,
} from '../charts/energy.ts';
import {partLabel, periodName, type Slots, slotsOf} from '../charts/labels.ts';
import {type ColumnForm, energyForm, inForm} from '../format/number.ts';
import {type Period, shifted, within} from '../format/period.ts';
import {localeName, localIsoText, percentText, spanText, texts, whenText} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {home} from '../store/home.ts';
import {devicePath, query, setQuery} from '../store/routes.ts';
import {ToggleButton} from '../ui/controls.tsx';

interface Props {
  energies: Energies;
  start: string;
  period: Period;
  isCurrent: boolean;
  file: string;
  onOpen: (period: Period, start: string) => void;
  /** Set where the bars are those of a slot that was opened: the focus follows. */
  opened: {current: boolean};
}

/** Shorter unknown spans are the moments in which a server starts. */
const leastUnknown_s = 60;

export function HistoryEnergies(props: Props) {
  const {energies, start, period, isCurrent, file, onOpen, opened} = props;
  const words = texts.value.history;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (opened.current) box.current?.querySelector<HTMLElement>('.bar-chart')?.focus();
    opened.current = false;
  }, [opened]);
  const [chosen, setChosen] = useState<number | null>(null);
  const asTable = query.value.get('table') === '1';
  const {bars, total} = energies;
  const measured = parts.filter((part) => total[part] !== null);
  if (measured.length === 0) {
    return (
      <p class="muted nothing">
        {words.nothing} {total.unknown_s >= leastUnknown_s && words.notKnown}
      </p>
    );
  }
  const slots = slotsOf(start, period, bars);
  const {count, name: names} = slots;
  const before = inSlots(energies.previous?.bars ?? [], slots, period);
  const open = (i: number) => {
    const slot = within(start, period, i);
    if (slot && bars[i] && hasBegun(bars[i])) onOpen(...slot);
  };
  const bar = chosen === null ? null : (bars[chosen] ?? null);
  const shown: Sums = bar ?? total;
  return (
    <div ref={box}>
      <Bars
        bars={bars}
        before={before}
        count={count}
        names={names}
        label={
          period === 'day'
            ? words.bars(periodName(start, period))
            : words.opens(periodName(start, period))
        }
        chosen={chosen}
        onChoose={setChosen}
        {...(period === 'day' ? {} : {onOpen: open})}
      />
      <p class="muted small-text reading" aria-live="polite">
        {chosen === null ? words.total : slotText(names(chosen), bar)}
      </p>
      <Legend
        shown={shown}
        measured={measured}
        before={(chosen === null ? allBefore(energies) : before[chosen]) ?? null}
        runs={bar !== null && bar.to > serverNow()}
        atLeast={(bar ?? total).atLeast}
      />
      {chosen === null && <Shares total={total} />}
      {energies.previous && (
        <Compared
          isKnown={energies.previous.bars.some((one) => isKnown(one))}
          name={periodName(shifted(start, period, -1), period)}
          isCurrent={isCurrent}
        />
      )}
      <Unknown energies={energies} />
      <div class="buttons">
        <ToggleButton
          label={words.table}
          isOn={asTable}
          onChange={(isOn) => setQuery({table: isOn ? '1' : null})}
        />
        <button type="button" class="small" onClick={() => saveCsv(file, csvOf(bars, measured))}>
          {words.csv}
        </button>
      </div>
      {asTable && <Table bars={bars} measured={measured} names={names} />}
    </div>
  );
}

/** A bar that is still to come is not unknown. */
const hasBegun = (bar: Bar) => isKnown(bar) || bar.unknown_s > 0;

/** The name of a slot; it says where nothing is known of it. */
function slotText(name: string, bar: Bar | null): string {
  const words = texts.value;
  if (!bar || !hasBegun(bar)) return `${name}: ${words.history.future}`;
  return isKnown(bar) ? name : `${name}: ${words.plot.unknown}`;
}

/** Sums of the period before, or of as much of it as the present one has had. */
const allBefore = ({previous}: Energies) => previous?.soFar ?? previous?.total;

interface ComparedProps {
  isKnown: boolean;
  name: string;
  isCurrent: boolean;
}

/** What the outlines are, and what "before" is. */
function Compared(before: ComparedProps) {
  const words = texts.value.history;
  const text = before.isCurrent ? words.comparedUntil : words.compared;
  return (
    <p class="muted small-text compared">
      {before.isKnown && <i class="key outline" aria-hidden="true" />}
      {before.isKnown ? text(before.name) : words.nothingBefore(before.name)}
    </p>
  );
}

/** The bars of the period before in the slots of this one: hours by the clock, others by number. */
export function inSlots(before: Bar[], slots: Slots, period: Period): (Bar | undefined)[] {
  const at = (index: number) => {
    if (period !== 'day') return before[index];
    const clock = slots.name(index).slice(0, 5);
    return before.find((bar) => whenText(bar.from, 'time').startsWith(clock));
  };
  return before.length === 0 ? [] : Array.from({length: slots.count}, (_, index) => at(index));
}

interface LegendProps {
  shown: Sums;
  measured: BarPart[];
  before: Sums | null;
  /** A bar that runs cannot be compared with a whole one. */
  runs: boolean;
  atLeast: boolean;
}

function Legend({measured, ...rest}: LegendProps) {
  const words = texts.value.history;
  const form = energyForm(measured.flatMap((part) => [rest.shown[part], rest.before?.[part]]));
  return (
    <div class="legends">
      {[sources, uses].map((side) => (
        <section key={side[0]}>
          <h3>{side === sources ? words.sources : words.uses}</h3>
          <Side {...rest} form={form} measured={side.filter((part) => measured.includes(part))} />
        </section>
      ))}
    </div>
  );
}

function Side({shown, measured, before, runs, atLeast, form}: LegendProps & {form: ColumnForm}) {
  const words = texts.value.history;
  return (
    <dl class="legend">
      {measured.map((part) => (
        <div key={part} class={part === 'car' || part === 'heat' ? 'part' : ''}>
          <dt>
            <i class={`key of-${colourOf[part]}`} aria-hidden="true" />
            {part === 'car' || part === 'heat' ? words.ofWhich(partLabel(part)) : partLabel(part)}
          </dt>
          <dd>
            {shown[part] !== null && markOf(part, {atLeast})}
            <b>{inForm(shown[part], form, localeName())}</b> <small>{form.unit}</small>
            {before?.[part] != null && (
              <Change now={runs ? null : shown[part]} then={before[part]} form={form} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The same sum of the period before, and by how much it differs. */
function Change({now, then, form}: {now: number | null; then: number | null; form: ColumnForm}) {
  const words = texts.value.history;
  const change = changeOf(now, then);
  const sign = change !== null && change >= 0.5 ? '+' : '';
  return (
    <small class="change">
      {change !== null && <b>{sign + percentText(Math.round(change))}</b>}{' '}
      <span>{words.before(`${inForm(then, form, localeName())} ${form.unit}`)}</span>
    </small>
  );
}

function Shares({total}: {total: Energies['total']}) {
  const rows: [string, number | null][] = [
    [texts.value.home.selfSufficient, total.selfSufficiency_percent],
    [texts.value.history.selfConsumption, total.selfConsumption_percent],
  ];
  return (
    <dl class="legend shares">
      {rows.map(
        ([label, value]) =>
          value !== null && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                <b>{percentText(Math.min(100, Math.max(0, value)))}</b>
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** For how long nothing is known, and which devices are not known for all of the period. */
function Unknown({energies}: {energies: Energies}) {
  const words = texts.value.history;
  const {total, gaps, outdated} = energies;
  const told = gaps.filter((gap) => gap.damaged || gap.unknown_s >= leastUnknown_s);
  if (total.unknown_s < leastUnknown_s && told.length + outdated.length === 0) return null;
  return (
    <div class="muted small-text unknowns">
      {total.unknown_s >= leastUnknown_s && (
        <p>
          <i class="key unknown" aria-hidden="true" />
          {words.unknownFor(spanText(total.unknown_s))}
        </p>
      )}
      {told.length > 0 && (
        <DeviceList
          title={words.gaps(told.length)}
          rows={told.map(({sn, unknown_s, damaged}) => ({
            sn,
            text: damaged ? words.damaged : spanText(unknown_s),
          }))}
        />
      )}
      {outdated.length > 0 && (
        <DeviceList
          title={words.outdated(outdated.length)}
          rows={outdated.map(({sn, outdated_s}) => ({sn, text: spanText(outdated_s)}))}
        />
      )}
    </div>
  );
}

function DeviceList({title, rows}: {title: string; rows: {sn: string; text: string}[]}) {
  const names = new Map(home.value?.devices.map((device) => [device.sn, device.name]));
  return (
    <details>
      <summary>{title}</summary>
      <ul>
        {rows.map(({sn, text}) => (
          <li key={sn}>
            <a href={devicePath(sn)}>
              <bdi>{names.get(sn) ?? sn}</bdi>
            </a>{' '}
            {text}
          </li>
        ))}
      </ul>
    </details>
  );
}

interface TableProps {
  bars: Bar[];
  measured: BarPart[];
  names: (index: number) => string;
}

function Table({bars, measured, names}: TableProps) {
  const words = texts.value.history;
  const form = energyForm(bars.flatMap((bar) => measured.map((part) => bar[part])));
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={words.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.from}</th>
            {measured.map((part) => (
              <th key={part} scope="col">
                {partLabel(part)} ({form.unit})
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars.map((bar, i) => (
            <tr key={bar.from}>
              <td>{names(i)}</td>
              {measured.map((part) => (
                <td key={part}>
                  {bar[part] !== null && markOf(part, bar)}
                  {inForm(bar[part], form, localeName())}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The table as a file: what is not known is an empty cell. */
export function csvOf(bars: Bar[], measured: BarPart[]): string {
  const rows: (string | number)[][] = [
    ['from', 'local_time', ...measured.map((part) => `${part}_kwh`), 'unknown_s'],
    ...bars.map((bar) => [
      new Date(bar.from).toISOString(),
      localIsoText(bar.from),
      ...measured.map((part) => (bar[part] === null ? '' : Number(bar[part].toFixed(3)))),
      bar.unknown_s,
    ]),
  ];
  return csvText(rows);
}
