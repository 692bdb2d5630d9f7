// Dots that run along the pipes. They are HTML elements moved by Web Animations: strokes that are
// animated in SVG cost twenty times as much, all day, on a tablet on the wall.
import {useEffect, useRef} from 'preact/hooks';
import type {NodeId} from '../api/types.ts';
import {dotSize, dotSpeed, pipes} from './layout.ts';

const spacing = 26;
const samples = 17;
const baseSpeed = 40;

interface Props {
  from: NodeId;
  to: NodeId;
  power: number;
  running: boolean;
}

export function Dots({from, to, power, running}: Props) {
  const layer = useRef<HTMLDivElement>(null);
  const running_ = useRef<Animation[]>([]);
  const path = pipes[`${from}-${to}`];

  useEffect(() => {
    if (!path || !layer.current) return undefined;
    const animations = startDots(layer.current, path);
    running_.current = animations;
    const element = layer.current;
    return () => {
      for (const animation of animations) animation.cancel();
      element.replaceChildren();
    };
  }, [path]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: by visible steps.
  useEffect(() => {
    for (const animation of running_.current) {
      animation.updatePlaybackRate(dotSpeed(power) / baseSpeed);
      if (running) animation.play();
      else animation.pause();
    }
  }, [path, running, Math.round(dotSpeed(power))]);

  return <div ref={layer} class={`dots of-${from}`} style={{'--dot': `${dotSize(power)}px`}} />;
}

function startDots(layer: HTMLElement, path: string): Animation[] {
  const curve = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  curve.setAttribute('d', path);
  const length = curve.getTotalLength();
  const frames = Array.from({length: samples}, (_, i) => {
    const point = curve.getPointAtLength((length * i) / (samples - 1));
    return {transform: `translate(${point.x}px, ${point.y}px)`};
  });
  const count = Math.max(1, Math.round(length / spacing));
  return Array.from({length: count}, (_, i) => {
    const dot = layer.appendChild(document.createElement('i'));
    return dot.animate(frames, {
      duration: (length * 1000) / baseSpeed,
      iterations: Infinity,
      iterationStart: i / count,
    });
  });
}
