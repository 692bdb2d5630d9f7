// Answers queries of history at any node of a cluster, of devices of any slot.
//
// A query visits its devices one after the other (history/route.h). Where a device's slot is served
// in this process, its archive answers. Where it is not, a thread reads the slot's tables in
// PostgreSQL, and what is not stored yet comes from the slot's owner (slot_history/head_bytes.h).
// So a query sees everything that was durable when it came to the device, wherever it is asked.
//
// A query of which a part cannot be answered fails as a whole, with kIo: the owner does not answer
// in time, the database is away, or the slot has got another owner in the middle of a device.
//
// Thread rule: any function from any thread; remove(), stop() and the destructor not from a query.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/ids.h"
#include "history/archive.h"
#include "history/fair_queue.h"
#include "history/reader.h"
#include "history/store/damage_notes.h"
#include "ownership/node_id.h"
#include "postgres/connection.h"
#include "postgres/settings.h"
#include "slot_history/head_bytes.h"

namespace gridloom::history {

class SlotReads {
 public:
  struct Options {
    std::size_t slots = 0;
    // Nothing: there is no such device. Any thread.
    std::function<std::optional<cluster::Slot>(DeviceNumber)> slot_of{};
    // Names the cluster's schema, for a role that may read it and the schemas of the slots.
    postgres::ConnectionSettings database;
    postgres::Connection::Options connection{};
    RemoteHeads* heads = nullptr;   // outlives this
    DamageNotes* damage = nullptr;  // the same
    const Clock* clock = nullptr;   // the same
    FairLimits limits{};            // for the queries of one account
    Millis patience{2'000};         // for an owner to answer
    // A connection that is not used so long is closed. Each thread has one to each slot at most.
    Millis idle{30'000};
  };
  explicit SlotReads(Options options);
  ~SlotReads();  // as stop()
  SlotReads(const SlotReads&) = delete;
  SlotReads& operator=(const SlotReads&) = delete;

  // As Archive::read(): false: the account has the maximum number of queries already.
  [[nodiscard]] bool read(Query query);
  // The slot is served here from now on, by an archive that outlives the call of remove().
  void add(cluster::Slot slot, Archive& archive);
  // Returns when no step of a query uses the archive of the slot, nor will. Queries that are in the
  // middle of it fail.
  void remove(cluster::Slot slot);
  // Connections to PostgreSQL that are open now.
  [[nodiscard]] std::size_t connections() const;
  // Drops the queries that wait, and returns when none is being answered here. Later ones are
  // refused.
  void stop();

  static constexpr std::size_t kThreads = 2;

 private:
  struct State;
  std::shared_ptr<State> state_;  // of queries that wait in archives as well
};

}  // namespace gridloom::history
