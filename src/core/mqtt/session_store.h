// Storage for everything that outlives a restart of the server: sessions, the messages that wait in
// them, retained messages, and the identities of publications.
//
// All changes are in the log first (hub/clients/session_changes.h). The store is at the state of
// the record that applied() names, or later, so that the log can be trimmed. Without a log, changes
// come by put(), and those put 250 ms before a kill -9 are usually stored. Thread rule: any
// function from any thread; load() before anything else is served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/platform/platform.h"
#include "journal/journal_reader.h"
#include "mqtt/stored_session.h"
#include "mqtt/stream_table.h"

namespace gridloom::mqtt {

class SessionStore {
 public:
  // Opens the store of a data folder. A damaged one is kept under another name, and a new one is
  // created. kMalformed: it is of a later version.
  [[nodiscard]] static Result<std::unique_ptr<SessionStore>> open(
      const std::filesystem::path& folder);
  SessionStore() = default;
  SessionStore(const SessionStore&) = delete;
  SessionStore& operator=(const SessionStore&) = delete;
  virtual ~SessionStore() = default;  // flushes

  struct Loaded {
    StoredSessions sessions;
    StoredStreams streams;
    std::vector<hub::RetainedChange> retained;
  };
  // Returns the state when the store was opened, plus the changes taken since then; call it once.
  // Rows that cannot be read are reported in the server's log and left out. Fails with the errors
  // of the disk.
  [[nodiscard]] virtual Result<Loaded> load() = 0;
  // Describes what was lost with a damaged store, or with one that is missing although a server has
  // run here before. Empty: nothing.
  [[nodiscard]] virtual std::string loss(bool served_before) const = 0;

  // Adds the changes of a log record; call it in the order of the records. They are in memory until
  // they are stored, a minute later at most.
  virtual void take(std::uint64_t record, std::string_view changes) = 0;
  // The last record whose changes are stored, one number for all partitions.
  [[nodiscard]] virtual journal::Positions applied() const = 0;
  // `tell` is called, on any thread, when applied() has grown. To be set before the first take().
  virtual void on_applied(std::function<void(const journal::Positions& applied)> tell) = 0;

  // Adds changes that no log holds.
  virtual void put(std::string_view changes) = 0;
  // Returns when all changes so far are stored, or cannot be written.
  virtual void flush() = 0;

  struct Health {
    std::string failing{};    // why changes cannot be stored now; empty: no error
    Millis failing_for{};     // how long that has been so, by the steady clock
    std::size_t waiting = 0;  // sessions and messages, in memory until they are stored
    std::size_t waiting_bytes = 0;
  };
  [[nodiscard]] virtual Health health() const = 0;

  // The interface for the hub; it refers to this store.
  [[nodiscard]] virtual hub::SessionKeeper keeper() = 0;
};

}  // namespace gridloom::mqtt
