// Load of sets, from end to end: apps PUT them over HTTP, and devices of the same program answer
// them over MQTT. An operation is a set whose HTTP response has the device's reply.
#pragma once

#include "base/result.h"
#include "bench/http_load.h"
#include "bench/summary.h"
#include "net/address.h"

namespace gridloom::bench {

struct SetLoad {
  HttpLoad http;      // its body is the set, its devices are those that answer
  net::Address mqtt;  // where the devices connect, with the same TLS as `http`
};

// Runs the load. kBadParams, kIo, kUnknownKey: it could not begin; kIo, kMalformed: a device could
// not answer. Errors of HTTP are counted.
[[nodiscard]] Result<Summary> run(const SetLoad& load);

}  // namespace gridloom::bench
