// Writes the assembler file that embeds a built page: node embed_page.mjs DIST OUT makes OUT/page.S,
// to be assembled with -I OUT. Each file is there as it is and, where that is shorter, compressed.
// Source maps stay outside.
import {createHash} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';

const [dist, out] = process.argv.slice(2);
const copies = join(out, 'files');
rmSync(copies, {recursive: true, force: true});
mkdirSync(copies, {recursive: true});

const paths = readdirSync(dist, {recursive: true, withFileTypes: true})
  .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(dist.length))
  .sort();

let data = '  .section .rodata\n';
let rows = '';
paths.forEach((path, index) => {
  const bytes = readFileSync(join(dist, path));
  const packed = gzipSync(bytes, {level: 9});
  const gzip = packed.length < bytes.length ? packed : Buffer.alloc(0);
  const tag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  writeFileSync(join(copies, `${index}`), bytes);
  writeFileSync(join(copies, `${index}.gz`), gzip);
  data += `gl_page_${index}:\n  .incbin "files/${index}"\n` +
    `gl_page_${index}_gzip:\n  .incbin "files/${index}.gz"\n` +
    `gl_page_${index}_path:\n  .asciz "${path}"\ngl_page_${index}_tag:\n  .asciz "${tag}"\n`;
  rows += `  .quad gl_page_${index}_path, gl_page_${index}_tag, gl_page_${index}, ${bytes.length}, ` +
    `gl_page_${index}_gzip, ${gzip.length}\n`;
});
writeFileSync(join(out, 'page.S'), `${data}
  .section .data.rel.ro,"aw"
  .balign 8
  .globl gl_page_table
gl_page_table:
${rows}
  .globl gl_page_count
gl_page_count:
  .quad ${paths.length}
  .section .note.GNU-stack,"",@progbits
`);
