// A device in a few figures: those that its family reports.
import type {ComponentChildren} from 'preact';
import type {DeviceSeries, HomeDevice, NodeId} from '../api/types.ts';
import {type DayLine, dayLine, daySpan_s} from '../charts/device_days.ts';
import {Spark} from '../charts/spark.tsx';
import {unknown} from '../format/number.ts';
import {
  ageText,
  codeText,
  percentText,
  powerFigure,
  powerText,
  spanText,
  stateText,
  texts,
} from '../i18n/index.ts';
import {wayText} from '../i18n/power.ts';
import {worstFirst} from '../store/home.ts';
import {isAway} from '../store/live.ts';
import {devicePath} from '../store/routes.ts';
import {Icon, type IconName, StateMark} from '../ui/icon.tsx';
import {markOf} from './alarm_mark.ts';
import {CardEssentials} from './card_essentials.tsx';

interface Figure {
  key: string;
  /** Its place in the day of the device. */
  node: NodeId;
  icon: IconName;
  colour: string;
  label: string;
  power_w: number;
}

const looks = {
  sun: {key: 'sun', node: 'sun', icon: 'sun', colour: 'sun'},
  battery: {key: 'battery', node: 'battery', icon: 'battery', colour: 'battery'},
  load: {key: 'load', node: 'home', icon: 'plug', colour: 'home'},
  grid: {key: 'grid', node: 'grid', icon: 'grid', colour: 'grid'},
} satisfies Record<string, Omit<Figure, 'label' | 'power_w'>>;

export function figuresOf(device: HomeDevice): Figure[] {
  const words = texts.value.home;
  const list: Figure[] = [];
  const {sunPower_w, batteryPower_w, loadPower_w, gridPower_w} = device;
  const add = (look: Omit<Figure, 'label' | 'power_w'>, name: string, power_w: number | null) => {
    if (power_w !== null) list.push({...look, label: wayText(look.node, power_w) ?? name, power_w});
  };
  add(looks.sun, words.sun, sunPower_w);
  add(looks.battery, words.battery, batteryPower_w);
  add(looks.load, outputText(device), loadPower_w);
  add(looks.grid, words.grid, gridPower_w);
  return list;
}

/** What a battery at the meter gives out is what the house takes. */
export const outputText = (device: HomeDevice | undefined) =>
  device?.role === 'meter' ? texts.value.home.houseUse : texts.value.home.output;

/** The class of a card whose device reports faults, or warnings alone. */
function troubleOf({faults}: HomeDevice): string {
  const [first] = worstFirst(faults);
  if (!first) return '';
  return first.severity === 'warning' ? 'warned' : 'faulty';
}

interface CardProps {
  device: HomeDevice;
  heading?: 'h1' | 'h3';
  /** The device's last day; absent: not known yet. */
  day?: DeviceSeries | undefined;
}

export function DeviceCard({device, heading: Heading = 'h3', day}: CardProps) {
  const words = texts.value;
  const stale = isAway.value || device.state === 'offline' || device.state === 'never';
  return (
    <article class={`card device-card ${stale ? 'stale' : ''} ${troubleOf(device)}`}>
      <Heading>
        <a href={devicePath(device.sn)}>
          <bdi>{device.name}</bdi>
        </a>
      </Heading>
      <p class="muted">{device.name === device.familyName ? device.sn : device.familyName}</p>
      <StateLine device={device} />
      {worstFirst(device.faults)
        .slice(0, 2)
        .map((fault) => (
          <p key={fault.field} class={`fault is-${fault.severity}`}>
            <StateMark mark={markOf[fault.severity]} />
            <span>
              {fault.title}
              {fault.text && `: ${codeText(fault.text)}`}
            </span>
          </p>
        ))}
      {device.faults.length > 2 && (
        <p class="bad small-text">{words.device.more(device.faults.length - 2)}</p>
      )}
      <Does device={device} day={day} />
    </article>
  );
}

/** The figure that says most, with its day, and the others in a row below. */
function Does({device, day}: {device: HomeDevice; day: DeviceSeries | undefined}) {
  const figures = figuresOf(device);
  if (device.charge_percent != null) {
    const others = figures.filter(({key}) => key !== 'battery');
    return (
      <>
        <Head text={percentText(device.charge_percent)} colour="battery">
          <DaySpark line={dayLine(day, 'charge')} label={texts.value.home.charge} />
        </Head>
        <Gauge percent={device.charge_percent} />
        {device.role === 'panel' ? (
          <CardEssentials device={device} />
        ) : (
          <BatteryLine device={device} />
        )}
        {others.length > 0 && <Figures figures={others} />}
      </>
    );
  }
  const [first, ...others] = figures;
  if (!first) return device.state === 'never' ? null : <CardEssentials device={device} />;
  const {text, unit} = powerFigure(Math.abs(first.power_w));
  return (
    <>
      <Head text={text} unit={unit} colour={first.colour}>
        <DaySpark line={dayLine(day, first.node)} label={first.label} />
      </Head>
      <p class={`figure-label of-${first.colour}`}>
        <Icon name={first.icon} size={18} />
        <span>{first.label}</span>
      </p>
      {others.length > 0 ? <Figures figures={others} /> : <CardEssentials device={device} />}
    </>
  );
}

interface HeadProps {
  text: string;
  unit?: string;
  colour: string;
  children: ComponentChildren;
}

function Head({text, unit, colour, children}: HeadProps) {
  return (
    <div class={`card-head of-${colour}`}>
      <p>
        <b>{text}</b>
        {unit && <small>{unit}</small>}
      </p>
      {children}
    </div>
  );
}

function DaySpark({line, label}: {line: DayLine | null; label: string}) {
  if (!line) return <span class="spark" />;
  const name = texts.value.devicePage.spark(label, spanText(daySpan_s));
  return <Spark column={line.column} bounds={line.bounds} label={name} />;
}

function batteryText(power_w: number | null): string {
  const words = texts.value.home;
  if (power_w === null) return `${words.battery} ${unknown}`;
  const way = wayText('battery', power_w);
  return way === null ? words.idle : `${way} ${powerText(Math.abs(power_w))}`;
}

/** What the battery does, and for how long it can go on. */
function BatteryLine({device}: {device: HomeDevice}) {
  const {batteryPower_w: power_w, fullIn_s, emptyIn_s} = device;
  const words = texts.value;
  const flows = power_w !== null && Math.abs(power_w) >= 1;
  const parts = [batteryText(power_w)];
  // What a device without contact said of its future is over.
  if (device.state !== 'offline') {
    if (fullIn_s !== undefined) parts.push(words.devicePage.fullIn(spanText(fullIn_s)));
    if (emptyIn_s !== undefined) parts.push(words.devicePage.emptyIn(spanText(emptyIn_s)));
  }
  return (
    <p class={`figure-label of-battery ${flows ? '' : 'idle'}`}>
      <Icon name="battery" size={18} />
      <span>{parts.join(' · ')}</span>
    </p>
  );
}

export function StateLine({device}: {device: HomeDevice}) {
  return (
    <p class={`state state-${isAway.value ? 'never' : device.state}`}>
      <StateMark mark={device.state} />
      {stateText(device.state)}
      {device.state !== 'never' && <span class="muted">{ageText(device.lastReport)}</span>}
    </p>
  );
}

function Gauge({percent}: {percent: number}) {
  return (
    <span class="gauge" aria-hidden="true">
      <i style={{width: `${Math.min(100, percent)}%`}} />
    </span>
  );
}

function Figures({figures}: {figures: Figure[]}) {
  return (
    <dl class="figures">
      {figures.map((row) => {
        const figure = powerFigure(Math.abs(row.power_w));
        return (
          <div key={row.key} class={`of-${row.colour} ${Math.abs(row.power_w) < 1 ? 'idle' : ''}`}>
            <dt>
              <Icon name={row.icon} size={18} />
              <span>{row.label}</span>
            </dt>
            <dd>
              <b>{figure.text}</b> <small>{figure.unit}</small>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
