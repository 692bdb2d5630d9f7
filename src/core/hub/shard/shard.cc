#include "hub/shard/shard.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "hub/clients/topic_rights.h"
#include "hub/platform/credentials.h"
#include "wire/json.h"

namespace gridloom::hub {
namespace {

// A twin's text is kept for about this long after a read.
constexpr std::chrono::seconds kTextUnused{10};

}  // namespace

Shard::Shard(Platform& platform, const Loop& loop, std::function<bool(std::string_view)> mine,
             const Post& post, std::function<void(Reply)> reply)
    : platform_(platform),
      mine_(std::move(mine)),
      directory_(platform.registry.directory()),
      faults_(platform),
      turn_(platform, loop, mine_,
            {.durable =
                 [post](std::uint64_t record) {
                   post([record](Shard& shard) { shard.turn_.gate().durable(record); });
                 },
             // An empty task, so that the hub checks for work.
             .caught_up = [post] { post([](Shard&) {}); }}),
      retained_(platform, turn_.writer()),
      twins_(platform,
             [this](const registry::Device& by) {
               faults_.remove(by.sn);
               requests_.device_replaced(by.sn);
             }),
      fanout_(turn_.router(), faults_, turn_.traffic()),
      requests_({.platform = platform,
                 .twins = twins_,
                 .faults = faults_,
                 .traffic = turn_.traffic(),
                 .changes = turn_.changes(),
                 .writer = turn_.writer(),
                 .gate = turn_.gate(),
                 .fanout = fanout_,
                 .reply = reply}),
      presence_({.platform = platform,
                 .turn = turn_,
                 .twins = twins_,
                 .faults = faults_,
                 .fanout = fanout_}),
      retained_sender_({.clock = platform.clock,
                        .retained = retained_,
                        .faults = faults_,
                        .router = turn_.router(),
                        .mine = mine_}),
      publications_({.platform = platform,
                     .turn = turn_,
                     .twins = twins_,
                     .retained = retained_,
                     .fanout = fanout_,
                     .presence = presence_,
                     .requests = requests_}),
      executor_({.turn = turn_,
                 .twins = twins_,
                 .clients = clients_,
                 .presence = presence_,
                 .retained = retained_sender_,
                 .publications = publications_,
                 .requests = requests_,
                 .reply = std::move(reply)}) {
  use(directory_);
}

void Shard::use(const std::shared_ptr<const registry::Directory>& directory) {
  directory_ = directory;
  faults_.use(directory);
  twins_.use(directory);
  turn_.use(directory);
  fanout_.use(directory);
  requests_.use(directory);
  presence_.use(directory);
  retained_sender_.use(directory);
  publications_.use(directory);
  executor_.use(directory);
}

void Shard::restore_twin(const SavedTwin& saved) {
  if (const Status restored = twins_.restore(saved); !restored) {
    spdlog::error("device {}: its saved values could not be restored: {}", saved.sn,
                  restored.error().detail);
  }
}

void Shard::restore_retained(const RetainedChange& retained) {
  const auto by_app = open_topic(retained.topic);
  const auto by_device = device_topic(retained.topic);
  const registry::Account* account =
      by_app ? directory_->find_certificate(by_app->account) : nullptr;
  const registry::Device* device = by_device ? directory_->find_device(by_device->sn) : nullptr;
  if (account == nullptr && device == nullptr) return;
  const auto by = account != nullptr
                      ? RetainedStore::Publisher::of_apps(account->certificate_account, account->id)
                      : RetainedStore::Publisher::of_device(*device);
  if (retained_.restore(by, retained.message, retained.qos)) return;
  spdlog::error(
      "the retained message of topic {} is dropped: the budget for retained messages is used up",
      wire::to_text(wire::Json(wire::shortened(retained.topic))));
}

// Checks all clients and devices, so only after a change that revokes something: a thousand devices
// may be added one by one. Done at once: a set that follows the change must not reach a client
// whose rights the change ends. Devices are checked again at the next tick, since their connections
// may not have ended before.
void Shard::registry_changed() {
  const std::uint64_t before = directory_->revocations();
  use(platform_.registry.directory());
  if (directory_->revocations() == before) return;
  flush();
  clients_.revoke(*directory_);
  presence_.drop_lost_by_gateways();
  drop_devices();
  retained_.remove_if(
      [this](const RetainedChange& retained) { return !still_retained(*directory_, retained); });
  rights_changed_ = true;
}

// A client that signs in knows of a change a moment before the shard does.
void Shard::catch_up_with(const Connect& connect) {
  if (!still_valid(*directory_, connect.client->identity())) registry_changed();
}

void Shard::leave(Partition partition, Task left) {
  for (const std::string& sn : twins_.devices_of(partition)) requests_.device_left(sn);
  twins_.remove(partition);
  flush();
  turn_.gate().when_durable(turn_.writer().last_appended(),
                            [this, left = std::move(left)]() mutable {
                              // The acknowledgements before it leave first.
                              flush();
                              left();
                            });
}

void Shard::drop_devices() {
  // An account that may no longer set the device does not get its replies.
  twins_.for_each([this](const std::string& sn, const DeviceState& state) {
    const registry::Device* device = directory_->find_device(sn);
    if (device == nullptr || device->number != state.number) return;
    requests_.drop_forbidden(*device);
  });
  twins_.remove_unknown([this](const std::string& sn) { return !requests_.waits_for(sn); });
}

void Shard::injected_faults_changed() {
  faults_.rules_changed();
  twins_.for_each([this](const std::string& sn, DeviceState& state) {
    faults_.freeze_or_thaw(directory_->find_device(sn), sn, state.twin);
  });
}

void Shard::add_tap(const TapFilter& filter) {
  std::vector<TrafficFeed::DeviceSnapshot> known;
  for (const std::string& sn : filter.sns) {
    if (!mine_(sn)) continue;
    DeviceState* state = twins_.find(sn).state;
    const auto all = state == nullptr ? nullptr : state->twin.all();
    known.push_back({.sn = sn,
                     .text = all ? SharedText(all) : SharedText("{}"),
                     .online = state != nullptr && !state->transports.empty(),
                     .reports_offline = state != nullptr && state->reports_offline});
  }
  turn_.traffic().add(filter, known);
}

void Shard::tick(TimePoint now) {
  turn_.gate().release_credit();
  if (faults_.active()) {
    presence_.show_hidden();
    if (faults_.is_drop_due(now)) clients_.drop_by_chance(faults_);
    faults_.end_tick();
  }
  if (std::exchange(rights_changed_, false)) drop_devices();
  if (now < texts_dropped_at_ || now >= texts_dropped_at_ + kTextUnused) {
    texts_dropped_at_ = now;
    twins_.drop_unused_texts();
  }
  requests_.tick(now);
}

}  // namespace gridloom::hub
