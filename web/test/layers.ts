// Compares the imports of sources with layers.txt, which says what each folder may import. Rows are
// bottom-up, so a circle between folders cannot be written down there.
import {dirname, join} from 'node:path/posix';

const importPattern = /(?:\bfrom|\bimport)\s*\(?\s*['"](?<path>[^'"]+)['"]/g;

/** The violations, a line each; `files` has texts by path within web/. */
export function findingsOf(layers: string, files: ReadonlyMap<string, string>): string[] {
  const {allowed, findings} = readLayers(layers);
  for (const [file, text] of files) {
    const folder = folderOf(file);
    const row = allowed.get(folder);
    if (!row) {
      findings.push(`${file}: the folder ${folder} has no row in layers.txt`);
      continue;
    }
    for (const imported of importsOf(file, text)) {
      const target = folderOf(imported);
      if (target !== folder && !row.has(target)) {
        findings.push(`${file} imports ${imported}: ${folder} may not import ${target}`);
      }
    }
  }
  return findings;
}

function readLayers(text: string): {allowed: Map<string, Set<string>>; findings: string[]} {
  const allowed = new Map<string, Set<string>>();
  const findings: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [folder = '', names = ''] = line.split(':');
    const row = names.split(' ').filter(Boolean);
    for (const name of row) {
      if (!allowed.has(name)) findings.push(`layers.txt: ${folder} names ${name} before its row`);
    }
    allowed.set(folder, new Set(row));
  }
  return {allowed, findings};
}

/** Paths within web/ of the project's own files that a file imports, for types too. */
function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(importPattern)]
    .map((match) => match.groups?.['path'] ?? '')
    .filter((path) => path.startsWith('.'))
    .map((path) => join(dirname(file), path));
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '.';
}
