// Builds the page into dist/ (or into the folder given): hashed assets, index.html, manifest,
// icons. What each file costs is written beside it, as <folder>-meta.json, for the size budget.
import {cpSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {iconPng} from './icons/png.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist'));
rmSync(out, {recursive: true, force: true});
mkdirSync(out, {recursive: true});

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
  charset: 'utf8',
};

const page = await build({
  ...common,
  entryPoints: {main: 'main.tsx', style: 'style/index.css'},
  outdir: join(out, 'assets'),
  format: 'esm',
  splitting: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name].[hash]',
  chunkNames: '[name].[hash]',
  metafile: true,
});
await build({...common, entryPoints: ['theme.ts'], outdir: out, format: 'iife'});

const outputs = Object.entries(page.metafile.outputs);
const builtFrom = (entry) => {
  const [path] = outputs.find(([, output]) => output.entryPoint === entry);
  return `/assets/${path.split('/').pop()}`;
};
const [, main] = outputs.find(([, output]) => output.entryPoint === 'main.tsx');
const preloads = main.imports
  .filter((i) => i.kind === 'import-statement')
  .map((i) => `<link rel="modulepreload" href="/assets/${i.path.split('/').pop()}">\n`);
writeFileSync(
  join(out, 'index.html'),
  readFileSync(join(here, 'index.html'), 'utf8')
    .replace('%STYLE%', builtFrom('style/index.css'))
    .replace('%PRELOAD%', preloads.join(''))
    .replace('%SCRIPT%', builtFrom('main.tsx')),
);

cpSync(join(here, 'icons/icon.svg'), join(out, 'icon.svg'));
for (const size of [192, 512]) writeFileSync(join(out, `icon-${size}.png`), iconPng(size));
writeFileSync(
  join(out, 'manifest.webmanifest'),
  JSON.stringify({
    name: 'Gridloom',
    short_name: 'Gridloom',
    start_url: '/',
    display: 'standalone',
    background_color: '#0E1216',
    theme_color: '#0E1216',
    icons: [
      {src: '/icon.svg', type: 'image/svg+xml', sizes: 'any'},
      {src: '/icon-192.png', type: 'image/png', sizes: '192x192'},
      {src: '/icon-512.png', type: 'image/png', sizes: '512x512'},
    ],
  }),
);
writeFileSync(`${out}-meta.json`, JSON.stringify(page.metafile));
