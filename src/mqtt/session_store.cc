#include "mqtt/session_store.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "mqtt/stored_packets.h"
#include "registry/sqlite.h"

namespace gridloom::mqtt {
namespace {

using registry::Blob;
using registry::Database;
using registry::Statement;
using registry::Transaction;
using wire::mqtt::Outbox;

constexpr std::int64_t kVersion = 2;
constexpr std::string_view kWhatIsLost =
    "MQTT sessions, the messages that waited in them, and retained messages are lost";
constexpr std::size_t kMostChanges = 20'000;  // in memory, before behind() says so
constexpr Millis kErrorsEvery{60'000};
constexpr Millis kAgainAfter{1000};  // a failure
// Between two times that streams are stored. Until then the log has their changes.
constexpr std::chrono::minutes kStreamsEvery{1};

// Times are ms since 1970, 0: none. `stage` is Outbox::Stage.
constexpr std::string_view kTables = R"(
CREATE TABLE session (
  number INTEGER PRIMARY KEY,
  user TEXT NOT NULL,
  client_id TEXT NOT NULL,
  expiry_s INTEGER NOT NULL,
  parked_at INTEGER NOT NULL,
  subscriptions BLOB NOT NULL,
  received BLOB NOT NULL,
  will BLOB NOT NULL,
  will_due INTEGER NOT NULL,
  will_expiry_s INTEGER NOT NULL,
  signed_in_as INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE message (
  session INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  packet_id INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  packet BLOB NOT NULL,
  PRIMARY KEY (session, sequence)
) STRICT;
CREATE TABLE retained (
  topic TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  packet BLOB NOT NULL,
  device INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE last (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL
) STRICT;
INSERT INTO last VALUES (1, 0);
)";
// Version 2 has these as well.
constexpr std::string_view kTablesOfVersion2 = R"(
CREATE TABLE stream (
  number INTEGER PRIMARY KEY,
  user TEXT NOT NULL,
  client_id TEXT NOT NULL,
  receipts BLOB NOT NULL
) STRICT;
CREATE TABLE applied (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  record INTEGER NOT NULL
) STRICT;
INSERT INTO applied VALUES (1, 0);
)";

const std::string kAllTables = std::string(kTables) + std::string(kTablesOfVersion2);

// What the tables of version 1 lack: whose a session and a retained message are, by number. 0: not
// known.
constexpr std::string_view kFromVersion1 = R"(
ALTER TABLE session ADD COLUMN signed_in_as INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE retained ADD COLUMN device INTEGER NOT NULL DEFAULT 0;
)";

std::int64_t stored(const std::optional<TimePoint>& time) { return time ? unix_ms(*time) : 0; }
std::optional<TimePoint> time_of(std::int64_t stored_ms) {
  return stored_ms == 0 ? std::nullopt : std::optional(TimePoint(Millis(stored_ms)));
}

std::string bytes_of(const std::vector<std::uint16_t>& ids) {
  std::string bytes;
  for (const std::uint16_t id : ids) {
    bytes.push_back(static_cast<char>(id >> 8U));
    bytes.push_back(static_cast<char>(id & 0xFFU));
  }
  return bytes;
}
std::vector<std::uint16_t> ids_in(std::string_view bytes) {
  std::vector<std::uint16_t> ids;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto high = static_cast<unsigned char>(bytes[i]);
    const auto low = static_cast<unsigned char>(bytes[i + 1]);
    ids.push_back(static_cast<std::uint16_t>(high << 8U | low));
  }
  return ids;
}

Status write(Database& database, const PutSession& put) {
  const StoredSession& session = put.session;
  std::string will;
  if (session.will) {
    will = packet_of(session.will->message,
                     {.qos = session.will->qos, .retain = session.will->retain});
  }
  return database.execute(
      "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", session.number,
      std::string_view(session.user), std::string_view(session.client_id),
      std::int64_t{session.expiry_s}, stored(session.parked_at),
      Blob{packets_of(session.subscriptions)}, Blob{bytes_of(session.received)}, Blob{will},
      stored(session.will_due),
      session.will && session.will->expiry_s ? std::int64_t{*session.will->expiry_s}
                                             : std::int64_t{-1},
      session.signed_in_as, session.generation);
}

Status write(Database& database, const DropSession& drop) {
  Status status = database.execute("DELETE FROM session WHERE number = ?", drop.number);
  if (!status) return status;
  return database.execute("DELETE FROM message WHERE session = ?", drop.number);
}

Status write(Database& database, const PutMessage& put) {
  const Outbox::Entry& entry = put.kept.entry;
  std::string packet;
  std::optional<TimePoint> expires_at;
  if (entry.message) {
    packet = packet_of(
        *entry.message,
        {.qos = entry.qos, .retain = entry.retain, .subscription_ids = entry.subscription_ids});
    expires_at = entry.message->expires_at;
  }
  return database.execute("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)", put.session,
                          static_cast<std::int64_t>(entry.sequence),
                          static_cast<std::int64_t>(put.kept.stage),
                          std::int64_t{put.kept.packet_id}, stored(expires_at), Blob{packet});
}

Status write(Database& database, const DropMessage& drop) {
  return database.execute("DELETE FROM message WHERE session = ? AND sequence = ?", drop.session,
                          static_cast<std::int64_t>(drop.sequence));
}

Status write(Database& database, const hub::RetainedChange& change) {
  if (!change.message) {
    return database.execute("DELETE FROM retained WHERE topic = ?", std::string_view(change.topic));
  }
  return database.execute("INSERT OR REPLACE INTO retained VALUES (?, ?, ?, ?)",
                          std::string_view(change.topic), stored(change.message->expires_at),
                          Blob{packet_of(*change.message, {.qos = change.qos, .retain = true})},
                          change.device);
}

Status write(Database& database, const StreamTable::Row& row) {
  if (row.ended) return database.execute("DELETE FROM stream WHERE number = ?", row.number);
  return database.execute("INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?)", row.number,
                          std::string_view(row.user), std::string_view(row.client_id),
                          Blob{row.receipts});
}

Status migrate(Database& database) {
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  if (*version >= kVersion) return {};
  return database.run("BEGIN IMMEDIATE; " + std::string(kFromVersion1) +
                      std::string(kTablesOfVersion2) + " PRAGMA user_version = 2; COMMIT;");
}

Result<StreamTable> streams_in(Database& database) {
  StreamTable streams;
  std::size_t unreadable = 0;
  const Status read =
      database.each_row("SELECT * FROM stream ORDER BY number", [&](const Statement& row) {
        auto receipts = Receipts::from(row.bytes(3));
        if (!receipts) return ++unreadable, Status();
        streams.restore({.number = row.integer(0),
                         .user = std::string(row.bytes(1)),
                         .client_id = std::string(row.bytes(2)),
                         .receipts = std::move(*receipts)});
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  if (unreadable != 0) spdlog::error("sessions.db: {} streams cannot be read", unreadable);
  return streams;
}

std::optional<StoredSession> session_in(const Statement& row) {
  auto subscriptions = subscriptions_in(row.bytes(5));
  if (!subscriptions) return std::nullopt;
  StoredSession session{.number = row.integer(0),
                        .user = std::string(row.bytes(1)),
                        .signed_in_as = row.integer(10),
                        .generation = row.integer(11),
                        .client_id = std::string(row.bytes(2)),
                        .expiry_s = static_cast<std::uint32_t>(row.integer(3)),
                        .parked_at = time_of(row.integer(4)),
                        .subscriptions = std::move(*subscriptions),
                        .received = ids_in(row.bytes(6))};
  if (const auto will = message_in(row.bytes(7), std::nullopt)) {
    session.will.emplace(wire::mqtt::Will{
        .message = *will->message, .qos = will->flags.qos, .retain = will->flags.retain});
    if (row.integer(9) >= 0) session.will->expiry_s = static_cast<std::uint32_t>(row.integer(9));
    session.will_due = time_of(row.integer(8));
  }
  return session;
}

std::optional<Outbox::Kept> message_row(const Statement& row) {
  Outbox::Kept kept{.stage = static_cast<Outbox::Stage>(row.integer(2)),
                    .packet_id = static_cast<std::uint16_t>(row.integer(3)),
                    .entry = {.qos = wire::mqtt::Qos::kExactlyOnce,
                              .sequence = static_cast<std::uint64_t>(row.integer(1))}};
  if (kept.stage == Outbox::Stage::kReleased) return kept;
  const auto message = message_in(row.bytes(5), time_of(row.integer(4)));
  if (!message || kept.stage > Outbox::Stage::kReleased) return std::nullopt;
  kept.entry.message = message->message;
  kept.entry.qos = message->flags.qos;
  kept.entry.retain = message->flags.retain;
  kept.entry.subscription_ids = message->flags.subscription_ids;
  return kept;
}

}  // namespace

struct SessionStore::Impl {
  explicit Impl(Database opened) : database(std::move(opened)) {}

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      wait(lock);
      const bool with_streams = streams_are_due();
      if (empty() && !with_streams) {
        if (stopping) return;
        continue;
      }
      std::vector<StoreChange> now = std::exchange(changes, {});
      auto topics = std::exchange(retained, {});
      const std::uint64_t record = with_streams ? streams.record() : applied.load();
      const auto rows = with_streams ? streams.take_changed() : std::vector<StreamTable::Row>();
      writing = true;
      lock.unlock();
      const Status status = write_all(now, topics, rows, record);
      lock.lock();
      writing = false;
      if (!status) {
        complain(status.error());
        // What came meanwhile is newer: it goes behind, and in place of the same topic's.
        now.insert(now.end(), std::make_move_iterator(changes.begin()),
                   std::make_move_iterator(changes.end()));
        changes = std::move(now);
        retained.merge(topics);
        streams.put_back(rows);
      } else {
        stored(record);
      }
      failed = !status;
      done.notify_all();
      if (failed && stopping) return;
      if (failed) wake.wait_for(lock, kAgainAfter, [this] { return stopping; });
    }
  }
  // Until there is something to write.
  void wait(std::unique_lock<std::mutex>& lock) {
    const auto has_work = [this] { return stopping || !empty() || streams_are_due(); };
    if (!streams_changed()) {
      wake.wait(lock, [&] { return has_work() || streams_changed(); });
    }
    wake.wait_until(lock, streams_due, has_work);
  }
  [[nodiscard]] bool empty() const { return changes.empty() && retained.empty(); }
  [[nodiscard]] bool streams_changed() const { return streams.record() > applied; }
  [[nodiscard]] bool streams_are_due() const {
    return streams_changed() &&
           (stopping || flushing || std::chrono::steady_clock::now() >= streams_due);
  }
  void stored(std::uint64_t record) {
    if (record == applied) return;
    applied = record;
    streams_due = std::chrono::steady_clock::now() + kStreamsEvery;
    if (tell) tell(record);
  }

  Status write_all(const std::vector<StoreChange>& now,
                   const std::map<std::string, hub::RetainedChange>& topics,
                   const std::vector<StreamTable::Row>& rows, std::uint64_t record) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    for (const StoreChange& change : now) {
      const Status status =
          std::visit([this](const auto& one) { return write(database, one); }, change);
      if (!status) return status;
    }
    for (const auto& [topic, change] : topics) {
      if (const Status status = write(database, change); !status) return status;
    }
    for (const StreamTable::Row& row : rows) {
      if (const Status status = write(database, row); !status) return status;
    }
    if (const Status status =
            database.execute("UPDATE applied SET record = ?", static_cast<std::int64_t>(record));
        !status) {
      return status;
    }
    if (const Status status = database.execute("UPDATE last SET number = ?", number.load());
        !status) {
      return status;
    }
    return transaction->commit();
  }

  void complain(const Fault& fault) {
    const auto now = std::chrono::steady_clock::now();
    if (complained && now - *complained < kErrorsEvery) return;
    complained = now;
    spdlog::error("sessions are not kept on disk: {}", fault.detail);
  }

  Database database;  // the thread's, once it runs
  Loaded loaded;      // until load()
  std::string loss;
  bool is_new = false;
  std::atomic<std::int64_t> number{0};
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  std::vector<StoreChange> changes;
  std::map<std::string, hub::RetainedChange> retained;  // by topic
  StreamTable streams;
  std::atomic<std::uint64_t> applied{0};
  std::chrono::steady_clock::time_point streams_due{};
  std::function<void(std::uint64_t)> tell;
  bool flushing = false;
  bool writing = false;
  bool failed = false;  // the last attempt
  bool stopping = false;
  std::optional<std::chrono::steady_clock::time_point> complained;
  std::jthread thread;
};

SessionStore::SessionStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SessionStore::~SessionStore() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
}

namespace {

// All that the file has.
struct Content {
  Database database;
  std::int64_t last_number = 0;
  std::uint64_t applied = 0;
  StreamTable streams;
  SessionStore::Loaded loaded;
};

Result<std::size_t> read_sessions(Content& content) {
  std::unordered_map<std::int64_t, std::size_t> places;
  std::size_t unreadable = 0;
  StoredSessions& sessions = content.loaded.sessions;
  Status status =
      content.database.each_row("SELECT * FROM session ORDER BY number", [&](const Statement& row) {
        content.last_number = std::max(content.last_number, row.integer(0));
        auto session = session_in(row);
        if (!session) return ++unreadable, Status();
        places.emplace(session->number, sessions.size());
        sessions.push_back(std::move(*session));
        return Status();
      });
  if (!status) return std::unexpected(status.error());
  status = content.database.each_row("SELECT * FROM message ORDER BY session, sequence",
                                     [&](const Statement& row) {
                                       const auto place = places.find(row.integer(0));
                                       if (place == places.end()) return Status();
                                       auto kept = message_row(row);
                                       if (!kept) return ++unreadable, Status();
                                       sessions[place->second].messages.push_back(std::move(*kept));
                                       return Status();
                                     });
  if (!status) return std::unexpected(status.error());
  return unreadable;
}

Result<std::size_t> read_retained(Content& content) {
  std::size_t unreadable = 0;
  const Status status =
      content.database.each_row("SELECT * FROM retained", [&](const Statement& row) {
        const auto message = message_in(row.bytes(2), time_of(row.integer(1)));
        if (!message) return ++unreadable, Status();
        content.loaded.retained.push_back({.topic = std::string(row.bytes(0)),
                                           .message = message->message,
                                           .qos = message->flags.qos,
                                           .device = row.integer(3)});
        return Status();
      });
  if (!status) return std::unexpected(status.error());
  return unreadable;
}

// Those too that are only written.
Status check_pages(Database& database) {
  return database.each_row("PRAGMA quick_check(1)", [](const Statement& row) -> Status {
    if (row.bytes(0) == "ok") return {};
    std::string why(row.bytes(0));
    std::ranges::replace(why, '\n', ' ');
    return fail(FaultKind::kDamaged, fmt::format("sessions.db: {}", why));
  });
}

// With everything in it, so that a damaged page is found before anybody relies on the rest.
Result<Content> read_file(const std::filesystem::path& file) {
  auto database = registry::open_database(file, {.version = kVersion, .tables = kAllTables});
  if (!database) return std::unexpected(database.error());
  const auto last = database->integer("SELECT number FROM last");
  if (!last) return std::unexpected(last.error());
  if (const Status migrated = migrate(*database); !migrated) {
    return std::unexpected(migrated.error());
  }
  const auto applied = database->integer("SELECT record FROM applied");
  if (!applied) return std::unexpected(applied.error());
  auto streams = streams_in(*database);
  if (!streams) return std::unexpected(streams.error());
  Content content{.database = std::move(*database),
                  .last_number = *last,
                  .applied = static_cast<std::uint64_t>(*applied),
                  .streams = std::move(*streams),
                  .loaded = {}};
  if (const Status whole = check_pages(content.database); !whole) {
    return std::unexpected(whole.error());
  }
  std::size_t unreadable = 0;
  for (const auto read : {read_sessions, read_retained}) {
    const auto rows = read(content);
    if (!rows) return std::unexpected(rows.error());
    unreadable += *rows;
  }
  if (unreadable != 0) spdlog::error("sessions.db: {} rows cannot be read", unreadable);
  return content;
}

// Damaged, and not merely unreadable now or of a later version.
bool is_damage(const Fault& fault) {
  return fault.kind == FaultKind::kDamaged || fault.kind == FaultKind::kInternal;
}

// Nobody has the file open.
Result<Content> begin_anew(const std::filesystem::path& file, const Fault& why, std::string& loss) {
  const auto name = registry::set_database_aside(file);
  if (!name) return std::unexpected(name.error());
  spdlog::error("{}", why.detail);
  loss = fmt::format("sessions.db was damaged and is kept as {}: {}", *name, kWhatIsLost);
  return read_file(file);
}

// Or not there.
bool has_no_bytes(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  return error || bytes == 0;
}

// Another one than damage.
Fault with_cure(Fault fault) {
  if (fault.kind == FaultKind::kIo) {
    fault.detail += fmt::format(
        "; with sessions.db moved to another folder the server starts, but {}", kWhatIsLost);
  }
  return fault;
}

}  // namespace

Result<std::unique_ptr<SessionStore>> SessionStore::open(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "sessions.db";
  const bool is_new = has_no_bytes(file) && has_no_bytes(file.string() + "-wal");
  std::string loss;
  auto content = read_file(file);
  if (!content && is_damage(content.error())) content = begin_anew(file, content.error(), loss);
  if (!content) return std::unexpected(with_cure(content.error()));
  // Above all numbers that were ever given: a file that is lost does not tell them.
  if (!loss.empty()) content->last_number = unix_ms(SystemClock().now());
  auto impl = std::make_unique<Impl>(std::move(content->database));
  impl->streams = std::move(content->streams);
  impl->applied = content->applied;
  impl->number = content->last_number;
  impl->loaded = std::move(content->loaded);
  impl->loss = std::move(loss);
  impl->is_new = is_new;
  return std::unique_ptr<SessionStore>(new SessionStore(std::move(impl)));
}

std::string SessionStore::loss(bool served_before) const {
  if (!impl_->loss.empty() || !impl_->is_new || !served_before) return impl_->loss;
  return fmt::format("sessions.db was missing or empty: {}", kWhatIsLost);
}

SessionStore::Loaded SessionStore::load() {
  Loaded loaded = std::exchange(impl_->loaded, {});
  // The log's changes are in it by now.
  impl_->number = std::max(impl_->number.load(), impl_->streams.highest());
  loaded.streams = impl_->streams.all();
  impl_->thread = std::jthread([impl = impl_.get()] { impl->work(); });
  return loaded;
}

void SessionStore::take(std::uint64_t record, std::string_view changes) {
  bool is_first = false;
  {
    const std::lock_guard lock(impl_->mutex);
    is_first = !impl_->streams_changed();
    if (!impl_->streams.take(record, changes)) {
      spdlog::error("record {} of the log: its changes of sessions cannot be read", record);
    }
  }
  if (is_first) impl_->wake.notify_all();
}

std::uint64_t SessionStore::applied() const { return impl_->applied; }

void SessionStore::on_applied(std::function<void(std::uint64_t record)> tell) {
  const std::lock_guard lock(impl_->mutex);
  impl_->tell = std::move(tell);
}

void SessionStore::put(StoreChange change) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->changes.push_back(std::move(change));
  }
  impl_->wake.notify_one();
}

void SessionStore::put(hub::RetainedChange change) {
  {
    const std::lock_guard lock(impl_->mutex);
    std::string topic = change.topic;
    impl_->retained.insert_or_assign(std::move(topic), std::move(change));
  }
  impl_->wake.notify_one();
}

bool SessionStore::behind() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->changes.size() > kMostChanges;
}

void SessionStore::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->failed = false;
  impl_->flushing = true;
  impl_->wake.notify_all();
  impl_->done.wait(lock, [this] {
    return impl_->failed || (!impl_->writing && impl_->empty() && !impl_->streams_changed());
  });
  impl_->flushing = false;
}

std::int64_t SessionStore::next_number() { return ++impl_->number; }

}  // namespace gridloom::mqtt
