// The archive of a slot of a cluster, as the slot's owner has it from its claim on: the slot's log
// in NATS (jetstream/slot_log.h) in front of the slot's history in PostgreSQL
// (database/history/schema.h).
//
// Both know who owns the slot. The log stores nothing of an owner that another one has followed,
// and every transaction of the stores begins with the fence (ownership/postgres/fence.h). The
// position of the log up to which the stores have everything is moved in the transaction that
// stores it. So whatever an owner acknowledged is in history once, whoever stores it, and an owner
// that was overtaken can neither acknowledge nor store.
//
// Thread rule: close() and the destructor on one thread, the others on any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "history/archive.h"
#include "history/recorder.h"
#include "jetstream/slot_log.h"
#include "journal/journal_reader.h"
#include "nats/connection.h"
#include "ownership/node_id.h"
#include "ownership/postgres/fence.h"
#include "postgres/connection.h"
#include "postgres/settings.h"

namespace gridloom::history {

class SlotArchive {
 public:
  // The claim under which the slot is owned (ownership/effects.h).
  struct Claim {
    cluster::Slot slot{};
    cluster::Revision revision = 0;
    std::int64_t position = 0;  // as the row had it when the slot was claimed
    std::string node{};
  };
  struct Options {
    std::filesystem::path data;             // of this node: slot_N in it gets the notes of damage
    postgres::ConnectionSettings database;  // of the cluster's schema
    postgres::Connection::Options connection{};
    nats::Connection* nats = nullptr;  // outlives the archive
    cluster::Fence* fence = nullptr;   // outlives the archive, and counts what it was refused
    Claim claim;
    int replicas = 3;                                               // of the log
    std::int64_t log_bytes = std::int64_t{4} * 1024 * 1024 * 1024;  // the most it has
    journal::SlotLogLimits log{};
    // With a copy of the log in slot_N/copy, a record is durable once that has it too.
    bool has_copy = false;
    std::string cluster{};         // the cluster's id, for the copy
    const Clock* clock = nullptr;  // outlives the archive
    RecorderLimits recorder{};
    FairLimits reads{};
    HourIntegrator integrate{};                       // as in Archive::Options
    Recorder::OnSessionChanges on_session_changes{};  // the same
    journal::Positions sessions_applied{};
    SerialOf serial_of{};  // as in Archive::Options
    // Called once after open(), when the slot has another owner (kConflict), or its log or its
    // database has lost what it had (kDamaged, kConflict): the archive has abandoned everything by
    // itself, and is to be destroyed. On one of the archive's threads: it must not block, and not
    // destroy the archive.
    std::function<void(const Error& why)> on_lost{};
    // Called within open(), if the log has a later owner, with its revision.
    std::function<void(std::int64_t revision)> on_later_owner{};
    std::stop_token stop{};  // ends open()
  };
  // Makes the slot's tables if there are none, reads the log from the stored position on, and
  // appends its fence. kConflict: the slot has another owner. kDamaged: the stored history is not
  // that of the claim's position. kIo, kMalformed: as for Store and SlotLog.
  [[nodiscard]] static Result<std::unique_ptr<SlotArchive>> open(Options options);
  // As abandon(), unless close() was called; waits for the threads.
  ~SlotArchive();
  SlotArchive(const SlotArchive&) = delete;
  SlotArchive& operator=(const SlotArchive&) = delete;

  // The journal for the slot's shard, its history and the queries of that.
  [[nodiscard]] Archive& archive();

  // A stop by plan: makes durable and stores what there is, as far as NATS and PostgreSQL do so.
  // The next owner reads the rest from the log.
  void close();
  // At once: nothing becomes durable and nothing more is stored. Does not wait.
  void abandon();

 private:
  struct State;
  SlotArchive(std::shared_ptr<State> state, std::unique_ptr<Archive> archive);

  std::shared_ptr<State> state_;  // of the callbacks of the archive's threads as well
  std::unique_ptr<Archive> archive_;
  bool is_closed_ = false;
};

}  // namespace gridloom::history
