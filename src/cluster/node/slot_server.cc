#include "node/slot_server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/partition.h"
#include "database/history/schema.h"
#include "node/slot_stores.h"
#include "registry/registry.h"
#include "storage/files.h"

namespace gridloom::node {
namespace {

history::SlotArchive::Options archive_options(const Shared& shared,
                                              const SlotServer::Options& options,
                                              history::Archive::Options given) {
  return {.data = shared.data,
          .database = shared.database,
          .nats = &shared.nats,
          .fence = &shared.fence,
          .claim = {.slot = options.slot,
                    .revision = options.revision,
                    .position = options.position,
                    .node = shared.node},
          .replicas = shared.replicas,
          .log_bytes = shared.log_bytes,
          .has_copy = shared.has_copies,
          .cluster = shared.cluster,
          .clock = given.clock,
          .recorder = given.limits.recorder,
          .reads = given.limits.reads,
          .integrate = std::move(given.integrate),
          .on_session_changes = std::move(given.on_session_changes),
          .sessions_applied = std::move(given.sessions_applied),
          .serial_of = std::move(given.serial_of),
          .on_lost = options.on_lost,
          .on_later_owner = options.on_later_owner,
          .stop = options.stop};
}

std::vector<DeviceNumber> numbers_of(const registry::Registry& registry) {
  std::vector<DeviceNumber> numbers;
  const auto directory = registry.directory();
  for (const registry::Device* device : directory->devices()) numbers.push_back(device->number);
  std::ranges::sort(numbers);
  return numbers;
}

// Removes the history of devices that are removed, at whichever node. The others are removed when
// the slot is opened the next time (server/saved_state.h).
void purge_removed_devices(server::Server& server) {
  registry::Registry& registry = server.registry();
  registry.on_change(
      [&registry, &archive = server.archive(), known = numbers_of(registry)]() mutable {
        const std::vector<DeviceNumber> before = std::exchange(known, numbers_of(registry));
        std::vector<DeviceNumber> gone;
        std::ranges::set_difference(before, known, std::back_inserter(gone));
        if (gone.empty()) return;
        const auto removed = registry.removed_devices();
        if (!removed) return spdlog::warn("devices were removed: {}", removed.error().detail);
        for (const DeviceNumber device : gone) {
          if (std::ranges::binary_search(*removed, device)) archive.purge(device);
        }
      });
}

// The servers of other slots are waited for so long: one of them may stand still.
constexpr Millis kIntroducedWithin{2'000};
// Output that is left for a client that does not read is not awaited.
constexpr std::chrono::milliseconds kLongestGoodbye{2'000};

}  // namespace

std::filesystem::path folder_of_slot(const std::filesystem::path& data, cluster::Slot slot) {
  return data / fmt::format("slot_{}", cluster::number_of(slot));
}

void place_partitions(hub::Cluster& cluster, const std::vector<cluster::SlotOwner>& slots) {
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    const cluster::Slot slot = cluster::slot_of(partition, slots.size());
    const cluster::SlotOwner& owner = slots[cluster::number_of(slot)];
    // A slot that nobody serves is still its server's: what is asked of it meanwhile is answered
    // as for a node that is away.
    cluster.place(partition, slot_name(slot), static_cast<std::uint64_t>(owner.revision));
  }
}

Result<std::unique_ptr<SlotServer>> SlotServer::open(const Shared& shared, Options options) {
  std::unique_ptr<SlotServer> slot(new SlotServer());
  GL_TRY(slot->open_server(shared, options));
  return slot;
}

Status SlotServer::open_server(const Shared& shared, const Options& options) {
  const std::filesystem::path folder = folder_of_slot(shared.data, options.slot);
  GL_TRY(storage::make_data_folder(folder));
  auto open_archive =
      [&](history::Archive::Options given) -> Result<std::shared_ptr<history::Archive>> {
    GL_TRY(auto opened,
           history::SlotArchive::open(archive_options(shared, options, std::move(given))));
    archive_ = std::move(opened);
    return std::shared_ptr<history::Archive>(archive_, &archive_->archive());
  };
  const auto run = static_cast<std::uint64_t>(options.revision);
  prepare_admission(shared.clocks.steady, options);
  std::vector<std::unique_ptr<net::IoLoop>> loops = server::make_loops(1);
  Loop* const loop = loops.front().get();
  hub_peers_ = shared.carrier.add(EndpointPart::kHub, slot_name(options.slot), run, loop);
  relay_peers_ = shared.carrier.add(EndpointPart::kRelay, slot_name(options.slot), run, loop);
  auto opened = server::Server::open(
      {.data = folder,
       .clocks = shared.clocks,
       .catalog = shared.catalog,
       .loops = std::move(loops),
       .limits = shared.limits,
       .zone = shared.zone,
       .zone_name = shared.zone_name,
       .strictness = shared.strictness,
       .stores = slot_stores(
           {.database = shared.database, .data = shared.data, .clock = shared.clocks.wall}, folder,
           {.fence = &shared.fence, .slot = options.slot, .revision = options.revision}),
       .open_archive = std::move(open_archive),
       .join =
           [&](hub::Hub& hub) {
             cluster_ = &hub::Cluster::join(
                 hub, {.peers = hub_peers_.get(),
                       .self = slot_name(options.slot),
                       .run = run,
                       .log_is_shared = true,
                       .on_introduced = [this](const std::string& node) { introduced(node); }});
             // Before there is a link, so that all that concerns it is sent when it opens.
             place_partitions(*cluster_, std::vector<cluster::SlotOwner>(options.slots));
           },
       .services = shared.services ? shared.services() : std::vector<server::MakeService>()});
  if (!opened) return std::unexpected(opened.error());
  server_ = std::move(*opened);
  purge_removed_devices(*server_);
  GL_TRY(server_->listen({}));
  server_->loops().front()->on_sweep([this] { tick(); });
  server_->start({{"slot", cluster::number_of(options.slot)}, {"revision", options.revision}});
  is_started_ = true;
  on_loop([this] {
    admission_.is_open = true;
    admission_.at_latest = admission_.clock->now() + kIntroducedWithin;
    admit();
  });
  return {};
}

SlotServer::~SlotServer() {
  if (!is_stopped_) abandon();
  // Its messages to the doors leave with the next turn.
  on_loop([this] {
    admission_.is_open = false;
    if (relay_) relay_->drop();
  });
  on_loop([this] { relay_.reset(); });
  // The server is the last to have it, and ends its threads before its loops.
  archive_.reset();
}

void SlotServer::on_loop(const std::function<void()>& work) {
  if (!is_started_) return work();
  std::promise<void> done;
  server_->loops().front()->post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void SlotServer::prepare_admission(const Clock& clock, const Options& options) {
  for (std::size_t i = 0; i < options.slots; ++i) {
    const auto slot = static_cast<cluster::Slot>(i);
    if (slot != options.slot) admission_.awaited.insert(slot_name(slot));
  }
  admission_.clock = &clock;
  admission_.run = static_cast<std::uint64_t>(options.revision);
}

void SlotServer::place(const std::vector<cluster::SlotOwner>& slots) {
  place_partitions(*cluster_, slots);
  std::vector<std::string> unserved;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].is_served) unserved.push_back(slot_name(static_cast<cluster::Slot>(i)));
  }
  server_->loops().front()->post([this, unserved = std::move(unserved)] {
    for (const std::string& each : unserved) admission_.awaited.erase(each);
    admit();
  });
}

void SlotServer::introduced(const std::string& server) {
  admission_.awaited.erase(server);
  admit();
}

void SlotServer::admit() {
  if (relay_ || !admission_.is_open) return;
  if (!admission_.awaited.empty()) {
    if (admission_.clock->now() < admission_.at_latest) return;
    spdlog::warn(
        "clients are served although {} have not said which of their sessions want messages: the "
        "log may lack the last change of their subscriptions",
        fmt::join(admission_.awaited, ", "));
  }
  relay_ = std::make_unique<RelayOwner>(
      RelayOwner::Options{.peers = *relay_peers_,
                          .loop = *server_->loops().front(),
                          .clock = *admission_.clock,
                          .run = admission_.run,
                          .protocol = server_->protocol(server::Interface::kMqtt)});
}

void SlotServer::tick() {
  admit();
  if (!relay_) return;
  relay_->tick();
  if (emptied_ && relay_->connections() == 0) std::exchange(emptied_, nullptr)->set_value();
}

void SlotServer::stop() {
  const auto emptied = std::make_shared<std::promise<void>>();
  on_loop([&] {
    admission_.is_open = false;
    if (!relay_) return emptied->set_value();
    relay_->stop();
    emptied_ = emptied;
  });
  emptied->get_future().wait_for(kLongestGoodbye);
  server_->stop({});
  is_stopped_ = true;
}

void SlotServer::abandon() {
  if (archive_) archive_->abandon();
}

}  // namespace gridloom::node
