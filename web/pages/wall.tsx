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
  const said = texts.value.home;
  useEffect(() => {
    document.title = `${said.title} · Gridloom`;
  }, [said]);
  const now = home.value;
  if (!now) return <Skeleton height={800} />;
  void tick.value;
  const hour = Number(whenText(serverNow(), 'time').slice(0, 2));
  const first = alarms.value[0];
  return (
    <div class={`wall ${hour >= 22 || hour < 6 ? 'night' : ''}`}>
      <h1 class="hidden" tabIndex={-1}>
        {said.title}
      </h1>
      <div>
        <FlowPicture home={now} />
        <div class="hidden">
          <FlowWords home={now} />
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
        <Ledger today={now.today} home={now} />
      </div>
    </div>
  );
}
