// The history of all slots as a node's door asks for it (slot_history/slot_reads.h): of the slots
// that this node serves from their archives, of the others from PostgreSQL and, for what is not
// stored yet, from their owners, by a request on the bus under the revision that the owner has.
//
// Thread rule: any function from any thread; remove() and the destructor not from a query.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "history/archive.h"
#include "nats/connection.h"
#include "ownership/node_id.h"
#include "postgres/settings.h"
#include "slot_history/head_bytes.h"
#include "slot_history/slot_reads.h"

namespace gridloom::node {

class SlotHistory final : private history::RemoteHeads {
 public:
  struct Options {
    std::size_t slots = 0;
    nats::Connection& nats;  // outlives this, as do the next ones
    const Clock& clock;
    // Nothing: there is no such device.
    std::function<std::optional<cluster::Slot>(DeviceNumber)> slot_of;
    // Says under which revision the slot is served; nothing: nobody serves it.
    std::function<std::optional<cluster::Revision>(cluster::Slot)> revision_of;
    postgres::ConnectionSettings database;  // of the cluster's schema
    history::DamageNotes& damage;
    history::FairLimits limits{};
  };
  explicit SlotHistory(Options options);
  ~SlotHistory() override;

  [[nodiscard]] bool read(history::Query query) { return reads_->read(std::move(query)); }

  // This node serves the slot from now on; the archive outlives the call of remove(). Fails as
  // nats::Connection::subscribe().
  [[nodiscard]] Status add(cluster::Slot slot, cluster::Revision revision,
                           history::Archive& archive);
  void remove(cluster::Slot slot);

 private:
  void heads(cluster::Slot slot, DeviceNumber device, Callback<Result<std::string>> done) override;

  const Options options_;
  std::unique_ptr<history::SlotReads> reads_;
  std::mutex mutex_;
  std::map<cluster::Slot, nats::Subscription> served_;
};

}  // namespace gridloom::node
