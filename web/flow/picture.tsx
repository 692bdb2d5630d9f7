// The energy-flow picture of a home: nodes, pipes, dots, and the same in words.
import {useEffect, useRef, useState} from 'preact/hooks';
import type {Flow, Home, HomeNode, NodeId} from '../api/types.ts';
import {percentText, powerFigure, powerText, texts} from '../i18n/index.ts';
import {wayText} from '../i18n/power.ts';
import {rate} from '../store/clock.ts';
import {live} from '../store/live.ts';
import {moving} from '../store/preferences.ts';
import {bare} from '../store/routes.ts';
import {type IconName, iconPath} from '../ui/icon.tsx';
import {Dots} from './dots.tsx';
import {
  allFlows,
  captionLine,
  drawnPipes,
  height,
  isFlowing,
  mix,
  nodeState,
  pipes,
  places,
  ring,
  topOf,
  width,
} from './layout.ts';
import {unknownText, unknownTexts} from './unknown.ts';

const icons: Record<NodeId, IconName> = {
  sun: 'sun',
  battery: 'battery',
  grid: 'grid',
  home: 'home',
  car: 'car',
  heat: 'heat',
};

/** What a node opens: the devices that it is made of, those with most power first, or the past. */
const pathOf: Record<NodeId, string> = {
  sun: '/fleet?sort=-sun',
  battery: '/fleet?sort=-battery',
  grid: '/fleet?sort=-grid',
  home: '/fleet?sort=-load',
  car: '/history',
  heat: '/history',
};

export function FlowPicture({home}: {home: Home}) {
  const [box, scale] = useScale();
  const shown = useRef(new Set<string>());
  const flows = allFlows(home).filter(
    (flow) =>
      pipes[`${flow.from}-${flow.to}`] !== undefined &&
      isFlowing(flow.power_w, shown.current.has(`${flow.from}-${flow.to}`)),
  );
  shown.current = new Set(flows.map((flow) => `${flow.from}-${flow.to}`));
  const top = topOf(home);
  const tall = height(home) - top;
  return (
    <div class="flow" ref={box} style={{aspectRatio: `${width} / ${tall}`}}>
      <svg viewBox={`0 ${top} ${width} ${tall}`} aria-hidden="true">
        {drawnPipes(home).map((d) => (
          <path key={d} class="pipe" d={d} />
        ))}
        {!moving.value && (
          <defs>
            {flows.map((flow) => (
              <Head key={flow.from} from={flow.from} />
            ))}
          </defs>
        )}
        {!moving.value &&
          flows.map((flow) => <Arrow key={`${flow.from}-${flow.to}`} flow={flow} />)}
        {(Object.entries(home.nodes) as [NodeId, HomeNode][]).map(([id, node]) => (
          <Node key={id} id={id} node={node} home={home} />
        ))}
      </svg>
      {moving.value && (
        <div class="dot-layer" style={{transform: `scale(${scale}) translateY(${-top}px)`}}>
          {flows.map((flow) => (
            <Dots
              key={`${flow.from}-${flow.to}`}
              from={flow.from}
              to={flow.to}
              power={flow.power_w}
              running={live.contact.value !== 'lost' && rate.value > 0}
            />
          ))}
        </div>
      )}
    </div>
  );
}

/** How much larger than its drawing the picture is shown. */
function useScale() {
  const box = useRef<HTMLDivElement>(null);
  const [scale, setScale] = useState(1);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setScale(entry.contentRect.width / width);
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [box, scale] as const;
}

function Head({from}: {from: NodeId}) {
  return (
    <marker
      id={`head-${from}`}
      class={`of-${from}`}
      viewBox="0 0 8 8"
      refX="7"
      refY="4"
      markerWidth="4"
      markerHeight="4"
      orient="auto"
    >
      <path class="head" d="M0 0 8 4 0 8z" />
    </marker>
  );
}

/** Without motion the way of the power is an arrow. */
function Arrow({flow}: {flow: Flow}) {
  return (
    <path
      class={`arrow of-${flow.from}`}
      d={pipes[`${flow.from}-${flow.to}`]!}
      marker-end={`url(#head-${flow.from})`}
    />
  );
}

function Node({id, node, home}: {id: NodeId; node: HomeNode; home: Home}) {
  const {x, y} = places[id];
  const before = useRef('');
  const figure = powerFigure(node.power_w === null ? null : Math.abs(node.power_w), before.current);
  before.current = figure.unit;
  const above = id === 'sun';
  const why = unknownText(id, home, texts.value);
  const drawn = (
    <g class={`node of-${id} ${nodeState(node)}`} transform={`translate(${x} ${y})`}>
      {why !== null && <title>{why}</title>}
      <circle class="ground" r={ring} />
      <circle class="ring" r={ring} />
      {id === 'home' && <MixRing home={home} />}
      <path
        class="node-icon"
        d={iconPath(icons[id])}
        transform="translate(-10.5 -23.5) scale(0.875)"
      />
      <text class={node.atLeast ? 'figure long' : 'figure'} y="16">
        {node.atLeast ? '≥ ' : ''}
        {figure.text}
        {figure.unit && (
          <tspan class="unit" dx="2">
            {figure.unit}
          </tspan>
        )}
      </text>
      {caption(id, node, home).map((line, i) => (
        <text key={line} class="caption" y={above ? -44 : ring + 15 + i * captionLine}>
          {line}
        </text>
      ))}
    </g>
  );
  // The words beside the picture have the same links for the keyboard. A wall leads nowhere.
  if (bare.value) return drawn;
  return (
    <a href={pathOf[id]} tabindex={-1}>
      {drawn}
    </a>
  );
}

/** Lines of a caption: what is beside the edge has no room for a long one. */
function caption(id: NodeId, node: HomeNode, home: Home): string[] {
  const words = texts.value.home;
  // Pipes leave the home where its name would stand.
  if (id === 'home' && (home.nodes.car || home.nodes.heat)) return [];
  const way = wayText(id, node.power_w);
  if (id === 'battery') {
    const charge = node.charge_percent == null ? words.battery : percentText(node.charge_percent);
    return [charge, ...(way === null ? [] : [way])];
  }
  return [way ?? words[id]];
}

/** The home's ring shows where its power comes from. */
function MixRing({home}: {home: Home}) {
  const round = 2 * Math.PI * ring;
  let start = 0;
  return (
    <g transform="rotate(-90)">
      {mix(home).map(({from, share}) => {
        const begin = start;
        start += share;
        return (
          <circle
            key={from}
            class={`mix of-${from}`}
            r={ring}
            stroke-dasharray={`${share * round} ${round}`}
            stroke-dashoffset={-begin * round}
          />
        );
      })}
    </g>
  );
}

/** The parts of the ring around the home, with its colours. */
function MixLegend({home}: {home: Home}) {
  const parts = mix(home);
  if (parts.length === 0) return null;
  const words = texts.value.home;
  return (
    <p class="mix-legend">
      <span>{words.ring}</span>
      {parts.map(({from, share}) => (
        <span key={from}>
          <i class={`key of-${from}`} aria-hidden="true" />
          {words[from]} <b>{percentText(share * 100)}</b>
        </span>
      ))}
    </p>
  );
}

/** The picture in words, for those who cannot see it; not read out by itself. */
export function FlowWords({home}: {home: Home}) {
  const words = texts.value.home;
  const flows = allFlows(home).filter((flow) => flow.power_w >= 1);
  const sources = [...new Set(flows.map((flow) => flow.from))];
  const unknowns = unknownTexts(home, texts.value);
  return (
    <>
      <MixLegend home={home} />
      <ul class="flow-words">
        {flows.length === 0 && unknowns.length === 0 && <li>{words.nothingFlows}</li>}
        {sources.map((from) => {
          const of = flows.filter((flow) => flow.from === from);
          const parts = of.map((flow) => `${powerText(flow.power_w)} ${words.to[flow.to]}`);
          return (
            <li key={from}>
              <b>{bare.value ? words[from] : <a href={pathOf[from]}>{words[from]}</a>}</b>{' '}
              {parts.join(', ')}
            </li>
          );
        })}
        {unknowns.map(([id, text]) => (
          <li key={id}>{text}</li>
        ))}
        {home.gridCaption === 'import_of_devices' && <li>{words.importOfDevices}</li>}
        {(home.unaccounted_w ?? 0) >= 1 && (
          <li>{words.unaccounted(powerText(home.unaccounted_w))}</li>
        )}
      </ul>
    </>
  );
}
