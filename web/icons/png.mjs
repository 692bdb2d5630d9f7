// The icon as PNG, for systems that take no SVG: the same four threads and rounded square, with
// sixteen samples a pixel.
import {deflateSync} from 'node:zlib';

const ground = [0x0e, 0x12, 0x16];
const threads = [
  {x1: 14, y1: 22, x2: 50, y2: 22, colour: [0xf5, 0xb9, 0x2e]},
  {x1: 14, y1: 42, x2: 50, y2: 42, colour: [0x8f, 0xa5, 0xf0]},
  {x1: 22, y1: 14, x2: 22, y2: 50, colour: [0x86, 0xf0, 0xb3]},
  {x1: 42, y1: 14, x2: 42, y2: 50, colour: [0xea, 0xef, 0xf5]},
];

function colourAt(x, y) {
  const over = (v) => Math.max(Math.abs(v - 32) - 18, 0);
  if (Math.hypot(over(x), over(y)) > 14) return null;
  let colour = ground;
  for (const t of threads) {
    const dx = Math.max(t.x1 - x, 0, x - t.x2);
    const dy = Math.max(t.y1 - y, 0, y - t.y2);
    if (Math.hypot(dx, dy) <= 2.5) colour = t.colour;
  }
  return colour;
}

function pixel(column, row, size) {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < 16; i++) {
    const x = ((column + (i % 4) / 4 + 0.125) * 64) / size;
    const y = ((row + Math.floor(i / 4) / 4 + 0.125) * 64) / size;
    const colour = colourAt(x, y);
    if (colour) {
      for (let c = 0; c < 3; c++) sum[c] += colour[c];
      sum[3] += 1;
    }
  }
  return sum[3] === 0
    ? [0, 0, 0, 0]
    : [...sum.slice(0, 3).map((c) => Math.round(c / sum[3])), Math.round((sum[3] * 255) / 16)];
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  let crc = ~0;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(~crc >>> 0, 4 + body.length);
  return frame;
}

export function iconPng(size) {
  const rows = Buffer.alloc(size * (1 + 4 * size));
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      Buffer.from(pixel(column, row, size)).copy(rows, row * (1 + 4 * size) + 1 + 4 * column);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows, {level: 9})),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
