// Today by the hour, beside the ledger: when the sun came, and where it went.
import {useState} from 'preact/hooks';
import {Bars} from '../charts/bars.tsx';
import {sources, uses} from '../charts/energy.ts';
import {partLabel} from '../charts/labels.ts';
import {useBars} from '../charts/use_bars.ts';
import {energyText, texts, whenText} from '../i18n/index.ts';
import {tick} from '../store/clock.ts';

const refreshS = 60;

export function TodayBars() {
  const words = texts.value.home;
  const [chosen, setChosen] = useState<number | null>(null);
  const minute = Math.floor(tick.value / refreshS);
  const energies = useBars({sn: null, period: 'day', start: null}, minute).data;
  const bars = energies?.bars ?? [];
  const bar = chosen === null ? null : bars[chosen];
  const parts = bar ? [...sources, ...uses].filter((part) => (bar[part] ?? 0) > 0) : [];
  const measured = energies && Object.values(energies.total).some((kwh) => (kwh ?? 0) > 0);
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
            (parts.map((part) => `${partLabel(part)} ${energyText(bar[part])}`).join(', ') ||
              energyText(null))
          : ''}
      </p>
    </section>
  );
}
