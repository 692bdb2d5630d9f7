import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RestClient } from '@ecoflow-api/rest-client';
import { control } from './controller.mjs';
import { simulate, start } from './gridloom.mjs';

const SN = 'HW51SIM00000001';
let cloud;
let device;

before(async () => {
  cloud = await start('--demo-home', 'power_stream', '--start', '2026-06-01 12:00', '--paused');
  device = new RestClient({
    host: cloud.http,
    accessKey: cloud.accessKey,
    secretKey: cloud.secretKey,
  }).getDevice(SN);
  cloud.run('time', 'step', '1m');
});
after(() => cloud.stop());

test('asks for power while the battery is well, and gets it', async () => {
  assert.equal(await control(device), 200);
  cloud.run('time', 'step', '10s');
  const all = await device.getProperties();
  assert.ok(all['20_1.invOutputWatts'] >= 2000, `${all['20_1.invOutputWatts']}`);
});

test('lets a battery rest that is too hot', async () => {
  cloud.run('fault', 'on', 'over_temperature', '--device', SN);
  cloud.run('time', 'step', '1m');
  assert.equal(await control(device), 0);
  cloud.run('fault', 'off');
  cloud.run('time', 'step', '1m');
  assert.equal(await control(device), 200);
});

test('asks again when the cloud refuses what is right', async () => {
  cloud.run('fault', 'on', 'refused_sign', '--probability', '0.3');
  for (let round = 0; round < 20; round += 1) await control(device, { tries: 12 });
  cloud.run('fault', 'on', 'refused_sign');
  await assert.rejects(control(device), /8521|Invalid/);
  cloud.run('fault', 'off');
});

test('does not empty the battery in two nights', async () => {
  for (let hour = 0; hour < 48; hour += 1) {
    await control(device);
    cloud.run('time', 'step', '1h');
    const all = await device.getProperties();
    assert.ok(all['20_1.batSoc'] >= 10, `${all['20_1.batSoc']} % after ${hour + 1} h`);
  }
});

test('the devices behave in an outage as this program believes', () => {
  assert.match(simulate('outage.loom', '--seed', '42'), /ok/);
});
