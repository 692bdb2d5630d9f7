import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';
import type {ActiveError, DeviceEvent, Home, HomeDevice, Severity} from '../../api/types.ts';
import {pastAlarms} from '../../pages/past_alarms.ts';
import {alarms, home, worstFirst} from '../../store/home.ts';
import {deviceOf} from '../fakes.ts';

const fault = (
  field: string,
  since: number | null = 5,
  severity: Severity = 'fault',
): ActiveError => ({
  field,
  severity,
  title: field,
  value: 1,
  text: '1',
  since,
});
const show = (...devices: HomeDevice[]) => {
  home.value = {devices} as unknown as Home;
};

/** The browser's storage, of which the page uses two functions. */
const stored = new Map<string, string>();
globalThis.localStorage = {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
} as unknown as Storage;
// It reads what is stored when it is loaded.
const {acknowledge, isAcknowledged, unseenAlarms} = await import('../../store/acknowledged.ts');

beforeEach(() => {
  show();
});

test('faults come first, then devices without contact, then warnings', () => {
  show(
    deviceOf('A', {faults: [fault('a', 5, 'warning')]}),
    deviceOf('B', {state: 'offline'}),
    deviceOf('C', {faults: [fault('inv.errCode')]}),
  );
  assert.deepEqual(
    alarms.value.map(({device, severity}) => `${device} ${severity}`),
    ['C fault', 'B silent', 'A warning'],
  );
});

test('the faults of a device stand before its warnings, each in the order of its fields', () => {
  const list = [fault('a', 1, 'warning'), fault('b'), fault('warnCode'), fault('c', 1, 'warning')];
  assert.deepEqual(
    worstFirst(list).map(({field}) => field),
    ['b', 'warnCode', 'a', 'c'],
  );
  assert.equal(list[0]!.field, 'a', 'the list itself stays');
});

test('an alarm that is acknowledged stays, and asks for attention only when it begins again', () => {
  show(deviceOf('A', {faults: [fault('errCode', 5), fault('fan', 6)]}));
  acknowledge(alarms.value[0]!, true);
  assert.equal(alarms.value.length, 2);
  assert.equal(isAcknowledged(alarms.value[0]!), true);
  assert.deepEqual(
    unseenAlarms.value.map(({field}) => field),
    ['fan'],
  );
  assert.deepEqual(JSON.parse(stored.get('acknowledged')!), ['A errCode 5']);

  show(deviceOf('A', {faults: [fault('errCode', 9)]}));
  assert.equal(unseenAlarms.value.length, 1);
  // The one that is over is forgotten with the next one.
  acknowledge(alarms.value[0]!, true);
  assert.deepEqual(JSON.parse(stored.get('acknowledged')!), ['A errCode 9']);
  acknowledge(alarms.value[0]!, false);
  assert.equal(unseenAlarms.value.length, 1);
});

test('past alarms have begin and end: faults, and times without contact', () => {
  const events: DeviceEvent[] = [
    {sn: 'A', at: 90, kind: 'online'},
    {sn: 'B', at: 80, kind: 'offline'},
    {
      sn: 'A',
      at: 70,
      kind: 'fault.ended',
      field: 'iceAlert',
      severity: 'warning',
      title: 'Hot',
      text: '1',
      since: 60,
    },
    {sn: 'A', at: 50, kind: 'offline'},
    {sn: 'B', at: 40, kind: 'online'}, // the log does not know since when
    {sn: 'A', at: 30, kind: 'fault.ended', field: 'err', severity: 'fault'},
  ];
  assert.deepEqual(
    pastAlarms(events).map(({sn, severity, from, to}) => [sn, severity, from, to]),
    [
      ['A', 'silent', 50, 90],
      ['A', 'warning', 60, 70],
      ['A', 'fault', 30, 30],
    ],
  );
});
