// Where the nodes stand and how the pipes run, in a drawing of 360 by 346.
import type {Flow, Home, HomeNode, NodeId} from '../api/types.ts';

export const ring = 36;
export const width = 360;
/** From a line of a caption to the next. */
export const captionLine = 14;

export const places: Record<NodeId, {x: number; y: number}> = {
  sun: {x: 180, y: 58},
  grid: {x: 48, y: 168},
  home: {x: 180, y: 168},
  battery: {x: 312, y: 168},
  car: {x: 112, y: 286},
  heat: {x: 248, y: 286},
};

const sunToGrid = 'M144 58H68Q48 58 48 78V132';
const sunToBattery = 'M216 58H292Q312 58 312 78V132';
// It leaves the rings beside their captions.
const bow = 'M73 193C100 262 260 262 287 193';

/** Pipes by "from-to"; a flow of another pair is told in words only. */
export const pipes: Record<string, string> = {
  'sun-home': 'M180 94V132',
  'sun-grid': sunToGrid,
  'sun-battery': sunToBattery,
  'grid-home': 'M84 168H144',
  'home-grid': 'M144 168H84',
  'battery-home': 'M276 168H216',
  'home-battery': 'M216 168H276',
  'grid-battery': bow,
  'battery-grid': 'M287 193C260 262 100 262 73 193',
  'home-car': 'M166 201V214Q166 228 152 228H126Q112 228 112 242V250',
  'home-heat': 'M194 201V214Q194 228 208 228H234Q248 228 248 242V250',
};

/** Pipes that are drawn while their nodes exist; the bow only while power flows in it. */
const standing: [NodeId, NodeId][] = [
  ['sun', 'home'],
  ['sun', 'grid'],
  ['sun', 'battery'],
  ['grid', 'home'],
  ['battery', 'home'],
  ['home', 'car'],
  ['home', 'heat'],
];

export function drawnPipes(home: Home): string[] {
  const has = (id: NodeId) => home.nodes[id] !== undefined;
  const list = standing
    .filter(([from, to]) => has(from) && has(to))
    .map(([from, to]) => pipes[`${from}-${to}`]!);
  const hasBow = home.flows.some(
    (flow) =>
      pipes[`${flow.from}-${flow.to}`] !== undefined &&
      new Set([flow.from, flow.to, 'grid', 'battery']).size === 2,
  );
  return hasBow ? [...list, bow] : list;
}

/** The bow has its room also while it is not drawn, so that nothing moves. */
export function height(home: Home): number {
  if (home.nodes.car || home.nodes.heat) return 346;
  if (home.nodes.grid && home.nodes.battery) return 254;
  return home.nodes.battery ? 244 : 230;
}

/** The drawing begins here: without sun nothing stands above the home. */
export const topOf = (home: Home) => (home.nodes.sun ? 0 : 116);

/** A flow appears from 10 W and goes under 5 W, so that it does not flicker. */
export function isFlowing(power: number, before: boolean): boolean {
  return power >= (before ? 5 : 10);
}

/** The server's flows, and what car and heat take as branches of the home. */
export function allFlows(home: Home): Flow[] {
  const branches = (['car', 'heat'] as const).flatMap((to) => {
    const power = home.nodes[to]?.power_w ?? 0;
    const told = home.flows.some((flow) => flow.to === to);
    return power > 0 && !told ? [{from: 'home' as const, to, power_w: power}] : [];
  });
  return [...home.flows, ...branches];
}

/** Speed of dots in px/s, and their size: more power moves faster and is thicker. */
export const dotSpeed = (power: number) => Math.min(60, Math.max(24, 12 * Math.log10(power)));
export const dotSize = (power: number) => Math.min(8, Math.max(4, Math.sqrt(power) / 8));

/** The parts of the home's ring, by where its power comes from. */
export function mix(home: Home): {from: NodeId; share: number}[] {
  const into = home.flows.filter((flow) => flow.to === 'home' && flow.power_w > 0);
  const sum = into.reduce((total, flow) => total + flow.power_w, 0);
  return sum < 1 ? [] : into.map((flow) => ({from: flow.from, share: flow.power_w / sum}));
}

export type NodeState = 'unknown' | 'idle' | 'active';
export function nodeState(node: HomeNode): NodeState {
  if (node.power_w === null) return 'unknown';
  return Math.abs(node.power_w) < 1 ? 'idle' : 'active';
}
