// For a tablet on the wall: large, without navigation, darker at night.
import {computed} from '@preact/signals';
import {FlowPicture, FlowWords} from '../flow/picture.tsx';
import {alarmText, texts, whenText} from '../i18n/index.ts';
import {unseenAlarms} from '../store/acknowledged.ts';
import {serverNow, tick} from '../store/clock.ts';
import {home} from '../store/home.ts';
import {Boundary} from '../ui/boundary.tsx';
import {useTitle} from '../ui/controls.tsx';
import {StateMark} from '../ui/icon.tsx';
import {Skeleton} from '../ui/load.tsx';
import {markOf} from './alarm_mark.ts';
import {DayCard} from './day_card.tsx';
import {Ledger} from './ledger.tsx';
import {NoDevice} from './no_device.tsx';
import {Contact} from './strip.tsx';

/** The clock is drawn anew each second, and the page not. */
const isNight = computed(() => {
  void tick.value;
  const hour = Number(whenText(serverNow(), 'time').slice(0, 2));
  return hour >= 22 || hour < 6;
});

export function WallPage() {
  const words = texts.value.home;
  useTitle(words.title);
  const shown = home.value;
  if (!shown) return <Skeleton height={800} />;
  if (shown.devices.length === 0) {
    return (
      <div class="wall alone">
        <p>
          <Contact />
        </p>
        <NoDevice />
      </div>
    );
  }
  const [first, ...others] = unseenAlarms.value;
  return (
    <div class={`wall ${isNight.value ? 'night' : ''}`}>
      <h1 class="hidden" tabIndex={-1}>
        {words.title}
      </h1>
      <div class="wall-flow">
        <FlowPicture home={shown} />
        <div class="hidden">
          <FlowWords home={shown} />
        </div>
      </div>
      <div class="side">
        <p class="wall-head">
          <Clock />
        </p>
        {first && (
          <p class={`wall-alarm fault is-${first.severity}`}>
            <StateMark mark={markOf[first.severity]} size={32} />
            <span>
              <bdi>{first.device}</bdi>: {alarmText(first)}
              {others.length > 0 && <b> {`+${others.length}`}</b>}
            </span>
          </p>
        )}
        <Ledger today={shown.today} home={shown} />
        <Boundary>
          <DayCard />
        </Boundary>
      </div>
    </div>
  );
}

function Clock() {
  void tick.value;
  return (
    <>
      <time class="wall-clock">{whenText(serverNow(), 'time')}</time>
      <span class="wall-date">
        <span class="muted">{whenText(serverNow(), 'weekdayDate')}</span>
        <Contact />
      </span>
    </>
  );
}
