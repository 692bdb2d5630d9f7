// Fixture for crash tests: a server in one thread whose log is written to disk only when the test
// says so. A crash preserves the log only: a new server is made from its records. Test-only.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "hub/clients/test_log.h"
#include "mqtt/restore.h"
#include "mqtt/session_store.h"
#include "mqtt/session_table.h"
#include "mqtt/test_peer.h"

namespace gridloom::mqtt {

class CrashTest : public testing::Test {
 protected:
  CrashTest() {
    home.platform.journal = &log;
    start();
  }
  ~CrashTest() override {
    stop();
    home.platform.journal = nullptr;
  }

  void start() {
    folder.emplace();
    store = must(SessionStore::open(folder->path()));
    home.platform.sessions = store->keeper();
    for (const hub::TestLog::Record& record : log.safe) take(record);
    table.emplace(TableLimits{});
    server.emplace(ServerContext{.hub = home.hub.get(), .clock = &home.clock, .sessions = &*table});
    EXPECT_EQ(restore(*server, home.loops(), must(store->load())), 0U);
    home.settle();
  }
  void stop() {
    home.settle();
    home.hub.reset();
    table.reset();
    store.reset();
  }
  void take(const hub::TestLog::Record& record) {
    const std::string_view changes = record.session_changes();
    if (!changes.empty()) store->take(record.sequence, changes);
  }
  // Writes everything so far to disk.
  void commit() {
    home.settle();
    while (!log.waiting.empty()) {
      for (hub::TestLog::Record& record : std::exchange(log.waiting, {})) {
        take(record);
        if (Task durable = std::exchange(record.durable, {})) durable();
        log.safe.push_back(std::move(record));
      }
      home.settle();
    }
  }
  // Drops everything that is not on disk, without any notification. `end_peers` ends the
  // connections, whose end would write more records.
  void kill(const std::function<void()>& end_peers) {
    log.waiting.clear();
    end_peers();
    log.waiting.clear();
    stop();
    home.start_hub();
    start();
  }

  TestHome home{1};
  hub::TestLog log;
  std::optional<TemporaryFolder> folder;
  std::unique_ptr<SessionStore> store;
  std::optional<SessionTable> table;
  std::optional<ServerContext> server;
};

}  // namespace gridloom::mqtt
