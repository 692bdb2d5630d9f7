// Today by the hour, beside the ledger: when the sun came, and where it went.
import {computed} from '@preact/signals';
import {useState} from 'preact/hooks';
import {Bars} from '../charts/bars.tsx';
import {type Bar, isKnown, parts, stacked} from '../charts/energy.ts';
import {partLabel, slotName} from '../charts/labels.ts';
import {useEnergies} from '../charts/use_bars.ts';
import {dayOf} from '../format/age.ts';
import {energyText, texts, whenText, zone} from '../i18n/index.ts';
import {rate, serverNow, tick} from '../store/clock.ts';
import {Failure, Skeleton} from '../ui/load.tsx';

const refreshS = 60;
const fastRefreshS = 10;

const refresh = computed(() => Math.floor(tick.value / (rate.value > 1 ? fastRefreshS : refreshS)));

/** Counts up when what the server has of today is to be asked for again. */
export const useRefresh = (): number => refresh.value;

export function TodayBars() {
  const words = texts.value.home;
  const [chosen, setChosen] = useState<number | null>(null);
  const today = dayOf(serverNow(), zone());
  const loaded = useEnergies({dev: null, period: 'day', start: today}, useRefresh());
  const bars = loaded.data?.bars ?? [];
  const bar = chosen === null ? null : (bars[chosen] ?? null);
  const measured = bars.some((one) => isKnown(one));
  return (
    <section class="card hours" aria-labelledby="hours-title">
      <h2 id="hours-title">
        <a href="/history">{words.hours}</a>
      </h2>
      {loaded.error && !loaded.data && <Failure error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Skeleton height={170} />}
      {loaded.data && !measured && <p class="muted nothing">{texts.value.history.nothing}</p>}
      {measured && (
        <Bars
          bars={bars}
          count={Math.max(24, bars.length)}
          label={words.hours}
          fills
          names={(i) => (bars[i] ? whenText(bars[i].from, 'time') : slotName(today, 'day', i))}
          chosen={chosen}
          onChoose={setChosen}
        />
      )}
      <p class="muted small-text reading" aria-live="polite">
        {bar ? reading(bar) : ''}
      </p>
    </section>
  );
}

/** The figures of an hour in a sentence. */
function reading(bar: Bar): string {
  const when = whenText(bar.from, 'time');
  if (!isKnown(bar)) {
    return bar.unknown_s > 0 ? `${when}: ${texts.value.plot.unknown}` : when;
  }
  const told = parts.filter((part) => stacked(bar, part) > 0);
  const figures = told.map((part) => `${partLabel(part)} ${energyText(bar[part])}`);
  return `${when}: ${figures.join(', ') || energyText(0)}`;
}
