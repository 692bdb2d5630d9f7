// Load on an MQTT server: many devices that publish, and optionally subscribers that count.
//
// With a window of one, a device publishes its next message when the last one is acknowledged. With
// a rate, messages are due at even intervals, any free connection sends the next one, and latency
// counts from the due time: a server that stalls is charged for the messages that had to wait. In
// turn, a single message is on its way at any time, so what the server does for it depends on no
// schedule.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/benchmark_run.h"
#include "bench/payload.h"
#include "bench/summary.h"
#include "net/address.h"
#include "wire/mqtt/protocol.h"
#include "wire/topics.h"

namespace gridloom::bench {

struct MqttLoad {
  struct Subscriber {
    std::size_t connections = 1;  // each with the same filter; all in the first thread
    std::string filter;
    wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
    std::string user;
    std::string password;
  };

  // The connections are divided among them in turn; those that subscribe are at the first.
  std::vector<net::Address> to;
  std::filesystem::path ca;  // empty: plain TCP
  std::size_t connections = 1;
  std::vector<LoadDevice> devices;  // at least as many as connections
  std::string user = "{sn}";
  std::string password = "{key}";
  std::string topic = wire::make_device_topic("{sn}", wire::Verb::kQuota);
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtLeastOnce;
  std::size_t window = 1;  // of each connection; has no effect with QoS 0
  double rate = 0;  // messages per second over all connections; 0: as fast as they are accepted
  // A device publishes when the message before is acknowledged and every subscriber has it. For one
  // thread, without a rate.
  bool in_turn = false;
  std::vector<std::string> payloads;
  std::optional<Subscriber> subscriber;
  unsigned threads = 1;
  Timing timing;
  ServerProcess server;
};

// Runs the load. kBadParams, kIo, kUnknownKey: it could not begin. Later errors are counted.
[[nodiscard]] Result<Summary> run(const MqttLoad& load);

}  // namespace gridloom::bench
