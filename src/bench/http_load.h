// Load on an HTTP server: persistent connections, each with one GET in flight.
//
// Requests may be signed as apps sign them. A few hundred different requests are signed before the
// run and sent in turn: a signature costs the generator as much as checking it costs the server,
// and the two share the machine.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "bench/benchmark_run.h"
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
  unsigned threads = 1;
  Timing timing;
  pid_t server = 0;
};

// Runs the load. kBadParams, kIo: it could not begin. Later errors are counted: a response other
// than 200, a response to a signed request whose code is not "0", a connection that ends.
[[nodiscard]] Result<Summary> run(const HttpLoad& load);

}  // namespace gridloom::bench
