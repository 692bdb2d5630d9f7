// Every page of an account that has no device yet.
import {checkEveryPage} from './every_page.mjs';

checkEveryPage({
  devices: 0,
  sn: 'R331ZEB4ZEAL0528',
  server: {home: [], more: []},
  account: 'ann',
  lang: 'en',
});
