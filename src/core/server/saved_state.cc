#include "server/saved_state.h"

#include <cstdint>
#include <latch>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "mqtt/restore.h"
#include "server/reconcile.h"

namespace gridloom::server {
namespace {

void restore_twins(const SavedState& saved) {
  std::unordered_map<std::int64_t, const registry::Device*> devices;
  const auto directory = saved.registry.directory();
  for (const registry::Device* device : directory->devices()) {
    devices.emplace(device->number, device);
  }
  for (history::Recovered& recovered : saved.archive.take_recovered()) {
    const auto device = devices.find(recovered.twin.device);
    if (device == devices.end()) continue;  // removed meanwhile
    saved.hub.saved_state().restore_twin({.sn = device->second->sn,
                                          .number = recovered.twin.device,
                                          .text = std::move(recovered.twin.text),
                                          .newer = std::move(recovered.values),
                                          .newer_at = recovered.at});
  }
}

}  // namespace

Status restore(const SavedState& saved) {
  GL_TRY(auto loaded, saved.store.load());
  if (const std::string loss = saved.store.loss(saved.archive.has_stored()); !loss.empty()) {
    saved.archive.damage().note(saved.wall.now(), loss);
  }
  GL_TRY(reconcile(saved.registry, saved.archive, saved.wall));
  restore_twins(saved);
  static_cast<void>(mqtt::restore(saved.mqtt, as_loops(saved.loops), std::move(loaded)));
  return {};
}

std::vector<history::StoredTwin> changed_twins(hub::Hub& hub, std::size_t shards) {
  std::mutex mutex;
  std::vector<history::StoredTwin> all;
  std::latch answers(static_cast<std::ptrdiff_t>(shards));
  hub.saved_state().save_twins([&](std::vector<hub::SavedTwin> twins) {
    {
      const std::lock_guard lock(mutex);
      for (hub::SavedTwin& twin : twins) {
        all.push_back({.device = twin.number, .sn = twin.sn, .text = std::move(twin.text)});
      }
    }
    answers.count_down();
  });
  answers.wait();
  return all;
}

}  // namespace gridloom::server
