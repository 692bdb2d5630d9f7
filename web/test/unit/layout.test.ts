import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Home, HomeNode, NodeId} from '../../api/types.ts';
import {drawnPipes, height, topOf, width} from '../../flow/layout.ts';

const node: HomeNode = {power_w: 100, atLeast: false};
const homeOf = (nodes: NodeId[], from: NodeId, to: NodeId) =>
  ({
    nodes: Object.fromEntries(nodes.map((id) => [id, node])),
    flows: [{from, to, power_w: 100}],
  }) as unknown as Home;

/** The ends and control points of a pipe: its curves stay within them. */
function points(path: string): [number, number][] {
  let at: [number, number] = [0, 0];
  return [...path.matchAll(/([MLHVQC])([^MLHVQC]*)/g)].flatMap(([, command, text]) => {
    const numbers = (text ?? '').trim().split(/[ ,]+/).map(Number);
    const made: [number, number][] = [];
    if (command === 'H') made.push([numbers[0]!, at[1]]);
    else if (command === 'V') made.push([at[0], numbers[0]!]);
    else for (let i = 0; i < numbers.length; i += 2) made.push([numbers[i]!, numbers[i + 1]!]);
    at = made.at(-1)!;
    return made;
  });
}

test('no pipe leaves the drawing, whatever the home has', () => {
  const homes: [NodeId[], NodeId, NodeId][] = [
    [['sun', 'home', 'grid', 'battery'], 'grid', 'battery'],
    [['sun', 'home', 'grid', 'battery'], 'battery', 'grid'],
    [['home', 'grid', 'battery', 'car', 'heat'], 'grid', 'battery'],
    [['sun', 'home', 'battery'], 'sun', 'battery'],
  ];
  for (const [nodes, from, to] of homes) {
    const home = homeOf(nodes, from, to);
    for (const pipe of drawnPipes(home)) {
      for (const [x, y] of points(pipe)) {
        // A curve comes three quarters of the way to its control points.
        const lowest = pipe.includes('C') ? 193 + (y - 193) * 0.75 : y;
        const isInside = x >= 0 && x <= width && y >= topOf(home) && lowest <= height(home);
        assert.ok(isInside, `${pipe} in ${nodes.join()}`);
      }
    }
  }
});

test('the drawing does not change its height when a flow ends', () => {
  const nodes: NodeId[] = ['sun', 'home', 'grid', 'battery'];
  assert.equal(height(homeOf(nodes, 'grid', 'battery')), height(homeOf(nodes, 'sun', 'home')));
});
