#include "hub/hub.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "hub/faults/fault_overlay.h"
#include "journal/turn.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

// Twins that one request reads: it fits into a turn of its account.
constexpr std::size_t kTwinsAtOnce = 16;

// `send` is given what so many places answer; `done` is called when they have. In one process the
// queues of the shards have the order: who learns of it publishes behind it.
void send_and_await(ShardSet& shards, const ClientPtr& client, std::size_t places, Task done,
                    const std::function<void(ReplyId)>& send) {
  client->charge_credit(kMessageBytes * places);
  if (done && shards.remote() != nullptr) {
    return send(shards.replies().add(places, &client->loop(), std::move(done)));
  }
  send(kNoReply);
  if (done) done();
}

}  // namespace

Hub::Hub(Platform& platform, const std::vector<Loop*>& loops, RequestPath path)
    : platform_(platform), shards_(platform, loops, std::move(path)), access_(platform) {}

bool Hub::online(registry::AccountId account, std::string_view sn) const {
  return FaultView(platform_).online(account, sn);
}

void Hub::record_access(const Identity& who, AccessEvent event) {
  if (who.role == Role::kAccount) return record_access(who.account, event);
  event.who = who.name;
  record_access(event);
}

void Hub::record_access(registry::AccountId who, AccessEvent event) {
  const auto directory = platform_.registry.directory();
  const registry::Account* account = directory->find_account(who);
  if (account != nullptr) event.who = account->name;
  record_access(event);
}

void Hub::record_access(AccessEvent event) {
  if (platform_.journal == nullptr) return;
  if (!event.refused.empty()) {
    const registry::Account* account =
        platform_.registry.directory()->find_account_by_name(event.who);
    if (account != nullptr) {
      event.account = account->id;
    } else if (const auto identity = access_.identity_of(event.who)) {
      event.account = identity->account;
    }
  }
  platform_.access_audit.record(*platform_.journal, platform_.clock.now(), event);
}

bool Hub::is_first_use(std::string_view credential, std::string_view from) {
  return platform_.journal != nullptr &&
         platform_.access_audit.is_first_use(credential, from, platform_.steady->now());
}

void Hub::record_event(const ClientEvent& event) const {
  platform_.client_events.record(event, platform_.steady->now());
}

void Hub::record_changes(std::string changes, Task durable) const {
  if (platform_.journal != nullptr) {
    platform_.journal->append(journal::RecordKind::kTurn,
                              journal::make_turn({.batch = {}, .session_changes = changes}),
                              std::move(durable));
    return;
  }
  if (platform_.sessions) platform_.sessions->take(changes);
  if (durable) durable();
}

void Hub::connected(const ClientPtr& client) {
  const Identity& who = client->identity();
  shards_.send_to(partition_of(who.name), {.account = who.account, .action = Connect{client}});
}

void Hub::disconnected(const ClientPtr& client) {
  const Identity& who = client->identity();
  switch (who.role) {
    case Role::kAccount:
      if (shards_.remote() != nullptr) shards_.remote()->client_changed(client);
      return;
    case Role::kDevice:
      return shards_.send_to(partition_of(who.name),
                             {.account = who.account, .action = Disconnect{client}});
    case Role::kGateway:
      return shards_.send_to_all(who.account, Disconnect{client});
  }
}

void Hub::ended(const ClientPtr& client) {
  shards_.send_to_all(client->identity().account, EndSession{client});
}

void Hub::hand_on(const ClientPtr& from, std::int64_t stored_number,
                  std::vector<Delivery> deliveries, Task done) {
  std::map<std::size_t, std::vector<Delivery>> by_shard;
  for (Delivery& delivery : deliveries) {
    if (!delivery.share) continue;
    const std::string_view topic = delivery.message->topic;
    const auto of_app = open_topic(topic);
    const auto of_device = device_topic(topic);
    if (!of_app && !of_device) continue;
    by_shard[shards_.index_of(of_app ? of_app->sn : of_device->sn)].push_back(std::move(delivery));
  }
  if (by_shard.empty()) return done();
  const ReplyId reply = shards_.replies().add(by_shard.size(), nullptr, std::move(done));
  for (auto& [index, some] : by_shard) {
    shards_.send(
        index, {.account = from->identity().account,
                .reply = reply,
                .action = HandOn{
                    .from = from, .stored_number = stored_number, .deliveries = std::move(some)}});
  }
}

// The last reply is posted to old's loop behind everything that any shard ever posted for `old`.
void Hub::rebind(const ClientPtr& old, const ClientPtr& fresh, Task done) {
  const ReplyId reply = shards_.replies().add(shards_.places(), &old->loop(), std::move(done));
  shards_.send_to_all(old->identity().account, Rebind{.old = old, .fresh = fresh}, reply);
}

bool Hub::subscribe(const ClientPtr& client, const Subscription& subscription) {
  const FilterScope scope = access_.grant(client->identity(), subscription.filter);
  if (scope.granted) subscribe(client, subscription, scope);
  return scope.granted;
}

void Hub::subscribe(const ClientPtr& client, const Subscription& subscription,
                    const FilterScope& granted, Task done) {
  const registry::AccountId account = client->identity().account;
  Subscribe action{.client = client, .subscription = subscription};
  if (granted.sn.empty()) {
    send_and_await(shards_, client, shards_.places(), std::move(done),
                   [&](ReplyId reply) { shards_.send_to_all(account, action, reply); });
  } else {
    send_and_await(shards_, client, 1, std::move(done), [&](ReplyId reply) {
      shards_.send_to(partition_of(granted.sn),
                      {.account = account, .reply = reply, .action = std::move(action)});
    });
  }
}

void Hub::unsubscribe(const ClientPtr& client, const std::string& filter, Task done) {
  send_and_await(shards_, client, shards_.places(), std::move(done), [&](ReplyId reply) {
    shards_.send_to_all(client->identity().account, Unsubscribe{.client = client, .filter = filter},
                        reply);
  });
}

bool Hub::Batch::add(const ClientPtr& client, const wire::mqtt::MessagePtr& message,
                     const PublishOptions& options) {
  const Identity& who = client->identity();
  Inbound inbound{.sn = {}, .verb = {}, .message = message, .options = options};
  if (who.role == Role::kAccount) {
    const auto topic = open_topic(message->topic);
    if (!topic || topic->account != who.name) return false;
    if (topic->verb != Verb::kSet && topic->verb != Verb::kGet) return false;
    inbound.sn = topic->sn;
    inbound.verb = topic->verb;
  } else {
    const auto topic = device_topic(message->topic);
    if (!topic || topic->verb == Verb::kSet || topic->verb == Verb::kGet) return false;
    if (who.role == Role::kDevice && topic->sn != who.name) return false;
    inbound.sn = topic->sn;
    inbound.verb = topic->verb;
  }
  by_shard_[hub_.shards_.index_of(inbound.sn)].push_back(std::move(inbound));
  return true;
}

void Hub::Batch::post(const ClientPtr& client) {
  for (std::size_t i = 0; i < by_shard_.size(); ++i) {
    if (by_shard_[i].empty()) continue;
    client->charge_credit(credit_of(by_shard_[i]));
    hub_.shards_.send(
        i, {.account = client->identity().account,
            .action = Publish{.client = client, .publications = std::exchange(by_shard_[i], {})}});
  }
}

void Hub::read_all(registry::AccountId account, ReadAll request, ReplyTo<DeviceAnswer> reply_to) {
  const Partition partition = partition_of(request.sn);
  shards_.send_to(partition, {.account = account,
                              .reply = shards_.replies().add(std::move(reply_to)),
                              .action = std::move(request)});
}

void Hub::read(registry::AccountId account, std::string sn, std::vector<std::string> quotas,
               ReplyTo<DeviceAnswer> reply_to) {
  const Partition partition = partition_of(sn);
  shards_.send_to(partition, {.account = account,
                              .reply = shards_.replies().add(std::move(reply_to)),
                              .action = Read{.sn = std::move(sn), .quotas = std::move(quotas)}});
}

void Hub::set(registry::AccountId account, std::string sn, wire::JsonObject message,
              ReplyTo<DeviceAnswer> reply_to, RequestOrigin origin) {
  const Partition partition = partition_of(sn);
  shards_.send_to(partition, {.account = account,
                              .reply = shards_.replies().add(std::move(reply_to)),
                              .action = Set{.sn = std::move(sn),
                                            .message = std::move(message),
                                            .origin = std::move(origin)}});
}

void Hub::read_twins(registry::AccountId account, const std::vector<std::string>& sns,
                     ReplyTo<std::vector<TwinSnapshot>> reply_to) {
  if (sns.empty()) return answer(std::move(reply_to), Result<std::vector<TwinSnapshot>>());
  std::vector<std::vector<std::vector<std::string>>> by_shard(shards_.places());
  std::size_t requests = 0;
  for (const std::string& sn : sns) {
    auto& parts = by_shard[shards_.index_of(sn)];
    if (parts.empty() || parts.back().size() == kTwinsAtOnce) {
      parts.emplace_back();
      ++requests;
    }
    parts.back().push_back(sn);
  }
  // Used on the asker's loop only.
  struct Found {
    std::size_t missing = 0;
    std::vector<TwinSnapshot> twins;
    Callback<Result<std::vector<TwinSnapshot>>> done;
  };
  const auto found = std::make_shared<Found>(
      Found{.missing = requests, .twins = {}, .done = std::move(reply_to.done)});
  const auto take = [found](Result<DeviceAnswer> part) {
    if (part) std::ranges::move(part->twins, std::back_inserter(found->twins));
    if (--found->missing == 0) found->done(std::move(found->twins));
  };
  for (std::size_t i = 0; i < by_shard.size(); ++i) {
    for (auto& part : by_shard[i]) {
      shards_.send(i, {.account = account,
                       .reply = shards_.replies().add({.loop = reply_to.loop, .done = take}),
                       .action = ReadTwins{std::move(part)}});
    }
  }
}

void Hub::count_dropped(const wire::mqtt::Dropped& dropped) {
  Counters& counters = platform_.counters;
  counters.dropped_queue_full.fetch_add(dropped.queue_full, std::memory_order_relaxed);
  counters.dropped_expired.fetch_add(dropped.expired, std::memory_order_relaxed);
  counters.dropped_too_large.fetch_add(dropped.too_large, std::memory_order_relaxed);
}

void Hub::tick() {
  if (shards_.remote() != nullptr) shards_.remote()->tick();
  shards_.post_to_all([this](Shard& shard) { shard.tick(platform_.steady->now()); });
}

void Hub::lay_faults(const std::string& owner, const std::vector<FaultRule>& rules) {
  if (owner.empty()) {
    platform_.fault_injector.set(rules);
  } else {
    platform_.fault_injector.lay(owner, rules);
  }
  shards_.post_to_all([](Shard& shard) { shard.injected_faults_changed(); });
}

void Hub::add_tap(const TapFilter& filter) {
  shards_.post_to_all([filter](Shard& shard) { shard.add_tap(filter); });
}

void Hub::remove_tap(const std::shared_ptr<TrafficTap>& tap, Task done) {
  struct Waiting {
    std::atomic<std::size_t> shards;
    Task done;
  };
  const auto waiting = std::make_shared<Waiting>(shards_.size(), std::move(done));
  shards_.post_to_all([tap, waiting](Shard& shard) {
    shard.remove_tap(*tap);
    if (--waiting->shards == 0) waiting->done();
  });
}

void Hub::registry_changed() {
  shards_.post_to_all([](Shard& shard) { shard.registry_changed(); });
}

}  // namespace gridloom::hub
