// Load of sets, from end to end: apps PUT them over HTTP, and devices of the same program answer
// them over MQTT. An operation is a set whose HTTP response has the device's reply.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/http_load.h"
#include "bench/payload.h"
#include "bench/summary.h"
#include "net/address.h"

namespace gridloom::bench {

// Devices that do nothing but answer sets: each connects, subscribes to its sets, and acknowledges
// each at once with a reply of QoS 1. They are the other end of a load of sets over HTTP, in a
// thread of their own.
// The reply to the payload of a set: its `id`, `version` 1.0 and an `ack` of 0. kMalformed: the
// payload is not a JSON object with an id.
[[nodiscard]] Result<std::string> reply_to(std::string_view set);

class SetResponder {
 public:
  struct Options {
    net::Address to;           // the server's MQTT listener
    std::filesystem::path ca;  // empty: plain TCP
    std::vector<LoadDevice> devices;
  };

  // Blocks until all devices are subscribed. kIo, kUnknownKey, kNoPermission: one is not.
  [[nodiscard]] static Result<std::unique_ptr<SetResponder>> start(const Options& options);
  // Disconnects the devices.
  ~SetResponder();
  SetResponder(const SetResponder&) = delete;
  SetResponder& operator=(const SetResponder&) = delete;

  // The first error since the start: a connection that was lost, a set that could not be answered.
  // Any thread.
  [[nodiscard]] Status outcome() const;

 private:
  class Worker;
  explicit SetResponder(std::unique_ptr<Worker> worker);

  std::unique_ptr<Worker> worker_;
};

struct SetLoad {
  HttpLoad http;      // its body is the set, its devices are those that answer
  net::Address mqtt;  // where the devices connect, with the same TLS as `http`
};

// Runs the load. kBadParams, kIo, kUnknownKey: it could not begin; kIo, kMalformed: a device could
// not answer. Errors of HTTP are counted.
[[nodiscard]] Result<Summary> run(const SetLoad& load);

}  // namespace gridloom::bench
