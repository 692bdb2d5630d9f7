#include "hubs/arrivals.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "hub/clients/session_changes.h"
#include "hub/delivery/durability_gate.h"
#include "journal/turn.h"

namespace gridloom::hub {

void Arrivals::restore(const StoredArrivals& stored) {
  nodes_[stored.node] = {
      .stream = stored.stream, .through = stored.through, .durable_through = stored.through};
}

std::int64_t Arrivals::through(const std::string& node) const {
  const auto known = nodes_.find(node);
  return known == nodes_.end() ? 0 : known->second.through;
}

std::int64_t Arrivals::durable_through(const std::string& node) const {
  const auto known = nodes_.find(node);
  return known == nodes_.end() ? 0 : known->second.durable_through;
}

void Arrivals::take(const std::string& node, const ClientPtr& client,
                    std::vector<Delivery>& deliveries, std::function<void(Part part)> durable) {
  std::int64_t through = 0;
  for (const Delivery& each : deliveries) through = std::max(through, each.number);
  if (through == 0 || !platform_.sessions) return;
  Arrived& arrived = nodes_[node];
  std::string changes;
  const std::int64_t session = client == nullptr ? 0 : client->stored_number();
  const Part part{.number = ++last_part_, .through = through};
  // The packet that the next change may share, and the message that it is of.
  std::string packet;
  const wire::mqtt::Message* packed = nullptr;
  std::vector<Delivery> waiting;
  std::vector<Delivery> left;
  for (Delivery& each : deliveries) {
    if (std::exchange(each.number, 0) == 0 || session == 0) {
      left.push_back(std::move(each));
      continue;
    }
    if (std::exchange(packed, each.message.get()) != each.message.get()) packet.clear();
    const auto kept = keep_delivery(*platform_.sessions, session, each, packet);
    if (kept) append_change(changes, *kept);
    waiting.push_back(std::move(each));
  }
  deliveries = std::move(left);
  if (!waiting.empty()) {
    waiting_.emplace(part.number,
                     ClientDeliveries{.client = client, .deliveries = std::move(waiting)});
  }
  if (arrived.stream == 0) {
    arrived.stream = platform_.sessions->new_number();
    append_change(changes, StreamBegun{.stream = arrived.stream, .user = {}, .client_id = node});
  }
  arrived.through = std::max(arrived.through, through);
  // A receipt replaces the one with the same packet id.
  append_change(changes, PublicationTaken{
                             .stream = arrived.stream,
                             .receipt = {.digest = static_cast<std::uint64_t>(arrived.through)}});
  Task tell = [durable = std::move(durable), part] { durable(part); };
  if (platform_.journal == nullptr) {
    platform_.sessions->take(changes);
    return tell();
  }
  platform_.journal->append(journal::RecordKind::kTurn,
                            journal::make_turn({.batch = {}, .session_changes = changes}),
                            std::move(tell), 0);
}

std::optional<ClientDeliveries> Arrivals::take_out(const std::string& node, const Part& part) {
  std::int64_t& durable = nodes_[node].durable_through;
  durable = std::max(durable, part.through);
  auto found = waiting_.extract(part.number);
  return found.empty() ? std::nullopt : std::optional(std::move(found.mapped()));
}

void Arrivals::rebind(const ClientPtr& old, const ClientPtr& fresh) {
  for (auto& [number, waiting] : waiting_) {
    if (waiting.client == old) waiting.client = fresh;
  }
}

}  // namespace gridloom::hub
