// Load on an HTTP server: persistent connections, each with one GET or PUT in flight.
//
// With a rate, requests are due at even intervals, any free connection sends the next one, and
// latency counts from the due time, as with MqttLoad.
//
// Requests may be signed as apps sign them. A few hundred different requests are signed before the
// run and sent in turn: a signature costs the generator as much as checking it costs the server,
// and the two share the machine.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "bench/benchmark_run.h"
#include "bench/payload.h"
#include "bench/summary.h"
#include "net/address.h"

namespace gridloom::bench {

struct AccessKey {
  std::string access_key;
  Secret secret_key;
};
// Reads "ACCESSKEY SECRETKEY" from the first line. kIo, kBadParams.
[[nodiscard]] Result<AccessKey> access_key_from(const std::filesystem::path& file);

struct HttpLoad {
  net::Address to;
  std::filesystem::path ca;  // empty: plain TCP
  std::size_t connections = 1;
  std::string path = "/";  // with its query
  AccessKey key;           // empty: unsigned
  // JSON that is PUT, with {sn} for the devices in turn; empty: GET.
  std::string body;
  std::vector<LoadDevice> devices;  // those of `body`
  double rate = 0;  // requests per second over all connections; 0: as fast as they are answered
  unsigned threads = 1;
  Timing timing;
  ServerProcess server;
};

// Runs the load. kBadParams, kIo: it could not begin. Later errors are counted: a response other
// than 200, a response to a signed request whose code is not "0", a connection that ends.
[[nodiscard]] Result<Summary> run(const HttpLoad& load);

}  // namespace gridloom::bench
