// Gridloom's own interface by a client that is made from /openapi.json alone: its functions are the
// file's operations. own_api_test.py starts the server and says where it is by environment.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { OpenAPIClientAxios } from 'openapi-client-axios';

const { HTTP, READ_TOKEN, CONTROL_TOKEN, SN } = process.env;

const description = await (await fetch(`${HTTP}/openapi.json`)).json();

async function client(token) {
  const made = new OpenAPIClientAxios({
    definition: { ...description, servers: [{ url: HTTP }] },
    axiosConfigDefaults: { headers: { Authorization: `Bearer ${token}` }, validateStatus: null },
  });
  return made.init();
}

test('the file is valid OpenAPI', async () => {
  const checked = await new Validator().validate(structuredClone(description));
  assert.deepEqual(checked.errors ?? [], []);
  assert.equal(description.openapi, '3.1.0');
});

test('lists and reads', async () => {
  const api = await client(READ_TOKEN);
  assert.equal((await api.whoAmI()).data.scope, 'read');
  const { devices } = (await api.listDevices()).data;
  const kitchen = devices.find(({ sn }) => sn === SN);
  assert.equal(kitchen.family, 'delta_2');
  assert.equal(kitchen.online, true);
  const state = (await api.getDevice(SN)).data;
  assert.equal(typeof state.values['pd.soc'], 'number');
  assert.ok(state.reportedAt > 0);
  const history = (await api.getHistory({ sn: SN, fields: 'pd.soc', from: '-1h' })).data;
  assert.equal(history.series[0].unit, '%');
  assert.ok(history.series[0].points.length > 0);
  const family = (await api.getFamily(kitchen.family)).data;
  assert.equal(family.fields.find(({ name }) => name === 'pd.soc').unit, '%');
  assert.ok((await api.listFamilies()).data.families.some(({ id }) => id === 'stream'));
  const energy = (await api.getEnergy({ sn: SN, period: 'day' })).data;
  assert.equal(energy.unit, 'kWh');
});

test('a command changes the device, and needs the scope', async () => {
  const command = { moduleType: 5, operateType: 'quietMode', params: { enabled: 1 } };
  const refused = await (await client(READ_TOKEN)).sendCommand(SN, command);
  assert.equal(refused.status, 403);
  assert.equal(refused.data.code, 'no_permission');
  const api = await client(CONTROL_TOKEN);
  for (const enabled of [1, 0]) {
    const sent = await api.sendCommand(SN, { ...command, params: { enabled } });
    assert.equal(sent.status, 200);
    assert.equal(sent.data.reply.data.ack, 0);
    assert.equal((await api.getDevice(SN)).data.values['mppt.beepState'], enabled);
  }
});

test('errors have one form', async () => {
  const api = await client(READ_TOKEN);
  for (const [answer, status, code] of [
    [await api.getDevice('NONE'), 403, 'no_permission'],
    [await api.getHistory({ sn: SN, fields: 'pd.soc', step: 'x' }), 400, 'bad_params'],
    [await (await client('glt_wrong')).listDevices(), 401, 'unknown_key'],
  ]) {
    assert.equal(answer.status, status);
    assert.deepEqual(Object.keys(answer.data), ['code', 'message']);
    assert.equal(answer.data.code, code);
  }
});
