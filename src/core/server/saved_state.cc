#include "server/saved_state.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <latch>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "mqtt/restore.h"

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

namespace {

// Far above any registry's numbers: a larger number is damaged, and is never assigned to a device.
constexpr std::int64_t kHighestNumber = std::int64_t{1} << 40U;
constexpr std::size_t kMaxRanges = 10;

void tell_unknown(const std::vector<std::int64_t>& unknown) {
  const bool one = unknown.size() == 1;
  spdlog::error(
      "history has {} device{} that the registry does not know, number{} {}; the data of {} are "
      "kept. If the registry was lost or is an old copy, restore registry.sqlite and secret.key "
      "from a backup; to delete the data, run gridloom device purge",
      unknown.size(), one ? "" : "s", one ? "" : "s", ranges_text(unknown), one ? "it" : "them");
}

}  // namespace

std::string ranges_text(const std::vector<std::int64_t>& ascending) {
  std::string text;
  std::size_t ranges = 0;
  for (std::size_t i = 0; i < ascending.size();) {
    if (ranges++ == kMaxRanges) return text + " ...";
    std::size_t end = i + 1;
    while (end < ascending.size() && ascending[end] == ascending[end - 1] + 1) ++end;
    if (!text.empty()) text += ", ";
    text += end - i == 1 ? fmt::format("{}", ascending[i])
                         : fmt::format("{} to {}", ascending[i], ascending[end - 1]);
    i = end;
  }
  return text;
}

void note_setback(const registry::Registry& registry, history::Archive& archive,
                  const Clock& clock) {
  const std::string setback = registry.setback();
  if (setback.empty()) return;
  archive.damage().note(clock.now(), fmt::format("the registry is not the newest: {}", setback));
}

Status reconcile(registry::Registry& registry, history::Archive& archive, const Clock& clock) {
  note_setback(registry, archive, clock);
  const auto known = archive.devices();
  // Readable data are served all the same; nothing is removed.
  if (!known && known.error().code == ErrorCode::kDamaged) return {};
  if (!known) return std::unexpected(known.error());
  GL_TRY(const auto removed, registry.removed_devices());
  std::vector<std::int64_t> present;
  const auto directory = registry.directory();
  for (const registry::Device* device : directory->devices()) present.push_back(device->number);
  std::ranges::sort(present);
  std::vector<std::int64_t> unknown;
  std::int64_t highest = 0;
  for (const std::int64_t device : *known) {
    if (device <= kHighestNumber) highest = std::max(highest, device);
    if (std::ranges::binary_search(present, device)) continue;
    if (std::ranges::binary_search(removed, device)) {
      archive.purge(device);
    } else {
      unknown.push_back(device);
    }
  }
  if (!unknown.empty()) tell_unknown(unknown);
  archive.set_unknown(std::move(unknown));
  return registry.reserve_device_numbers(highest);
}

history::FamilyOf family_of(const registry::Registry& registry,
                            std::shared_ptr<const catalog::Catalog> catalog) {
  struct FamiliesByNumber {
    std::shared_ptr<const registry::Directory> as_of;
    std::unordered_map<std::int64_t, catalog::FamilyPtr> families;
  };
  return [&registry, catalog = std::move(catalog),
          known = std::make_shared<FamiliesByNumber>()](std::int64_t number) {
    if (const auto now = registry.directory(); now != known->as_of) {
      known->families.clear();
      for (const registry::Device* device : now->devices()) {
        known->families.emplace(device->number, catalog->of_serial(device->sn));
      }
      known->as_of = now;
    }
    const auto found = known->families.find(number);
    return found == known->families.end() ? nullptr : found->second;
  };
}

}  // namespace gridloom::server
