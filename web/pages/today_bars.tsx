// Today by the hour, beside the ledger: when the sun came, and where it went.
import {useState} from 'preact/hooks';
import type {HomeDevice} from '../api/types.ts';
import {Bars} from '../charts/bars.tsx';
import {sources, totalOf, uses} from '../charts/energy.ts';
import {partLabel} from '../charts/labels.ts';
import {useBars} from '../charts/use_bars.ts';
import {energyText, texts, whenText} from '../i18n/index.ts';
import {tick} from '../store/clock.ts';

const refreshS = 60;

export function TodayBars({devices}: {devices: HomeDevice[]}) {
  const words = texts.value.home;
  const [chosen, setChosen] = useState<number | null>(null);
  // A device without powers has no energy to ask for.
  const serials = devices.filter((device) => device.role !== 'panel').map((device) => device.sn);
  const minute = Math.floor(tick.value / refreshS);
  const bars = useBars(serials, devices, 'day', null, minute).data ?? [];
  const bar = chosen === null ? null : bars[chosen];
  const parts = bar ? [...sources, ...uses].filter((part) => bar[part] > 0) : [];
  const measured = Object.values(totalOf(bars)).some((kwh) => kwh > 0);
  return (
    <section class="card" aria-labelledby="hours-title">
      <h2 id="hours-title">
        <a href="/history">{words.hours}</a>
      </h2>
      {measured && (
        <Bars
          bars={bars}
          count={Math.max(24, bars.length)}
          label={words.hours}
          tall={170}
          names={(one) => whenText(one.from, 'time')}
          chosen={chosen}
          onChoose={setChosen}
        />
      )}
      <p class="muted small-text reading">
        {bar
          ? `${whenText(bar.from, 'time')}: ` +
            parts.map((part) => `${partLabel(part)} ${energyText(bar[part])}`).join(', ')
          : ''}
      </p>
    </section>
  );
}
