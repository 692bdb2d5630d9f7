// What outlives a restart of the server: sessions that wait for their client, the messages that
// wait with them, and retained messages. SQLite, written on a thread of its own, many changes a
// transaction; docs/internals/formats.md shows the tables.
//
// What identifies publications (hub/session_changes.h) is in the log first; here it stands as of
// the record that applied() names, so that the log can be trimmed.
//
// Promise: what was put before flush() returns is on disk, and what was put 250 ms before a kill -9
// usually is; nothing waits for it. Messages and subscriptions are kept as the MQTT 5 packets that
// say the same.
// Thread rule: any function from any thread; load() before the first put().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/hub.h"
#include "mqtt/stream_table.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

struct StoredSession {
  std::int64_t number = 0;  // of all sessions there ever were
  std::string user;
  // Whose session it is, by hub::number_of, and the generation of what it signed in with. 0: not
  // known, as version 1 kept neither.
  std::int64_t signed_in_as = 0;
  std::int64_t generation = 0;
  std::string client_id;
  std::uint32_t expiry_s = 0;
  std::optional<TimePoint> parked_at{};  // none: it had a connection
  std::vector<hub::Subscription> subscriptions{};
  std::vector<std::uint16_t> received{};
  std::optional<wire::mqtt::Will> will{};
  std::optional<TimePoint> will_due{};
  std::vector<wire::mqtt::Outbox::Kept> messages{};  // filled by load() alone
};
using StoredSessions = std::vector<StoredSession>;

struct PutSession {
  StoredSession session;
};
struct DropSession {
  std::int64_t number = 0;
};
struct PutMessage {
  std::int64_t session = 0;
  wire::mqtt::Outbox::Kept kept;
};
struct DropMessage {
  std::int64_t session = 0;
  std::uint64_t sequence = 0;
};
using StoreChange = std::variant<PutSession, DropSession, PutMessage, DropMessage>;

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
  // What there was when it was opened; once. Rows that cannot be read were reported in the log and
  // left out.
  [[nodiscard]] Loaded load();
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

  void put(StoreChange change);
  // Of a topic's changes that are not yet written the last one counts.
  void put(hub::RetainedChange change);
  // The disk does not keep up: whoever can wait puts nothing now.
  [[nodiscard]] bool behind() const;
  // Returns when everything put so far is on disk, or cannot be written.
  void flush();

  // For a new session; never given twice, over restarts too.
  [[nodiscard]] std::int64_t next_number();

 private:
  struct Impl;
  explicit SessionStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::mqtt
