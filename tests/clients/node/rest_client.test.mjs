// The published npm client, unmodified, through both HTTP doors: every method of its DELTA 2,
// PowerStream, Smart Home Panel, Smart Plug and GLACIER, what they wrote read back through its typed
// getProperties() (zod schemas of 160, 121, 83, 53 and 156 quotas), and its errors as it throws them.
//
// rest_client_test.py starts the server and says where it is by environment. Nothing waits here: a
// set is answered after the device has reported what changed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { RestClient } from '@ecoflow-api/rest-client';

const {
  HTTP,
  HTTPS,
  ACCESS_KEY,
  SECRET_KEY,
  FOREIGN_SN,
  UNKNOWN_SN,
  UNKNOWN_ACCESS_KEY,
  UNKNOWN_SECRET_KEY,
} = process.env;
const SN = {
  delta2: 'R331ZEB4ZEAL0528',
  powerStream: 'HW513000SF767194',
  panel: 'SP10ZAW5ZE9E0052',
  plug: 'HW52ZDH1RF3J0033',
  glacier: 'BX11ZCB4EF2E0002',
};

// Each row: the method, its arguments, what getProperties() then says; `null`: nothing readable.
// Two rounds with other values each, so that a value that merely stayed does not pass.
const delta2Calls = (round) => [
  ['setCarStandByDuration', [round ? 60 : 120], { 'mppt.carStandbyMin': round ? 60 : 120 }],
  ['setSilentMode', [round], { 'mppt.beepState': round }],
  ['setCarCharger', [1 - round], { 'mppt.carState': 1 - round }],
  ['setAcStandByTime', [round ? 30 : 90], { 'mppt.acStandbyMins': round ? 30 : 90 }],
  ['setCarInput', [round ? 4000 : 10000], { 'mppt.dcChgCurrent': round ? 4000 : 10000 }],
  [
    'setEnergyManagement',
    [{ isConfig: round, bpPowerSoc: 40 + round, minDsgSoc: 0, minChgSoc: 0 }],
    { 'pd.watchIsConfig': round, 'pd.bpPowerSoc': 40 + round },
  ],
  ['setDeviceTimeout', [round ? 0 : 600], { 'pd.standbyMin': round ? 0 : 600 }],
  ['enableUsbOutput', [round], { 'pd.dcOutState': round }],
  ['setLcdTimeout', [round ? 10 : 300], { 'pd.lcdOffSec': round ? 10 : 300, 'pd.brightLevel': 3 }],
  ['enablePvChargingPriority', [round], { 'pd.pvChgPrioSet': round }],
  [
    'setAcAutoOutConfig',
    [round, 20 + round],
    { 'pd.acAutoOutConfig': round, 'pd.minAcoutSoc': 20 + round },
  ],
];

const powerStreamCalls = (round) => [
  ['setPowerSupplyPriority', [round ? 'battery' : 'powerSupply'], { '20_1.supplyPriority': round }],
  ['setCustomLoadPower', [round ? 2000 : 0], { '20_1.permanentWatts': round ? 2000 : 0 }],
  ['setLowerChargingLevel', [round ? 1 : 30], { '20_1.lowerLimit': round ? 1 : 30 }],
  ['setUpperChargingLevel', [round ? 70 : 100], { '20_1.upperLimit': round ? 70 : 100 }],
  ['setLedBrightness', [round ? 1023 : 0], { '20_1.invBrightness': round ? 1023 : 0 }],
  [
    'deleteTask',
    [round],
    (all) =>
      assert.equal(all[`20_134.task${round + 1}`].timeRange.isConfig, false, 'task1 has index 0'),
  ],
];

const moment = (hour, min) => ({ sec: 0, min, hour, day: 15, week: 4, month: 6, year: 2028 });
const slots = Array(18).fill(255);
const chargingTask = (round) => ({
  param: { lowBattery: 10 + round, hightBattery: 90 + round, chChargeWatt: 2000, chSta: [1, 0] },
  comCfg: {
    timeScale: slots,
    isCfg: 1,
    type: 1,
    isEnable: round,
    setTime: moment(0, 0),
    timeRange: {
      isCfg: 1,
      isEnable: 1,
      timeMode: 0,
      startTime: moment(1, 0),
      endTime: moment(5, 30),
      mode1: { mon: 1, tues: 1, wed: 1, thur: 1, fri: 1, sat: 0, sun: 0 },
    },
  },
});
const dischargingTask = (round) => ({
  chSta: [1, 1, 0, 0, 0, 0, 0, 0, 0, round],
  comCfg: {
    timeScale: slots,
    isCfg: 1,
    type: 2,
    isEnable: round,
    setTime: moment(0, 0),
    timeRange: {
      isCfg: 1,
      isEnable: 1,
      timeMode: 0,
      startTime: moment(17, 0),
      endTime: moment(21, 45),
    },
  },
});
const taskOf = (all, cfgIndex) => {
  const tasks = all.timeTask.filter(
    (task) => task.cfgIndex === cfgIndex || task.index === cfgIndex,
  );
  assert.equal(tasks.length, 1, JSON.stringify(all.timeTask));
  return tasks[0].cfg ?? tasks[0];
};
const pairs = (round) =>
  Array.from({ length: 10 }, (_, ch) => ({
    linkMark: ch < 2 ? round : 0,
    linkCh: ch === 0 ? 1 : 0,
  }));
const priorities = (round) =>
  Array.from({ length: 10 }, (_, ch) => ({ priority: round ? ch : 9 - ch, isEnable: ch % 2 }));

const panelCalls = (round) => [
  [
    'setRtcTime',
    [{ sec: 1, min: 2, hour: 3, day: 4, week: 1, month: 5, year: 2028 + round }],
    (all) => {
      assert.equal(all['heartbeat.time.year'], 2028 + round);
      assert.equal(all['heartbeat.time.month'], 5);
      assert.equal(all['heartbeat.time.day'], 4);
      assert.equal(all['heartbeat.time.hour'], 3);
    },
  ],
  [
    'setLoadChannelControl',
    [{ ch: 1, ctrlMode: 1, sta: round ? 2 : 0 }],
    (all) => {
      const channel = all['heartbeat.loadCmdChCtrlInfos'][1];
      assert.deepEqual([channel.ctrlMode, channel.ctrlSta], [1, round ? 2 : 0]);
    },
  ],
  [
    'setStandbyChannelControl',
    [{ ch: 11, ctrlMode: 1, sta: round ? 2 : 1 }],
    (all) => {
      const channel = all['heartbeat.backupCmdChCtrlInfos'][1];
      assert.deepEqual([channel.ctrlMode, channel.ctrlSta], [1, round ? 2 : 1]);
    },
  ],
  [
    'setSplitPhaseInfoConfig',
    [pairs(round)],
    (all) =>
      assert.deepEqual(
        all['splitPhaseInfo.cfgList'].map(({ linkMark, linkCh }) => ({ linkMark, linkCh })),
        pairs(round),
      ),
  ],
  [
    'setChannelCurrentConfiguration',
    [{ channel: 3, cur: round ? 6 : 30 }],
    (all) => assert.equal(all['loadChCurInfo.cur'][3], round ? 6 : 30),
  ],
  [
    'setGridPowerConfiguration',
    [{ gridVol: round ? 220 : 230, gridFreq: round ? 60 : 50 }],
    { 'gridInfo.gridVol': round ? 220 : 230, 'gridInfo.gridFreq': round ? 60 : 50 },
  ],
  ['enableEpsMode', [round], { 'epsModeInfo.eps': Boolean(round) }],
  [
    'enableChannelStatus',
    [{ channel: 2, enable: round }],
    (all) => {
      assert.equal(all['chUseInfo.isEnable'][2], Boolean(round));
      assert.equal(all['emergencyStrategy.chSta'][2].isEnable, round);
    },
  ],
  [
    'setLoadChannelInfo',
    [{ channel: 4, channelName: `Küche ${round}`, iconInfo: 10 + round }],
    (all) => {
      const { chName, iconNum } = all.loadChInfo.info[4];
      assert.deepEqual([chName, iconNum], [`Küche ${round}`, 10 + round]);
    },
  ],
  [
    'setRegionInfo',
    [round ? 'Europe, Italy' : 'US, Texas'],
    { 'areaInfo.area': round ? 'Europe, Italy' : 'US, Texas' },
  ],
  [
    'setEmergencyMode',
    [{ isCfg: 1, backupMode: round, overloadMode: round, chSta: priorities(round) }],
    (all) => {
      assert.equal(all['emergencyStrategy.isCfg'], 1);
      assert.equal(all['emergencyStrategy.backupMode'], round);
      assert.equal(all['emergencyStrategy.overloadMode'], round);
      assert.deepEqual(
        all['emergencyStrategy.chSta'].map(({ priority, isEnable }) => ({ priority, isEnable })),
        priorities(round),
      );
    },
  ],
  [
    'setScheduledChargingJob',
    [{ cfgIndex: 5, cfg: chargingTask(round) }],
    (all) => {
      const task = taskOf(all, 5);
      assert.deepEqual(
        [task.param.lowBattery, task.param.hightBattery, task.param.chChargeWatt],
        [10 + round, 90 + round, 2000],
      );
      assert.equal(task.comCfg.isEnable, round);
      assert.deepEqual(task.comCfg.timeScale, slots);
      assert.equal(task.comCfg.timeRange.endTime.min, 30);
    },
  ],
  [
    'setScheduledDischargingJob',
    [{ cfgIndex: 6, cfg: dischargingTask(round) }],
    (all) => {
      const task = taskOf(all, 6);
      assert.equal(task.comCfg.isEnable, round);
      assert.equal(task.comCfg.type, 2);
      assert.equal(task.comCfg.timeRange.startTime.hour, 17);
      assert.equal(task.comCfg.timeRange.endTime.min, 45);
    },
  ],
  ['setConfigurationStatus', [round], { 'cfgSta.sta': round }],
  ['setStartSelfCheck', [1], null],
  [
    'setStandByChargingDischargingParameters',
    [{ discLower: 10 + round, forceChargeHigh: 80 + round }],
    { 'backupChaDiscCfg.discLower': 10 + round, 'backupChaDiscCfg.forceChargeHigh': 80 + round },
  ],
];

const plugCalls = (round) => [
  [
    'deleteTask',
    [round],
    (all) => assert.equal(all[`2_2.task${round + 1}`].timeRange.isConfig, false),
  ],
  ['setLedBrightness', [round ? 1023 : 0], { '2_1.brightness': round ? 1023 : 0 }],
  ['switchOff', [], { '2_1.switchSta': false, '2_1.watts': 0 }],
  ['switchOn', [], { '2_1.switchSta': true }],
];

const glacierCalls = (round) => [
  [
    'setTemperature',
    [{ right: -17 + round, left: 2 + round, middle: 4 + round }],
    { 'pd.tmpRSet': -17 + round, 'pd.tmpLSet': 2 + round, 'pd.tmpMSet': 4 + round },
  ],
  ['enableEcoMode', [round], { 'pd.coolMode': round }],
  ['enableBuzzer', [round], { 'pd.beepEn': round }],
  ['setBuzzerBeep', [1 + round], null],
  ['setScreenTimeout', [round ? 30 : 600], { 'pd.blTime': round ? 30 : 600 }],
  ['setTemperatureUnit', [round ? 'F' : 'C'], { 'pd.tmpUnit': round }],
  ['setIceMaking', [1, round ? 'large' : 'small'], { 'pd.iceMkMode': 2 + round }],
  ['setIceDetaching', [1], { 'pd.fsmState': 5 }],
  ['setSensorDetectionBlocking', [round], { 'pd.sensorAdv': round }],
  [
    'setBatteryProtectionLevel',
    [1 - round, 1 + round],
    { 'pd.pwrPbEn': 1 - round, 'pd.powerPbLevel': 1 + round },
  ],
];

const FAMILIES = {
  delta2: { kind: 'Delta2', calls: delta2Calls, quotas: 160 },
  powerStream: { kind: 'PowerStream', calls: powerStreamCalls, quotas: 121 },
  panel: { kind: 'SmartHomePanel', calls: panelCalls, quotas: 83 },
  plug: { kind: 'SmartPlug', calls: plugCalls, quotas: 53 },
  glacier: { kind: 'Glacier', calls: glacierCalls, quotas: 156 },
};

// What a class adds to Device, without what is not for callers.
const methodsOf = (device) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(device)).filter(
    (name) => name !== 'constructor' && name !== 'parseProperties',
  );

const throwsCode =
  (code, ...words) =>
  (error) => {
    assert.match(error.message, new RegExp(`^code: ${code} \\| message: `));
    for (const word of words) assert.match(error.message, word);
    return true;
  };

for (const [door, host] of Object.entries({ HTTP, HTTPS })) {
  const client = new RestClient({ accessKey: ACCESS_KEY, secretKey: SECRET_KEY, host });
  const devices = Object.fromEntries(
    Object.entries(SN).map(([family, sn]) => [family, client.getDevice(sn)]),
  );
  const round = door === 'HTTP' ? [0, 1] : [1, 0];

  test(`${door}: the account's devices and certificate`, async () => {
    const plain = await client.getDevicesPlain();
    assert.equal(plain.code, '0');
    const rows = Object.fromEntries(plain.data.map((row) => [row.sn, row]));
    assert.equal(rows[SN.delta2].productName, 'DELTA 2');
    assert.equal(rows[SN.powerStream].productName, 'PowerStream');
    assert.equal(rows[SN.panel].productName, 'Smart Home Panel');
    assert.equal(rows[SN.plug].productName, 'Smart Plug');
    assert.equal(rows[SN.glacier].productName, 'GLACIER');
    for (const sn of Object.values(SN)) assert.equal(rows[sn].online, 1);
    const serialNumbers = await client.getSerialNumbers();
    assert.deepEqual(
      serialNumbers,
      plain.data.map(({ sn }) => sn),
    );
    const all = await client.getDevices();
    assert.deepEqual(
      all.map(({ sn }) => sn),
      serialNumbers,
    );
    for (const [family, { kind }] of Object.entries(FAMILIES)) {
      const device = all.find(({ sn }) => sn === SN[family]);
      assert.deepEqual(methodsOf(device), methodsOf(devices[family]), kind);
    }
    const credentials = await client.getMqttCredentials();
    assert.match(credentials.certificateAccount, /^open-[0-9a-f]{32}$/);
    assert.ok(credentials.certificatePassword);
    assert.equal(credentials.protocol, 'mqtts');
    assert.equal(credentials.url, new URL(host).hostname);
    assert.ok(Number.isInteger(credentials.port) && credentials.port > 0);
  });

  for (const [family, { kind, calls, quotas }] of Object.entries(FAMILIES)) {
    const device = devices[family];

    test(`${door}: ${kind} has typed properties`, async () => {
      const typed = await device.getProperties();
      assert.ok(Object.keys(typed).length >= quotas, `${Object.keys(typed).length} quotas`);
      const plain = await client.getDevicePropertiesPlain(SN[family]);
      assert.deepEqual(Object.keys(plain.data).sort(), Object.keys(typed).sort());
    });

    test(`${door}: every method of ${kind} is called below`, () => {
      assert.deepEqual(
        calls(0)
          .map(([method]) => method)
          .sort(),
        methodsOf(device).sort(),
      );
    });

    for (const values of round) {
      for (const [method, args, expected] of calls(values)) {
        test(`${door}: ${kind}.${method}(${JSON.stringify(args).slice(1, 60)})`, async () => {
          const answer = await device[method](...args);
          assert.equal(answer.code, '0');
          assert.equal(answer.message, 'Success');
          assert.match(answer.eagleEyeTraceId, /^[0-9a-f]{32}$/);
          assert.equal(answer.tid, '');
          const all = await device.getProperties();
          if (typeof expected === 'function') return expected(all);
          for (const [name, value] of Object.entries(expected ?? {})) {
            assert.deepEqual(all[name], value, name);
          }
        });
      }
    }
  }

  test(`${door}: a set of its own making goes through as well`, async () => {
    const set = {
      sn: SN.delta2,
      id: 123456789,
      version: '1.0',
      moduleType: 2,
      operateType: 'dsgCfg',
      params: { minDsgSoc: 12 },
    };
    assert.equal((await client.setCommandPlain(set)).code, '0');
    assert.equal((await devices.delta2.getProperties())['bms_emsStatus.minDsgSoc'], 12);
  });

  test(`${door}: a device that the client does not know is read as it is`, async () => {
    const all = await client.getDevice('HJ31ZDH2ZF690025').getProperties();
    assert.ok(Object.keys(all).length > 0);
  });

  test(`${door}: an account with a device that no family knows is listed and read`, async () => {
    const own = new RestClient({
      accessKey: UNKNOWN_ACCESS_KEY,
      secretKey: UNKNOWN_SECRET_KEY,
      host,
    });
    const [device] = await own.getDevices();
    assert.equal(device.sn, UNKNOWN_SN);
    assert.deepEqual(await device.getProperties(), { 'own.name': 7 });
  });

  test(`${door}: a wrong secret throws 8521`, async () => {
    const wrong = new RestClient({ accessKey: ACCESS_KEY, secretKey: 'wrong', host });
    for (const call of [
      () => wrong.getDevicesPlain(),
      () => wrong.getDevices(),
      () => wrong.getSerialNumbers(),
      () => wrong.getMqttCredentials(),
      () => wrong.setCommandPlain({ sn: SN.delta2 }),
    ]) {
      await assert.rejects(call, throwsCode(8521, /signature is wrong/));
    }
  });

  test(`${door}: an unknown access key throws 8513`, async () => {
    const wrong = new RestClient({ accessKey: 'nobody', secretKey: SECRET_KEY, host });
    await assert.rejects(() => wrong.getDevicesPlain(), throwsCode(8513, /accessKey is invalid/));
  });

  test(`${door}: a foreign or unknown device throws 8512`, async () => {
    for (const sn of [FOREIGN_SN, 'R331NOTMINE00000']) {
      await assert.rejects(
        () => client.getDevice(sn).setSilentMode(1),
        throwsCode(8512, /no permission to do it/),
      );
      // Its reads are parsed by a schema that knows successes only.
      await assert.rejects(() => client.getDevice(sn).getProperties(), { name: 'ZodError' });
      await assert.rejects(() => client.getDevicePropertiesPlain(sn), { name: 'ZodError' });
    }
  });

  test(`${door}: out of range is refused by the schema, and by the server`, async () => {
    const before = await devices.powerStream.getProperties();
    for (const [call, cmdCode, params] of [
      [
        () => devices.powerStream.setLedBrightness(1024),
        'WN511_SET_BRIGHTNESS_PACK',
        { brightness: 1024 },
      ],
      [
        () => devices.powerStream.setLowerChargingLevel(31),
        'WN511_SET_BAT_LOWER_PACK',
        { lowerLimit: 31 },
      ],
      [
        () => devices.powerStream.setUpperChargingLevel(69),
        'WN511_SET_BAT_UPPER_PACK',
        { upperLimit: 69 },
      ],
      [
        () => devices.powerStream.setLowerChargingLevel('5'),
        'WN511_SET_BAT_LOWER_PACK',
        { lowerLimit: 'five' },
      ],
    ]) {
      await assert.rejects(call, { name: 'ZodError' });
      const [[name, value]] = Object.entries(params);
      await assert.rejects(
        () => client.setCommandPlain({ sn: SN.powerStream, cmdCode, params }),
        throwsCode(
          1008,
          /request fail,please check your params/,
          new RegExp(name),
          new RegExp(String(value)),
        ),
      );
    }
    await assert.rejects(() => devices.delta2.setSilentMode(2), { name: 'ZodError' });
    await assert.rejects(
      () =>
        client.setCommandPlain({
          sn: SN.delta2,
          moduleType: 5,
          operateType: 'quietMode',
          params: { enabled: 2 },
        }),
      throwsCode(1008, /enabled/),
    );
    await assert.rejects(
      () => devices.panel.setChannelCurrentConfiguration({ channel: 0, cur: 5 }),
      { name: 'ZodError' },
    );
    await assert.rejects(
      () =>
        client.setCommandPlain({
          sn: SN.panel,
          operateType: 'TCP',
          params: { cmdSet: 11, id: 20, chNum: 0, cur: 5 },
        }),
      throwsCode(1008, /cur/),
    );
    const after = await devices.powerStream.getProperties();
    for (const name of ['20_1.invBrightness', '20_1.lowerLimit', '20_1.upperLimit']) {
      assert.equal(after[name], before[name], name);
    }
  });

  test(`${door}: a set that names no command throws 1008`, async () => {
    for (const set of [
      { sn: SN.delta2 },
      { sn: SN.delta2, moduleType: 5, operateType: 'noSuch', params: {} },
      { sn: SN.powerStream, cmdCode: 'NO_SUCH', params: {} },
      { sn: SN.panel, operateType: 'TCP', params: { cmdSet: 11, id: 9999 } },
      {},
    ]) {
      await assert.rejects(() => client.setCommandPlain(set), throwsCode(1008));
    }
  });

  test(`${door}: many requests at once are all answered`, async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        i % 4 === 0 ? devices.powerStream.setLedBrightness(i) : devices.delta2.getProperties(),
      ),
    );
    assert.equal(answers.length, 40);
    for (let i = 0; i < 40; i += 4) assert.equal(answers[i].code, '0');
  });
}

test('a path that is not there throws with its status', async () => {
  const client = new RestClient({
    accessKey: ACCESS_KEY,
    secretKey: SECRET_KEY,
    host: `${HTTP}/no`,
  });
  await assert.rejects(() => client.getDevicesPlain(), /Request failed with status 404/);
});
