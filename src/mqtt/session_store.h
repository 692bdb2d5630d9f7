// What outlives a restart of the server: sessions, the messages that wait in them, retained
// messages, and what identifies publications. SQLite, written on a thread of its own, about
// a megabyte a transaction; docs/internals/formats.md shows the tables.
//
// All of it is in the log first (hub/session_changes.h) and stands here as of the record that
// applied() names, or later, so that the log can be trimmed: what is done with soon is never
// written here. Where there is no log, changes come by put(), and what was put 250 ms before a
// kill -9 usually is on disk. Messages and subscriptions are kept as the MQTT 5 packets that say
// the same.
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
#include "mqtt/stored_session.h"
#include "mqtt/stream_table.h"

namespace gridloom::mqtt {

class SessionStore {
 public:
  // Makes sessions.db in `folder` if there is none, or if it is damaged: that one is kept under
  // another name. kMalformed: it is of a later version.
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
  // What there was when it was opened, and what the log said since; once. Rows that cannot be read
  // are reported in the log and left out. Fails as its file does.
  [[nodiscard]] Result<Loaded> load();
  // What was lost with a damaged file, or with one that is not there although a server has run here
  // before; in words. Empty: nothing.
  [[nodiscard]] std::string loss(bool served_before) const;

  // Changes that a record of the log holds, in the order of the records. They are in memory until
  // they are stored, a minute later at most.
  void take(std::uint64_t record, std::string_view changes);
  // The last record whose changes are stored.
  [[nodiscard]] std::uint64_t applied() const;
  // Called, on any thread, when applied() has grown. Before the first take().
  void on_applied(std::function<void(std::uint64_t record)> tell);

  // Changes that no log holds.
  void put(std::string_view changes);
  // Returns when everything put so far is on disk, or cannot be written.
  void flush();

  // For the hub.
  [[nodiscard]] hub::SessionKeeper keeper();

 private:
  struct Impl;
  explicit SessionStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::mqtt
