// The day's curve under the picture: when the sun came, what the home drew, how the charge went.
import {DayCurve, hasCurve, useDaySeries} from '../charts/day_curve.tsx';
import {dayOf} from '../format/age.ts';
import {texts, zone} from '../i18n/index.ts';
import {serverNow} from '../store/clock.ts';
import {Failure, Skeleton} from '../ui/load.tsx';
import {useRefresh} from './use_refresh.ts';

export function DayCard() {
  const words = texts.value.home;
  const loaded = useDaySeries(dayOf(serverNow(), zone()), useRefresh());
  return (
    <section class="card curve-card" aria-labelledby="curve-title">
      <h2 id="curve-title">{words.curve}</h2>
      {loaded.error && !loaded.data && <Failure error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Skeleton height={274} />}
      {loaded.data && hasCurve(loaded.data) && (
        <DayCurve series={loaded.data} label={words.curve} />
      )}
      {loaded.data && !hasCurve(loaded.data) && <p class="muted nothing">{words.noCurve}</p>}
    </section>
  );
}
