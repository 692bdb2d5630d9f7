// Every page of the demo home.
import {checkEveryPage} from './every_page.mjs';

checkEveryPage({
  devices: 11,
  sn: 'R331ZEB4ZEAL0528',
  lang: 'en', // A home of one device is tested in German.
  server: {more: ['--past', '2d', '--speed', '30']},
});
