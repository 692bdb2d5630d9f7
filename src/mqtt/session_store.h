// Storage for everything that outlives a restart of the server: sessions, the messages that wait in
// them, retained messages, and the identities of publications. SQLite, written on its own thread,
// about a megabyte per transaction; docs/internals/formats.md shows the tables.
//
// All changes are in the log first (hub/session_changes.h). The file is at the state of the record
// that applied() names, or later, so that the log can be trimmed: short-lived data are never
// written here. Without a log, changes come by put(), and those put 250 ms before a kill -9 are
// usually on disk. Messages and subscriptions are stored as equivalent MQTT 5 packets.
// Thread rule: any function from any thread; load() before anything else is served.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/platform.h"
#include "journal/positions.h"
#include "mqtt/stored_session.h"
#include "mqtt/stream_table.h"

namespace gridloom::mqtt {

class SessionStore {
 public:
  // Creates sessions.db in `folder` if there is none, or if it is damaged: the damaged file is kept
  // under another name. kMalformed: the file is of a later version.
  [[nodiscard]] static Result<std::unique_ptr<SessionStore>> open(
      const std::filesystem::path& folder);
  ~SessionStore();  // flushes
  SessionStore(const SessionStore&) = delete;
  SessionStore& operator=(const SessionStore&) = delete;

  struct Loaded {
    StoredSessions sessions;
    StoredStreams streams;
    std::vector<hub::RetainedChange> retained;
  };
  // Returns the state when the file was opened, plus the changes of the log since then; call it
  // once. Rows that cannot be read are reported in the server's log and left out. Fails with the
  // file's errors.
  [[nodiscard]] Result<Loaded> load();
  // Describes what was lost with a damaged file, or with one that is missing although a server has
  // run here before. Empty: nothing.
  [[nodiscard]] std::string loss(bool served_before) const;

  // Adds the changes of a log record; call it in the order of the records. They are in memory until
  // they are stored, a minute later at most.
  void take(std::uint64_t record, std::string_view changes);
  // The last record whose changes are stored, one number for all partitions.
  [[nodiscard]] journal::Positions applied() const;
  // `tell` is called, on any thread, when applied() has grown. To be set before the first take().
  void on_applied(std::function<void(const journal::Positions& applied)> tell);

  // Adds changes that no log holds.
  void put(std::string_view changes);
  // Returns when all changes so far are on disk, or cannot be written.
  void flush();

  // The interface for the hub.
  [[nodiscard]] hub::SessionKeeper keeper();

 private:
  struct Impl;
  explicit SessionStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::mqtt
