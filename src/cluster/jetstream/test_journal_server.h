// For tests: one nats-server for all of a program, and slots with a stream of their own there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "jetstream/slot_log.h"
#include "nats/connection.h"
#include "nats/test_server.h"
#include "testing/must.h"

namespace gridloom::journal {

// A server reserves what a stream may have.
inline constexpr std::int64_t kStream_bytes = std::int64_t{16} * 1024 * 1024;

inline nats::TestServers& shared_server() {
  static nats::TestServers server;
  return server;
}
inline std::uint32_t new_slot() {
  static std::uint32_t count = 0;
  return ++count;
}
inline std::string missing_server() {
  return nats::TestServers::program().empty() ? std::string(nats::TestServers::kMissing) : "";
}

// What JournalSuite needs.
class InJetStream {
 public:
  [[nodiscard]] static std::string missing() { return missing_server(); }
  [[nodiscard]] std::unique_ptr<SlotLog> journal(std::uint64_t known) {
    return std::make_unique<SlotLog>(options(known));
  }

 protected:
  [[nodiscard]] SlotLog::Options options(std::uint64_t known) {
    return {.connection = connection_.get(),
            .slot = slot_,
            .revision = ++revision_,
            .node = "n1",
            .known = known,
            .replicas = 1,
            .max_bytes = kStream_bytes};
  }

 private:
  std::unique_ptr<nats::Connection> connection_ =
      must(nats::Connection::open(shared_server().settings(), {}));
  std::uint32_t slot_ = new_slot();
  std::uint64_t revision_ = 0;
};

}  // namespace gridloom::journal
