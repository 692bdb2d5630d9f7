// The strip on top of every page: is the server heard, what time is it there, what is wrong.
import {me} from '../api/client.ts';
import {decimal} from '../format/number.ts';
import {alarmText, localeName, lostText, texts, whenText, zone} from '../i18n/index.ts';
import {unseenAlarms} from '../store/acknowledged.ts';
import {rate, serverNow, tick} from '../store/clock.ts';
import {live} from '../store/live.ts';
import {StateMark} from '../ui/icon.tsx';
import {markOf} from './alarm_mark.ts';

export function Strip() {
  return (
    <header class="strip">
      <a class="brand" href="/">
        <img src="/icon.svg" width="24" height="24" alt="" />
        Gridloom
      </a>
      <Contact />
      <Worst />
      <ServerClock />
    </header>
  );
}

export function Contact() {
  const words = texts.value.contact;
  if (live.contact.value === 'live') {
    return (
      <span class="contact">
        <StateMark mark="live" />
        {words.live}
      </span>
    );
  }
  if (live.contact.value === 'connecting') {
    return (
      <span class="contact muted">
        <StateMark mark="never" />
        {words.connecting}
      </span>
    );
  }
  return (
    <span class="contact lost" title={words.lostHelp}>
      <StateMark mark="offline" />
      {lostText()}
      <button type="button" class="small" onClick={() => live.retryNow()}>
        {words.connect}
      </button>
    </span>
  );
}

/** The words of the worst alarm that nobody has acknowledged here, on every page. */
function Worst() {
  const list = unseenAlarms.value;
  const first = list[0];
  if (!first) return <span class="worst" />;
  return (
    <a class={`worst ${first.severity === 'warning' ? 'warns' : 'bad'}`} href="/alarms">
      <StateMark mark={markOf[first.severity]} />
      <span class="worst-text">
        <bdi>{first.device}</bdi>: {alarmText(first)}
      </span>
      {list.length > 1 && <b>{`+${list.length - 1}`}</b>}
    </a>
  );
}

function ServerClock() {
  void tick.value;
  const words = texts.value.clock;
  const virtual = me.value?.virtualTime || rate.value !== 1;
  const own = zone() === Intl.DateTimeFormat().resolvedOptions().timeZone || zone() === '';
  const speed =
    rate.value === 0 ? words.paused : words.speed(decimal(rate.value, 2, localeName(), 0));
  const isUnusual = virtual && rate.value !== 1;
  return (
    <span class="server-clock" title={own ? undefined : words.zone(zone())}>
      {isUnusual && <b>{speed}</b>}
      <time>{whenText(serverNow(), virtual ? 'moment' : 'time')}</time>
    </span>
  );
}
