// Why the power of a place is not known, in words.
import type {Home, HomeNode, NodeId} from '../api/types.ts';
import type {Texts} from '../i18n/en.ts';
import {powerText} from '../i18n/index.ts';
import {wayText} from '../i18n/power.ts';

const mostNames = 3;

/** Names are the users': their direction must not turn what stands around them. */
const isolated = (name: string) => `\u2068${name}\u2069`;

/** A line for the node, or nothing if its power is known. */
export function unknownText(id: NodeId, home: Home, texts: Texts): string | null {
  const node = home.nodes[id];
  if (!node || isKnown(node)) return null;
  const {home: words} = texts;
  const head = node.power_w === null ? words.nodeUnknown(words[id]) : words.nodePartly(words[id]);
  const known =
    node.known_w === undefined
      ? []
      : [
          words.nodeKnown(
            powerText(Math.abs(node.known_w)),
            wayText(id, node.known_w) ?? words[id],
          ),
        ];
  const because = node.unknown ?? [];
  if (because.length === 0) return head;
  const names = namesOf(home);
  const parts = because
    .slice(0, mostNames)
    .map(({sn, reason}) =>
      words.unknownPart(isolated(names.get(sn) ?? sn), words.unknownReason[reason]),
    );
  const others = (node.unknownDevices ?? because.length) - parts.length;
  if (others > 0) parts.push(texts.device.more(others));
  return words.because(head, [...known, ...parts].join('; '));
}

/** By serial number. A name that several devices have tells nothing: their serial numbers do. */
function namesOf({devices}: Home): Map<string, string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const {name} of devices) (seen.has(name) ? shared : seen).add(name);
  return new Map(devices.map(({sn, name}) => [sn, shared.has(name) ? sn : name]));
}

/** The nodes whose power is not known, with their lines. */
export function unknownTexts(home: Home, texts: Texts): [NodeId, string][] {
  return (Object.keys(home.nodes) as NodeId[]).flatMap((id) => {
    const text = unknownText(id, home, texts);
    return text === null ? [] : [[id, text] satisfies [NodeId, string]];
  });
}

const isKnown = (node: HomeNode) => node.power_w !== null && !node.atLeast;
