// Every page of a home with two thousand devices. They have lived an hour and stand still: what is
// tested is the page, not how many reports come.
import {checkEveryPage} from './every_page.mjs';

const families = {delta_2: 1000, power_stream: 400, power_ocean: 200, smart_plug: 400};

checkEveryPage({
  devices: 2000,
  sn: 'R331SIM00000001',
  server: {
    home: [
      '--demo',
      '--demo-home',
      Object.entries(families)
        .map((one) => one.join('='))
        .join(),
    ],
    more: ['--past', '1h', '--paused'],
  },
});
