// Load on an HTTP server: connections that stay open, each with one GET in flight.
//
// Requests may be signed as apps sign them. They are signed before the run, a few hundred different
// ones that are sent in turn: a signature costs the generator as much as it costs the server to
// check it, and they share the machine.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "bench/course.h"
#include "bench/summary.h"
#include "net/address.h"

namespace gridloom::bench {

struct AccessKey {
  std::string access_key;
  Secret secret_key;
};
// "ACCESSKEY SECRETKEY" in the first line. kIo, kBadParams.
[[nodiscard]] Result<AccessKey> access_key_from(const std::filesystem::path& file);

struct HttpLoad {
  net::Address to;
  std::filesystem::path ca;  // empty: plain
  std::size_t connections = 1;
  std::string path = "/";  // with its query
  AccessKey key;           // empty: unsigned
  unsigned threads = 1;
  Timing timing;
  pid_t server = 0;
};

// Runs it. kBadParams, kIo: it could not begin. What fails later is counted: an answer other than
// 200, to a signed request one whose code is not "0", a connection that ends.
[[nodiscard]] Result<Summary> run(const HttpLoad& load);

}  // namespace gridloom::bench
