// For a tablet on the wall: large, without navigation, darker at night.
import {useEffect} from 'preact/hooks';
import {FlowPicture, FlowWords} from '../flow/picture.tsx';
import {alarmText, texts, whenText} from '../i18n/index.ts';
import {serverNow, tick} from '../store/clock.ts';
import {alarms, home} from '../store/home.ts';
import {StateMark} from '../ui/icon.tsx';
import {Skeleton} from '../ui/load.tsx';
import {Ledger} from './ledger.tsx';
import {Contact} from './strip.tsx';

export function WallPage() {
  const words = texts.value.home;
  useEffect(() => {
    document.title = `${words.title} · Gridloom`;
  }, [words]);
  const shown = home.value;
  if (!shown) return <Skeleton height={800} />;
  void tick.value;
  const hour = Number(whenText(serverNow(), 'time').slice(0, 2));
  const first = alarms.value[0];
  return (
    <div class={`wall ${hour >= 22 || hour < 6 ? 'night' : ''}`}>
      <h1 class="hidden" tabIndex={-1}>
        {words.title}
      </h1>
      <div>
        <FlowPicture home={shown} />
        <div class="hidden">
          <FlowWords home={shown} />
        </div>
      </div>
      <div class="side">
        <p>
          <time class="wall-clock">{whenText(serverNow(), 'time')}</time>
        </p>
        <Contact />
        {first && (
          <p class="bad fault">
            <StateMark mark="critical" size={24} />
            <span>
              <bdi>{first.device}</bdi>: {alarmText(first)}
            </span>
          </p>
        )}
        <Ledger today={shown.today} home={shown} />
      </div>
    </div>
  );
}
