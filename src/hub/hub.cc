#include "hub/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "base/redacted.h"
#include "hub/credentials.h"
#include "hub/fault_view.h"
#include "journal/turn.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

// The effort that a shard spends on its inbox before its loop serves connections again.
constexpr std::int64_t kEffortAtOnce = 512;
// Twins that one request reads: it fits into a turn of its account.
constexpr std::size_t kTwinsAtOnce = 16;

}  // namespace

Hub::Hub(Platform& platform, const std::vector<Loop*>& loops, RequestPath path)
    : platform_(platform), places_(loops.size()), path_(std::move(path)) {
  const auto reply = [this](Reply reply) {
    replies_.take(path_.reply ? path_.reply(std::move(reply)) : std::move(reply));
  };
  for (Loop* loop : loops) {
    const std::size_t index = shards_.size();
    const auto mine = [this, index](std::string_view sn) { return places_.place_of(sn) == index; };
    const auto post = [this, index](std::move_only_function<void(Shard&)> task) {
      on_shard(index, std::move(task));
    };
    shards_.push_back(
        {.shard = std::make_unique<Shard>(platform, *loop, mine, post, reply), .loop = loop});
  }
}

Hub::~Hub() = default;

void Hub::ShardSlot::take(Request request) {
  const registry::AccountId account = request.account;
  auto step = [this, request = std::move(request), done = std::size_t{0}]() mutable -> Inbox::Step {
    const std::int64_t before = shard->effort();
    const bool more = shard->execute(request, done);
    return {.effort = 1 + shard->effort() - before, .more = more};
  };
  if (account == registry::AccountId{}) {
    while (step().more) {
    }
    flush_later();
  } else {
    inbox.add(account, std::move(step));
  }
  work_later();
}

// Posted behind the tasks that are waiting already: deliveries of many tasks then leave together.
void Hub::ShardSlot::flush_later() {
  if (!shard->has_output() || std::exchange(flushes, true)) return;
  loop->post([this] {
    flushes = false;
    shard->flush();
  });
}

// Posted behind the tasks that are waiting already, so that all accounts with work are queued
// first.
void Hub::ShardSlot::work_later() {
  if (inbox.empty() || shard->is_ahead_of_loops() || std::exchange(works, true)) return;
  loop->post([this] {
    works = false;
    inbox.work(kEffortAtOnce);
    shard->flush();
    work_later();
  });
}

template <typename Act>
void Hub::on_shard(std::size_t index, Act act) {
  ShardSlot& slot = shards_[index];
  slot.loop->post([&slot, act = std::move(act)]() mutable {
    act(*slot.shard);
    slot.flush_later();
    slot.work_later();
  });
}

void Hub::on_all(const std::function<void(Shard&)>& task) {
  for (std::size_t i = 0; i < shards_.size(); ++i) on_shard(i, task);
}

void Hub::send(std::size_t index, Request request) {
  if (path_.request) request = path_.request(std::move(request));
  ShardSlot& slot = shards_[index];
  slot.loop->post(
      [&slot, request = std::move(request)]() mutable { slot.take(std::move(request)); });
}

void Hub::send_to_all(registry::AccountId account, const Request::Action& action, ReplyId reply) {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    send(i, {.account = account, .reply = reply, .action = action});
  }
}

bool Hub::online(registry::AccountId account, std::string_view sn) const {
  return FaultView(platform_).online(account, sn);
}

// For the faults that affect apps: nothing for devices and gateways.
std::optional<double> Hub::injected(PlatformFault fault, const Identity& who) const {
  if (who.role != Role::kAccount) return std::nullopt;
  return FaultView(platform_).happens(fault, who.account);
}

std::optional<Identity> Hub::identity_of(std::string_view user) const {
  auto found = find_credential(*platform_.registry.directory(), user);
  if (!found) return std::nullopt;
  return std::move(found->identity);
}

bool Hub::still_valid(const Identity& who) const {
  return hub::still_valid(*platform_.registry.directory(), who);
}

Result<Identity> Hub::sign_in(std::string_view user, const Secret& password) const {
  const auto directory = platform_.registry.directory();
  auto found = find_credential(*directory, user);
  if (!found || !found->password->matches(password.reveal()) ||
      injected(PlatformFault::kRefusedCertificate, found->identity)) {
    return fail(ErrorCode::kUnknownKey, "the user name or the password is wrong");
  }
  return std::move(found->identity);
}

std::string Hub::shown_user(std::string_view user) const {
  return identity_of(user) ? std::string(user) : redacted_name(user);
}

Status Hub::admit(const Identity& who, std::string_view client_id) {
  std::size_t most = platform_.config.client_ids_a_day;
  if (const auto fewer = injected(PlatformFault::kFewClientIds, who)) {
    most = static_cast<std::size_t>(std::max(1.0, *fewer));
  }
  if (most == 0 || who.role != Role::kAccount) return {};
  if (platform_.client_ids.admit(who.name, client_id, most, platform_.steady->now())) return {};
  return fail(ErrorCode::kNoPermission,
              fmt::format("a certificate may use {} client ids a day", most));
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

void Hub::record_access(const AccessEvent& event) {
  if (platform_.journal == nullptr) return;
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
  send(places_.place_of(who.name), {.account = who.account, .action = Connect{client}});
}

void Hub::disconnected(const ClientPtr& client) {
  const Identity& who = client->identity();
  switch (who.role) {
    case Role::kAccount:
      return;
    case Role::kDevice:
      return send(places_.place_of(who.name),
                  {.account = who.account, .action = Disconnect{client}});
    case Role::kGateway:
      return send_to_all(who.account, Disconnect{client});
  }
}

void Hub::ended(const ClientPtr& client) {
  send_to_all(client->identity().account, EndSession{client});
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
    by_shard[places_.place_of(of_app ? of_app->sn : of_device->sn)].push_back(std::move(delivery));
  }
  if (by_shard.empty()) return done();
  const ReplyId reply = replies_.add(by_shard.size(), nullptr, std::move(done));
  for (auto& [index, some] : by_shard) {
    send(index, {.account = from->identity().account,
                 .reply = reply,
                 .action = HandOn{
                     .from = from, .stored_number = stored_number, .deliveries = std::move(some)}});
  }
}

// The last reply is posted to old's loop behind everything that any shard ever posted for `old`.
void Hub::rebind(const ClientPtr& old, const ClientPtr& fresh, Task done) {
  const ReplyId reply = replies_.add(shards_.size(), &old->loop(), std::move(done));
  send_to_all(old->identity().account, Rebind{.old = old, .fresh = fresh}, reply);
}

FilterScope Hub::grant(const Client& client, std::string_view filter) const {
  const Identity& who = client.identity();
  const bool denied = injected(PlatformFault::kNoWildcards, who).has_value();
  return scope_of(who, filter, denied ? Wildcards::kDenied : platform_.config.wildcards);
}

bool Hub::subscribe(const ClientPtr& client, const Subscription& subscription) {
  const FilterScope scope = grant(*client, subscription.filter);
  if (scope.granted) subscribe(client, subscription, scope);
  return scope.granted;
}

void Hub::subscribe(const ClientPtr& client, const Subscription& subscription,
                    const FilterScope& granted) {
  const registry::AccountId account = client->identity().account;
  Subscribe request{.client = client, .subscription = subscription};
  if (granted.sn.empty()) {
    client->charge_credit(kMessageBytes * shards_.size());
    send_to_all(account, std::move(request));
  } else {
    client->charge_credit(kMessageBytes);
    send(places_.place_of(granted.sn), {.account = account, .action = std::move(request)});
  }
}

void Hub::unsubscribe(const ClientPtr& client, const std::string& filter) {
  client->charge_credit(kMessageBytes * shards_.size());
  send_to_all(client->identity().account, Unsubscribe{.client = client, .filter = filter});
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
  by_shard_[hub_.places_.place_of(inbound.sn)].push_back(std::move(inbound));
  return true;
}

void Hub::Batch::post(const ClientPtr& client) {
  for (std::size_t i = 0; i < by_shard_.size(); ++i) {
    if (by_shard_[i].empty()) continue;
    client->charge_credit(credit_of(by_shard_[i]));
    hub_.send(
        i, {.account = client->identity().account,
            .action = Publish{.client = client, .publications = std::exchange(by_shard_[i], {})}});
  }
}

Loop& Hub::loop_of(std::string_view sn) const { return *shards_[places_.place_of(sn)].loop; }

bool Hub::takes_report(const Client& client) const {
  const Identity& who = client.identity();
  if (who.role != Role::kDevice || path_.request) return false;
  const ShardSlot& slot = shards_[places_.place_of(who.name)];
  // What others posted before the device published comes first: a subscriber that was told of its
  // subscription gets every later report.
  return slot.loop == &client.loop() && !slot.loop->has_posted() && client.is_settled() &&
         slot.inbox.is_idle(who.account) && slot.shard->takes_report(client);
}

void Hub::report(const ClientPtr& client, std::string_view payload, const PublishOptions& options) {
  ShardSlot& slot = shards_[places_.place_of(client->identity().name)];
  const std::int64_t before = slot.shard->effort();
  slot.shard->report(client, payload, options);
  slot.inbox.charge(client->identity().account, slot.shard->effort() - before);
  slot.flush_later();
}

void Hub::read_all(registry::AccountId account, std::string sn, ReplyTo<DeviceAnswer> reply_to) {
  const std::size_t index = places_.place_of(sn);
  send(index, {.account = account,
               .reply = replies_.add(std::move(reply_to)),
               .action = ReadAll{std::move(sn)}});
}

void Hub::read(registry::AccountId account, std::string sn, std::vector<std::string> quotas,
               ReplyTo<DeviceAnswer> reply_to) {
  const std::size_t index = places_.place_of(sn);
  send(index, {.account = account,
               .reply = replies_.add(std::move(reply_to)),
               .action = Read{.sn = std::move(sn), .quotas = std::move(quotas)}});
}

void Hub::set(registry::AccountId account, std::string sn, wire::JsonObject message,
              ReplyTo<DeviceAnswer> reply_to, RequestOrigin origin) {
  const std::size_t index = places_.place_of(sn);
  send(index,
       {.account = account,
        .reply = replies_.add(std::move(reply_to)),
        .action =
            Set{.sn = std::move(sn), .message = std::move(message), .origin = std::move(origin)}});
}

void Hub::read_twins(registry::AccountId account, const std::vector<std::string>& sns,
                     ReplyTo<std::vector<TwinSnapshot>> reply_to) {
  if (sns.empty()) return answer(std::move(reply_to), Result<std::vector<TwinSnapshot>>());
  std::vector<std::vector<std::vector<std::string>>> by_shard(shards_.size());
  std::size_t requests = 0;
  for (const std::string& sn : sns) {
    auto& parts = by_shard[places_.place_of(sn)];
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
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    for (auto& part : by_shard[i]) {
      send(i, {.account = account,
               .reply = replies_.add({.loop = reply_to.loop, .done = take}),
               .action = ReadTwins{std::move(part)}});
    }
  }
}

bool Hub::restore_retained(const RetainedChange& retained) {
  if (!still_retained(*platform_.registry.directory(), retained)) return false;
  const auto of_app = open_topic(retained.topic);
  const std::size_t index =
      places_.place_of(of_app ? of_app->sn : device_topic(retained.topic)->sn);
  on_shard(index, [retained](Shard& shard) { shard.restore_retained(retained); });
  return true;
}

void Hub::save_twins(std::function<void(std::vector<SavedTwin>)> taken) {
  on_all([taken = std::move(taken)](Shard& shard) { taken(shard.save_twins()); });
}

void Hub::save_twin(std::string sn, ReplyTo<DeviceAnswer> reply_to) {
  const std::size_t index = places_.place_of(sn);
  send(index, {.reply = replies_.add(std::move(reply_to)), .action = SaveTwin{std::move(sn)}});
}

void Hub::restore_twin(SavedTwin saved) {
  const std::size_t index = places_.place_of(saved.sn);
  on_shard(index, [saved = std::move(saved)](Shard& shard) { shard.restore_twin(saved); });
}

void Hub::count_dropped(const wire::mqtt::Dropped& dropped) {
  Counters& counters = platform_.counters;
  counters.dropped_queue_full.fetch_add(dropped.queue_full, std::memory_order_relaxed);
  counters.dropped_expired.fetch_add(dropped.expired, std::memory_order_relaxed);
  counters.dropped_too_large.fetch_add(dropped.too_large, std::memory_order_relaxed);
}

void Hub::tick() {
  on_all([this](Shard& shard) { shard.tick(platform_.steady->now()); });
}

void Hub::injected_faults_changed() {
  on_all([](Shard& shard) { shard.injected_faults_changed(); });
}

void Hub::add_tap(const TapFilter& filter) {
  on_all([filter](Shard& shard) { shard.add_tap(filter); });
}

void Hub::remove_tap(const std::shared_ptr<TrafficTap>& tap, Task done) {
  struct Waiting {
    std::atomic<std::size_t> shards;
    Task done;
  };
  const auto waiting = std::make_shared<Waiting>(shards_.size(), std::move(done));
  on_all([tap, waiting](Shard& shard) {
    shard.remove_tap(*tap);
    if (--waiting->shards == 0) waiting->done();
  });
}

void Hub::registry_changed() {
  on_all([](Shard& shard) { shard.registry_changed(); });
}

}  // namespace gridloom::hub
