// The npm client `mqtt` as a client that a test drives; driver.py tells the language.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';

const SCHEMES = { mqtt: 'mqtt', mqtts: 'mqtts', http: 'ws', https: 'wss' };
const clients = new Map();

const say = (client, event, facts) =>
  process.stdout.write(`${JSON.stringify({ client, event, ...facts })}\n`);

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

// "response-topic" is responseTopic here; user properties are an object of texts or lists.
const propertiesOf = (given) => {
  const made = {};
  for (const [name, value] of Object.entries(given ?? {})) {
    if (name === 'user-property') {
      made.userProperties = {};
      for (const [key, text] of value) (made.userProperties[key] ??= []).push(text);
    } else if (name === 'correlation-data') {
      made.correlationData = Buffer.from(value);
    } else if (name === 'payload-format-indicator') {
      made.payloadFormatIndicator = value === 1;
    } else {
      made[camel(name)] = value;
    }
  }
  return made;
};

const told = (properties) => {
  const found = {};
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name === 'userProperties') {
      found['user-property'] = Object.entries(value).flatMap(([key, texts]) =>
        [texts].flat().map((text) => [key, text]),
      );
    } else if (name === 'subscriptionIdentifier') {
      found['subscription-identifier'] = [value].flat();
    } else if (value !== undefined) {
      found[kebab(name)] = Buffer.isBuffer(value) ? value.toString() : value;
    }
  }
  if ('payload-format-indicator' in found) {
    found['payload-format-indicator'] = Number(found['payload-format-indicator']);
  }
  return found;
};

const answer = (client, n, event, factsOf) => (error, packet, ...more) => {
  // An error with a code is the server's answer; one without is mqtt.js' own.
  if (error && error.code === undefined) return say(client, 'refused', { n, why: error.message });
  const from = packet ?? error?.packet;
  return say(client, event, { n, properties: told(from?.properties), ...factsOf(from, error, more) });
};

const verbs = {
  open({ client, ...command }) {
    const { place, door, version, user, password, id, clean, keepalive, reconnect, will } = command;
    const made = mqtt.connect({
      protocol: SCHEMES[door],
      host: place[0],
      port: place[1],
      path: '/mqtt',
      ca: readFileSync(command.ca),
      wsOptions: { ca: readFileSync(command.ca) },
      protocolVersion: version,
      username: user,
      password,
      clientId: id,
      clean,
      keepalive,
      reconnectPeriod: reconnect ? 50 : 0,
      resubscribe: false,
      connectTimeout: 20_000,
      properties: version === 5 ? propertiesOf(command.properties) : undefined,
      will: will && {
        ...will,
        payload: Buffer.from(will.payload),
        properties: version === 5 ? propertiesOf(will.properties) : undefined,
      },
      timerVariant: 'native',
    });
    clients.set(client, made);
    // mqtt.js reads nothing more while handleMessage() waits, so the acknowledgement itself is kept.
    const withheld = [];
    let held = false;
    const send = made._sendPacket.bind(made);
    made._sendPacket = (packet, done, ...more) => {
      if (!held || !['puback', 'pubrec'].includes(packet.cmd)) return send(packet, done, ...more);
      withheld.push(packet);
      done?.();
    };
    made.hold = () => (held = true);
    made.goOn = () => {
      held = false;
      for (const packet of withheld.splice(0)) send(packet);
    };
    made.on('connect', (packet) =>
      say(client, 'connected', {
        code: packet.reasonCode ?? packet.returnCode,
        present: packet.sessionPresent,
        properties: told(packet.properties),
      }),
    );
    let closing = {};
    made.on('disconnect', ({ reasonCode, properties }) => {
      closing = { code: reasonCode, properties: told(properties) };
    });
    made.on('close', () => {
      say(client, 'closed', closing);
      closing = {};
    });
    made.on('error', (error) => {
      if (error.code > 0 && error.code < 256) {
        // A CONNACK that refuses; the packet itself was told by packetreceive.
        say(client, 'connected', { code: error.code, present: false, properties: made.refusal });
      } else {
        say(client, 'failed', { why: `${error.code ?? ''} ${error.message}` });
      }
    });
    made.on('packetreceive', (packet) => {
      if (packet.cmd === 'connack') made.refusal = told(packet.properties);
    });
    made.on('message', (topic, payload, packet) =>
      say(client, 'message', {
        topic,
        payload: payload.toString(),
        qos: packet.qos,
        retain: packet.retain,
        dup: packet.dup,
        properties: told(packet.properties),
      }),
    );
  },

  subscribe({ client, n, filters, qos, noLocal, asPublished, handling, properties }) {
    const of = clients.get(client);
    const options = { qos };
    if (of.options.protocolVersion === 5) {
      Object.assign(options, { nl: noLocal, rap: asPublished, rh: handling });
      options.properties = propertiesOf(properties);
    }
    // The callback tells granted QoS only, so the SUBACK itself is looked at.
    let suback;
    const look = (packet) => {
      if (packet.cmd === 'suback') suback = packet;
    };
    of.on('packetreceive', look);
    of.subscribe(filters, options, (error) => {
      of.off('packetreceive', look);
      if (!suback) return say(client, 'refused', { n, why: error?.message });
      say(client, 'subscribed', {
        n,
        codes: suback.granted,
        properties: told(suback.properties),
      });
    });
  },

  unsubscribe({ client, n, filters }) {
    clients.get(client).unsubscribe(
      filters,
      answer(client, n, 'unsubscribed', (packet) => ({ codes: packet?.granted })),
    );
  },

  publish({ client, n, topic, payload, qos, retain, properties }) {
    const of = clients.get(client);
    const options = { qos, retain };
    if (of.options.protocolVersion === 5) options.properties = propertiesOf(properties);
    of.publish(
      topic,
      payload,
      options,
      answer(client, n, 'published', (packet, error) => ({
        code: error?.code ?? packet?.reasonCode ?? 0,
      })),
    );
  },

  leave({ client, reason, properties }) {
    const of = clients.get(client);
    const five = of.options.protocolVersion === 5;
    of.end(false, five ? { reasonCode: reason, properties: propertiesOf(properties) } : {});
  },

  drop({ client }) {
    clients.get(client).stream.destroy();
  },

  forget({ client }) {
    clients.get(client).end(true);
    clients.delete(client);
  },

  hold({ client }) {
    clients.get(client).hold();
  },

  go_on({ client }) {
    clients.get(client).goOn();
  },
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const command = JSON.parse(line);
  verbs[command.do](command);
});
lines.on('close', () => {
  for (const client of clients.values()) client.end(true);
});
