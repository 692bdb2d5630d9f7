// The npm client `mqtt` through every door that MQTT has, in 3.1.1 and in 5: TCP, TLS, WebSocket
// and WebSocket over TLS. It sends a CONNECT as a dozen WebSocket frames, which is a test by itself.
//
// mqtt_js_test.py starts the server and says where it is by environment. Nothing waits here: every
// step awaits the packet that shows it done.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import mqtt from 'mqtt';

const { MQTT, MQTTS, WS, WSS, ACCOUNT, PASSWORD, DEVICE_SN, DEVICE_KEY } = process.env;
const DELTA_2 = 'R331ZEB4ZEAL0528';
const PATIENCE_MS = 20_000;
const DOORS = { TCP: MQTT, TLS: MQTTS, WebSocket: WS, 'WebSocket over TLS': WSS };

const within = (promise, what) => {
  let timer;
  const late = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`still waiting for ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

// A connected client that keeps what comes until a test asks for it.
class Talk {
  #kept = [];
  #asked = [];

  static async open(url, settings) {
    const client = mqtt.connect(url, {
      username: ACCOUNT,
      password: PASSWORD,
      reconnectPeriod: 0,
      connectTimeout: PATIENCE_MS,
      ...settings,
    });
    const talk = new Talk(client);
    const [connack] = await within(once(client, 'connect'), `CONNACK from ${url}`);
    talk.connack = connack;
    return talk;
  }

  constructor(client) {
    this.client = client;
    client.on('message', (topic, payload, packet) => {
      this.#kept.push({ topic, payload, packet });
      this.#asked = this.#asked.filter((ask) => !ask());
    });
  }

  // The first message on `topic` that `where` likes.
  message(topic, where = () => true) {
    const look = () => {
      const at = this.#kept.findIndex((each) => each.topic === topic && where(each));
      return at < 0 ? undefined : this.#kept.splice(at, 1)[0];
    };
    return within(
      new Promise((found) => {
        const ask = () => {
          const message = look();
          if (message) found(message);
          return message !== undefined;
        };
        if (!ask()) this.#asked.push(ask);
      }),
      `a message on ${topic}`,
    );
  }

  async reply(topic, id) {
    const { payload } = await this.message(
      topic,
      (each) => String(JSON.parse(each.payload).id) === String(id),
    );
    return JSON.parse(payload);
  }

  end() {
    return this.client.endAsync();
  }
}

const topicOf = (verb, sn = DELTA_2) => `/open/${ACCOUNT}/${sn}/${verb}`;
let lastId = 1000;

for (const [door, url] of Object.entries(DOORS)) {
  for (const protocolVersion of [4, 5]) {
    const where = `${door}, version ${protocolVersion}`;
    const open = (settings) => Talk.open(url, { protocolVersion, ...settings });

    test(`${where}: status, a set and its reply, everything read at once`, async () => {
      const app = await open();
      const granted = await app.client.subscribeAsync(
        ['status', 'set_reply', 'get_reply', 'quota'].map((verb) => topicOf(verb)),
        { qos: 1 },
      );
      assert.deepEqual(
        granted.map(({ qos }) => qos),
        [1, 1, 1, 1],
      );
      const status = await app.message(topicOf('status'));
      assert.equal(JSON.parse(status.payload).params.status, 1);
      assert.equal(status.packet.retain, true);

      const id = ++lastId;
      const set = { id, version: '1.0', moduleType: 5, operateType: 'quietMode' };
      await app.client.publishAsync(
        topicOf('set'),
        JSON.stringify({ ...set, params: { enabled: id % 2 } }),
        { qos: 1 },
      );
      assert.equal((await app.reply(topicOf('set_reply'), id)).data.ack, 0);

      await app.client.publishAsync(
        topicOf('get'),
        JSON.stringify({ id: id + 5000, version: '1.0', operateType: 'latestQuotas' }),
        { qos: 1 },
      );
      const { data } = await app.reply(topicOf('get_reply'), id + 5000);
      assert.equal(data.sn, DELTA_2);
      assert.equal(data.quotaMap['mppt.beepState'], id % 2);
      assert.ok(Object.keys(data.quotaMap).length >= 160);
      await app.client.unsubscribeAsync(topicOf('quota'));
      await app.end();
    });

    test(`${where}: a device's report of 200 KB reaches its app as it was`, async () => {
      const app = await open();
      await app.client.subscribeAsync(topicOf('quota', DEVICE_SN), { qos: 1 });
      const device = await open({ username: DEVICE_SN, password: DEVICE_KEY });
      const text = JSON.stringify({ params: { 'a.long.text': 'x'.repeat(200_000), n: ++lastId } });
      await device.client.publishAsync(`/device/${DEVICE_SN}/quota`, text, { qos: 1 });
      const { payload } = await app.message(topicOf('quota', DEVICE_SN));
      assert.equal(payload.toString(), text);
      await device.end();
      await app.end();
    });

    test(`${where}: a connection that is lost is made again, with its subscriptions`, async () => {
      const app = await open({ reconnectPeriod: 1 });
      await app.client.subscribeAsync(topicOf('status'), { qos: 1 });
      await app.message(topicOf('status'));
      const again = once(app.client, 'connect');
      app.client.stream.destroy();
      await within(again, 'the second CONNACK');
      await app.message(topicOf('status'));
      await app.end();
    });

    test(`${where}: a wrong password is refused by its code`, async () => {
      const client = mqtt.connect(url, {
        protocolVersion,
        username: ACCOUNT,
        password: 'wrong',
        reconnectPeriod: 0,
      });
      const [error] = await within(once(client, 'error'), 'the refusal');
      assert.equal(error.code, protocolVersion === 5 ? 134 : 4);
      await client.endAsync(true);
    });

    test(`${where}: a topic of another's is refused by its code`, async () => {
      const app = await open();
      const packet = once(app.client, 'packetreceive');
      const refused = app.client.subscribeAsync('/open/somebody/else/quota', { qos: 1 });
      const [suback] = await within(packet, 'SUBACK');
      assert.deepEqual(suback.granted, [protocolVersion === 5 ? 135 : 128]);
      await refused.catch(() => {});
      await app.end();
    });
  }
}
