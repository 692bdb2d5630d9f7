// A device in a few figures: those that its family reports.
import type {HomeDevice} from '../api/types.ts';
import {ageText, codeText, percentText, powerFigure, texts} from '../i18n/index.ts';
import {worstFirst} from '../store/home.ts';
import {Icon, type IconName, StateMark} from '../ui/icon.tsx';
import {markOf} from './alarm_mark.ts';

interface Figure {
  key: string;
  icon: IconName;
  colour: string;
  label: string;
  power_w: number;
  way?: IconName;
}

export function figuresOf(device: HomeDevice): Figure[] {
  const words = texts.value.home;
  const list: Figure[] = [];
  const {sunPower_w, batteryPower_w, loadPower_w, gridPower_w} = device;
  if (sunPower_w != null) {
    list.push({key: 'sun', icon: 'sun', colour: 'sun', label: words.sun, power_w: sunPower_w});
  }
  if (batteryPower_w != null) {
    const charging = batteryPower_w > 0;
    list.push({
      key: 'battery',
      icon: 'battery',
      colour: 'battery',
      power_w: batteryPower_w,
      label: charging ? words.charging : words.discharging,
      ...(Math.abs(batteryPower_w) < 1
        ? {label: words.battery}
        : {way: charging ? ('down' as const) : ('up' as const)}),
    });
  }
  if (loadPower_w != null) {
    list.push({
      key: 'load',
      icon: 'plug',
      colour: 'home',
      label: words.output,
      power_w: loadPower_w,
    });
  }
  if (gridPower_w != null) {
    list.push({
      key: 'grid',
      icon: 'grid',
      colour: 'grid',
      power_w: gridPower_w,
      label: gridLabel(gridPower_w),
    });
  }
  return list;
}

function gridLabel(power_w: number): string {
  const words = texts.value.home;
  if (power_w <= -1) return words.exporting;
  return power_w >= 1 ? words.importing : words.grid;
}

/** The class of a card whose device reports faults, or warnings alone. */
function troubleOf({faults}: HomeDevice): string {
  const [first] = worstFirst(faults);
  if (!first) return '';
  return first.severity === 'warning' ? 'warned' : 'faulty';
}

export function DeviceCard({
  device,
  heading: Heading = 'h3',
}: {
  device: HomeDevice;
  heading?: 'h1' | 'h3';
}) {
  const words = texts.value;
  const stale = device.state === 'offline' || device.state === 'never';
  return (
    <article class={`card device-card ${stale ? 'stale' : ''} ${troubleOf(device)}`}>
      <Heading>
        <a href={`/d/${encodeURIComponent(device.sn)}`}>
          <bdi>{device.name}</bdi>
        </a>
      </Heading>
      <p class="muted">{device.familyName}</p>
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
      {device.charge_percent != null && <Charge percent={device.charge_percent} />}
      <Figures device={device} />
    </article>
  );
}

export function StateLine({device}: {device: HomeDevice}) {
  const words = texts.value.state;
  return (
    <p class={`state state-${device.state}`}>
      <StateMark mark={device.state} />
      {words[device.state]}
      {device.state !== 'never' && <span class="muted">{ageText(device.lastReport)}</span>}
    </p>
  );
}

export function Charge({percent}: {percent: number}) {
  return (
    <div class="charge">
      <b>{percentText(percent)}</b>
      <span class="gauge" aria-hidden="true">
        <i style={{width: `${Math.min(100, percent)}%`}} />
      </span>
      <span class="hidden">{texts.value.home.charge}</span>
    </div>
  );
}

export function Figures({device}: {device: HomeDevice}) {
  return (
    <dl class="figures">
      {figuresOf(device).map((row) => {
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
