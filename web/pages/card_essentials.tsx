// What a device does that has few figures of its own, as a plug or a panel: its essential fields, and
// its circuits as bars. The stream tells their values.
import {useEffect, useMemo} from 'preact/hooks';
import {isCard, language} from '../api/client.ts';
import type {Family, HomeDevice} from '../api/types.ts';
import {textOf} from '../format/field.ts';
import {displayed, powerText, texts} from '../i18n/index.ts';
import {live} from '../store/live.ts';
import {familyOf, Twin} from '../store/twins.ts';
import {useLoad} from '../ui/load.tsx';
import {circuitsOf, essentialFields, powersOf} from './card_facts.ts';

const everyMs = 1000;

/** The token of a card opens neither the family nor the device. */
export const CardEssentials = (props: {device: HomeDevice}) =>
  isCard() ? null : <Essentials {...props} />;

function Essentials({device}: {device: HomeDevice}) {
  const family = useLoad(() => familyOf(device.family), [device.family, language.value]).data;
  return family ? <Followed key={device.sn} sn={device.sn} family={family} /> : null;
}

function Followed({sn, family}: {sn: string; family: Family}) {
  const twin = useMemo(() => new Twin({sn, online: true, values: {}}, family), [sn, family]);
  const circuits = useMemo(() => circuitsOf(family), [family]);
  const essentials = useMemo(() => essentialFields(family), [family]);
  useEffect(() => {
    const names = [...(circuits ? [circuits.name] : []), ...essentials.map(({name}) => name)];
    return names.length > 0 ? twin.follow(live, names, everyMs) : undefined;
  }, [twin, circuits, essentials]);
  const read = (name: string) => twin.field(name).value?.value;
  const powers = circuits ? powersOf(circuits, read(circuits.name)) : [];
  return (
    <>
      {circuits && powers.length > 0 && <Bars title={circuits.title} powers={powers} />}
      <dl class="facts">
        {essentials.map((field) => {
          const value = read(field.name);
          return (
            <div key={field.name}>
              <dt>{field.title ?? field.name}</dt>
              <dd>{value === undefined ? '—' : textOf(displayed(field, value))}</dd>
            </div>
          );
        })}
      </dl>
    </>
  );
}

function Bars({title, powers}: {title: string; powers: (number | null)[]}) {
  const most = Math.max(0, ...powers.map((power_w) => power_w ?? 0));
  const each = powers.map((power_w) => powerText(power_w)).join(', ');
  return (
    <figure class="circuits of-home">
      <figcaption>
        {title} <b>{texts.value.home.upTo(powerText(most))}</b>
      </figcaption>
      <div class="circuit-bars" role="img" aria-label={`${title}: ${each}`}>
        {powers.map((power_w, circuit) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a circuit is its place.
          <i key={circuit} style={{'--part': String((power_w ?? 0) / (most || 1))}} />
        ))}
      </div>
    </figure>
  );
}
