// Today by the hour, beside the ledger: when the sun came, and where it went.
import {useState} from 'preact/hooks';
import {Bars} from '../charts/bars.tsx';
import {type Bar, isKnown, parts, stacked} from '../charts/energy.ts';
import {partLabel, slotsOf} from '../charts/labels.ts';
import {useEnergies} from '../charts/use_bars.ts';
import {dayOf} from '../format/age.ts';
import {energyText, texts, whenText, zone} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {Failure, Skeleton} from '../ui/load.tsx';
import {useRefresh} from './use_refresh.ts';

export function TodayBars() {
  const words = texts.value.home;
  const [chosen, setChosen] = useState<number | null>(null);
  const today = dayOf(serverNow(), zone());
  const loaded = useEnergies({dev: null, period: 'day', start: today}, useRefresh());
  const bars = loaded.data?.bars ?? [];
  const bar = chosen === null ? bars.findLast((one) => isKnown(one)) : bars[chosen];
  const measured = bars.some((one) => isKnown(one));
  const slots = slotsOf(today, 'day', bars);
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
          count={slots.count}
          label={words.hours}
          fills
          names={slots.name}
          chosen={chosen}
          onChoose={setChosen}
        />
      )}
      <p class="muted small-text reading" aria-live={chosen === null ? 'off' : 'polite'}>
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
  const flowed = parts.filter((part) => stacked(bar, part) > 0);
  const told = flowed.length > 0 ? flowed : parts.filter((part) => bar[part] !== null);
  return `${when}: ${told.map((part) => `${partLabel(part)} ${energyText(bar[part])}`).join(', ')}`;
}
