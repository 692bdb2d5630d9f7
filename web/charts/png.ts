// The plots become one picture: background, title and legend are drawn to their canvases.
import {dashOf, type Pane} from './data.ts';
import {token} from './marks.ts';

const margin = 16;
const row = 22;

interface Labelled {
  pane: Pane;
  canvas: HTMLCanvasElement;
}

export function picture(title: string, panes: Labelled[]): HTMLCanvasElement {
  const made = document.createElement('canvas');
  const ctx = made.getContext('2d')!;
  const ratio = devicePixelRatio;
  const font = (weight: number) => `${weight} ${13 * ratio}px sans-serif`;
  const width = Math.max(...panes.map(({canvas}) => canvas.width)) + 2 * margin * ratio;
  ctx.font = font(400);
  const legends = panes.map(({pane}) => legendRows(ctx, pane, width - 2 * margin * ratio, ratio));
  const rows = legends.reduce((sum, list) => sum + list.length, 0);
  const canvases = panes.reduce((sum, {canvas}) => sum + canvas.height, 0);
  made.width = width;
  made.height = canvases + (rows * row + row + (panes.length + 2) * margin) * ratio;

  ctx.fillStyle = token('card');
  ctx.fillRect(0, 0, made.width, made.height);
  ctx.fillStyle = token('ink');
  ctx.font = font(600);
  let y = (margin + 13) * ratio;
  ctx.fillText(title, margin * ratio, y);
  ctx.font = font(400);
  panes.forEach(({canvas}, i) => {
    for (const entries of legends[i]!) {
      y += row * ratio;
      for (const {x, text, colour, dash} of entries) {
        ctx.strokeStyle = token(colour);
        ctx.lineWidth = 3 * ratio;
        ctx.setLineDash(dash.map((length) => length * ratio));
        ctx.beginPath();
        ctx.moveTo(margin * ratio + x, y - 4 * ratio);
        ctx.lineTo(margin * ratio + x + 18 * ratio, y - 4 * ratio);
        ctx.stroke();
        ctx.fillText(text, margin * ratio + x + 24 * ratio, y);
      }
    }
    y += (margin / 2) * ratio;
    ctx.drawImage(canvas, margin * ratio, y);
    y += canvas.height + (margin / 2) * ratio;
  });
  return made;
}

interface Entry {
  x: number;
  text: string;
  colour: string;
  dash: number[];
}

/** The legend's entries take as many rows as they need. */
function legendRows(
  ctx: CanvasRenderingContext2D,
  pane: Pane,
  width: number,
  ratio: number,
): Entry[][] {
  const rows: Entry[][] = [[]];
  let x = 0;
  for (const line of pane.lines) {
    const {title, unit, colour} = line;
    const text = unit ? `${title} (${unit})` : title;
    const size = ctx.measureText(text).width + 48 * ratio;
    if (x > 0 && x + size > width) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)!.push({x, text, colour, dash: dashOf(line)});
    x += size;
  }
  return rows;
}
