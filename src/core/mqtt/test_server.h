// Fixture for tests of persistence: a server in one thread, with two devices of an account "alice",
// that can be stopped and started again. Test-only.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "mqtt/restore.h"
#include "mqtt/session_store.h"
#include "mqtt/session_table.h"
#include "testing/home.h"

namespace gridloom::mqtt {

// A server that can be stopped and started again with the same data.
struct Server {
  explicit Server(const TableLimits& table_limits = {}) : limits(table_limits) {
    home.add_account("alice");
    home.add_device("R331ZEB4ZEAL0528", "alice");
    home.add_device("HJ31ZDH2ZF690025", "alice");
    start();
  }
  ~Server() {
    if (store) stop();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start() {
    store = must(SessionStore::open(home.folder.data()));
    home.platform.sessions = store->keeper();
    table.emplace(limits);
    server.emplace(ServerContext{
        .hub = home.hub.get(), .clock = &home.clock, .sessions = &*table, .limits = wire_limits});
    static_cast<void>(restore(*server, home.loops(), must(store->load())));
    home.settle();
  }
  // Destroys everything of the server that is in memory; the registry stays open.
  void stop() {
    sweep();
    home.settle();
    store->flush();
    home.hub.reset();
    table.reset();
    store.reset();
  }
  void restart() {
    stop();
    start_again();
  }
  void start_again() {
    home.start_hub();
    start();
  }
  // The data that a start would find after a kill -9 now.
  SessionStore::Loaded as_killed() {
    store->flush();
    const auto copy = home.folder.path() / "copy";
    std::filesystem::create_directories(copy);
    for (const char* name : {"sessions.db", "sessions.db-wal"}) {
      std::filesystem::copy(home.folder.data() / name, copy / name);
    }
    return must(must(SessionStore::open(copy))->load());
  }
  void sweep() {
    table->sweep(home.client_loop, home.clock.now());
    for (const auto& loop : home.shard_loops) table->sweep(*loop, home.clock.now());
    home.settle();
  }
  void pass(std::chrono::seconds time) {
    home.pass(Millis(time));
    sweep();
  }

  TestHome home;
  TableLimits limits;
  wire::mqtt::MqttLimits wire_limits;
  std::unique_ptr<SessionStore> store;
  std::optional<SessionTable> table;
  std::optional<ServerContext> server;
};

}  // namespace gridloom::mqtt
