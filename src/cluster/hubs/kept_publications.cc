#include "hubs/kept_publications.h"

#include <iterator>
#include <utility>

namespace gridloom::hub {

void KeptPublications::add(Partition partition, KeptPublication kept) {
  const std::uint64_t id = id_of(kept.number, kept.inbound.options.token.packet_id);
  std::list<Held>& part = parts_.at(number_of(partition));
  part.push_back({.id = id, .kept = std::move(kept)});
  by_id_[id].push_back({.partition = partition, .at = std::prev(part.end())});
}

std::optional<KeptPublication> KeptPublications::take(ClientNumber client,
                                                      std::uint16_t packet_id) {
  const auto found = by_id_.find(id_of(client, packet_id));
  if (found == by_id_.end()) return std::nullopt;
  const Place place = found->second.front();
  found->second.pop_front();
  if (found->second.empty()) by_id_.erase(found);
  KeptPublication kept = std::move(place.at->kept);
  parts_.at(number_of(place.partition)).erase(place.at);
  return kept;
}

std::vector<KeptPublication> KeptPublications::take_all(Partition partition) {
  std::list<Held>& part = parts_.at(number_of(partition));
  std::vector<KeptPublication> all;
  all.reserve(part.size());
  for (auto held = part.begin(); held != part.end(); held = part.erase(held)) {
    const auto found = by_id_.find(held->id);
    std::erase_if(found->second, [&](const Place& each) {
      return each.partition == partition && each.at == held;
    });
    if (found->second.empty()) by_id_.erase(found);
    all.push_back(std::move(held->kept));
  }
  return all;
}

}  // namespace gridloom::hub
