// Every page of a home with one device.
import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after} from 'node:test';
import {checkEveryPage} from './every_page.mjs';
import {newFolder} from './harness.mjs';

const sn = 'R331ZEB4ZEAL0528';
const folder = newFolder();
const home = join(folder, 'flat.yaml');
writeFileSync(
  home,
  `home: A flat
sites:
  flat:
    household: {people: 1}
    devices:
      - {sn: ${sn}, name: Power station in the kitchen, plug: kitchen, supplies: [refrigerator]}
`,
);
after(() => rmSync(folder, {recursive: true}));

checkEveryPage({
  devices: 1,
  sn,
  lang: 'de',
  server: {home: ['--home', home], more: ['--past', '1d', '--speed', '30']},
});
