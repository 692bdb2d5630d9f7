// Clients, presence, and the processing of publications. Subscriptions and routing are in
// shard_routing.cc; sets, reads and replies in shard_requests.cc.
#include "hub/shard.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "hub/credentials.h"

namespace gridloom::hub {
namespace {

using wire::mqtt::Reason;

// A new record begins once the changes exceed this size; the changes of one publication are never
// split.
constexpr std::size_t kMostChangesBytes = std::size_t{1024} * 1024;
constexpr std::string_view kEnded = "the credentials are no longer valid";
constexpr std::string_view kNoRoomToRetain = "there is no room for further retained messages";

}  // namespace

Shard::Shard(Platform& platform, std::function<bool(std::string_view)> mine, Post post)
    : platform_(platform),
      mine_(std::move(mine)),
      post_(std::move(post)),
      directory_(platform.registry.directory()),
      reader_(platform.config.report),
      retained_bytes_(std::make_shared<ByteBudget>(platform.config.retained_bytes)),
      next_id_(unix_ms(platform.clock.now()) & 0x3fffffff) {}

Shard::DeviceState& Shard::state_of(std::string_view sn) {
  return state_of(sn, directory_->find_device(sn));
}

Shard::DeviceState& Shard::state_of(std::string_view sn, const registry::Device* device) {
  if (DeviceState* found = find_state(sn, device)) return *found;
  const catalog::FamilyPtr& family = platform_.catalog->of_serial(sn);
  Kind& kind = kinds_[family.get()];
  if (!kind.layout) {
    kind.layout = std::make_shared<const twin::Layout>(family);
    kind.refs.resize(kind.layout->names.size());
  }
  const std::int64_t number = device == nullptr ? 0 : device->number;
  return devices_.try_emplace(std::string(sn), number, kind, platform_.config.twin).first->second;
}

Shard::DeviceState* Shard::find_state(std::string_view sn) {
  return find_state(sn, directory_->find_device(sn));
}

Shard::DeviceState* Shard::find_state(std::string_view sn, const registry::Device* device) {
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return nullptr;
  if (device == nullptr || device->number == found->second.number) return &found->second;
  // Removed and added again, perhaps by another owner: no state of the former device is kept.
  std::vector<Pending> pending = std::move(found->second.pending);
  forget_retained(found->second.retained);
  devices_.erase(found);
  for (Pending& waiting : pending) {
    finish(device->sn, std::move(waiting),
           fail(ErrorCode::kOffline, device->sn + " was removed meanwhile"));
  }
  return nullptr;
}

std::vector<SavedTwin> Shard::save_twins() {
  std::vector<SavedTwin> saved;
  for (auto& [sn, state] : devices_) {
    if (std::exchange(state.saved_version, state.twin.version()) == state.twin.version()) continue;
    saved.push_back({.sn = sn, .number = state.number, .text = state.twin.save()});
  }
  return saved;
}

void Shard::restore_twin(const SavedTwin& saved) {
  const registry::Device* device = directory_->find_device(saved.sn);
  if (device == nullptr || device->number != saved.number) return;
  twin::Twin& twin = state_of(saved.sn).twin;
  if (!saved.text.empty()) {
    if (const Status restored = twin.restore(saved.text); !restored) {
      spdlog::error("{}: {}", saved.sn, restored.error().detail);
    }
  }
  for (const history::LastValue& value : saved.newer) twin.recall(value.name, value.text);
}

Shard::Known Shard::known(std::string_view sn) {
  const auto found = devices_.find(sn);
  if (found != devices_.end() && found->second.known_as_of == directory_number_) {
    return {.device = found->second.device, .state = &found->second};
  }
  const registry::Device* device = directory_->find_device(sn);
  DeviceState* state = find_state(sn, device);
  if (state != nullptr) {
    state->device = device;
    state->known_as_of = directory_number_;
  }
  return {.device = device, .state = state};
}

void Shard::enter(const ClientPtr& client) {
  clients_[client.get()] = client;
  // The credentials may have ended since the sign-in.
  if (!still_valid(*directory_, client->identity())) {
    flush();
    client->loop().post([client] { client->kick(KickReason::kNotAuthorized); });
  }
}

void Shard::leave(const Client& client) { clients_.erase(&client); }

void Shard::device_connected(const ClientPtr& client, const std::string& sn) {
  bind(client, sn, state_of(sn));
}

void Shard::bind(const ClientPtr& client, const std::string& sn, DeviceState& state) {
  if (!state.away && state.active_transport == client.get()) return;
  const bool fresh = state.transports.empty();
  const bool first = fresh || std::exchange(state.away, false);
  if (fresh && is_tapped(sn)) emit({.what = TrafficEvent::What::kOnline, .sn = sn});
  state.active_transport = client.get();
  state.transports.insert(client.get());
  bound_[client.get()].insert(sn);
  if (first) set_online(sn, true);
}

void Shard::disconnected(const Client& client) {
  const auto carried = bound_.extract(&client);
  if (carried.empty()) return;
  for (const std::string& sn : carried.mapped()) drop_transport(client, sn);
}

void Shard::drop_transport(const Client& client, const std::string& sn) {
  DeviceState& state = state_of(sn);
  state.transports.erase(&client);
  if (state.active_transport == &client) state.active_transport = nullptr;
  if (!state.transports.empty()) return;
  if (is_tapped(sn)) emit({.what = TrafficEvent::What::kOffline, .sn = sn});
  if (!std::exchange(state.away, false)) set_online(sn, false);
}

void Shard::set_online(const std::string& sn, bool online) {
  platform_.presence.set(sn, online);
  if (DeviceState* state = find_state(sn)) record_presence(*state, online);
  to_accounts(sn, Verb::kStatus, {.like = plain(status_text(online)), .qos = Qos::kAtLeastOnce});
  if (DeviceState* state = has_faults_ ? find_state(sn) : nullptr) send_hidden_status(sn, *state);
}

std::string Shard::status_text(bool online) const {
  const std::int64_t now = unix_ms(platform_.clock.now());
  return fmt::format(R"({{"id":"{}","version":"1.0","timestamp":{},"params":{{"status":{}}}}})",
                     now, now, online ? 1 : 0);
}

void Shard::report_refusal(const ClientPtr& client, ClientEvent::Kind kind, std::string_view reason,
                           std::string_view why) {
  platform_.client_events.record({.kind = kind,
                                  .reason = reason,
                                  .user = client->identity().name,
                                  .client_id = client->client_id(),
                                  .peer = client->peer(),
                                  .detail = why},
                                 platform_.steady->now());
}

void Shard::publish(const ClientPtr& client, const Inbound& inbound) {
  count_effort(inbound.message->payload.size());
  Answer answer{.ack = {.token = inbound.options.token}};
  if (inbound.options.identity.repeated) {
    answer.record = last_record();
  } else {
    const std::size_t before = batch_.size() + session_changes_.size();
    take(client, inbound, answer);
    if (client->flow()) client->flow()->wrote(batch_.size() + session_changes_.size() - before);
  }
  if (is_refusal(answer.ack.reason)) {
    report_refusal(client, ClientEvent::Kind::kPublicationRefused,
                   wire::mqtt::name_of(answer.ack.reason), answer.ack.why);
  }
  if (session_changes_.size() >= kMostChangesBytes) append_turn();
  if (inbound.options.qos == Qos::kAtMostOnce) return;
  if (answer.record > durable_) {
    held_acks_.push_back({.record = answer.record, .client = client, .ack = answer.ack});
  } else {
    batch_for(client).acks.push_back(answer.ack);
  }
}

// The receipt of the publication is in the same record as its effects.
void Shard::take(const ClientPtr& client, const Inbound& inbound, Answer& answer) {
  if (client->identity().role == Role::kAccount) {
    publish_by_account(client, inbound, answer);
  } else {
    publish_by_device(client, inbound, answer);
  }
  const PublishOptions::Identity& identity = inbound.options.identity;
  if (identity.stream == 0 || is_refusal(answer.ack.reason)) return;
  append_change(session_changes_, PublicationTaken{.stream = identity.stream,
                                                   .receipt = identity.receipt,
                                                   .settled = identity.settled});
  if (platform_.journal != nullptr) answer.record = last_record();
}

void Shard::publish_by_account(const ClientPtr& client, const Inbound& inbound, Answer& answer) {
  const Identity& who = client->identity();
  if (!still_valid(*directory_, who)) {
    answer.ack.reason = Reason::kNotAuthorized;
    answer.ack.why = kEnded;
    return;
  }
  if (inbound.options.retain && permitted(who.account, inbound.sn, registry::Rights::kMonitor) &&
      !retain(inbound, retained_by_accounts_[who.name], who.account, 0)) {
    answer.ack.reason = Reason::kQuotaExceeded;
    answer.ack.why = kNoRoomToRetain;
    return;
  }
  to_account(who.name, inbound.sn, inbound.verb,
             {.like = *inbound.message,
              .qos = inbound.options.qos,
              .retain = inbound.options.retain,
              .from = client.get()});
  if (is_tapped(inbound.sn)) {
    emit({.what = TrafficEvent::What::kAppSends,
          .sn = inbound.sn,
          .account = who.account,
          .verb = inbound.verb,
          .text = inbound.message->payload});
  }
  if (inbound.verb == Verb::kSet) on_account_set(client, inbound, answer);
  if (inbound.verb == Verb::kGet) on_account_get(client, inbound);
}

void Shard::publish_by_device(const ClientPtr& client, const Inbound& inbound, Answer& answer) {
  const Identity& who = client->identity();
  const auto [device, present] = known(inbound.sn);
  // A connection that is being closed may have published before the kick arrived.
  const bool own = device != nullptr &&
                   (who.role == Role::kDevice
                        ? device->number == who.device && device->key_generation == who.generation
                        : device->owner == who.account);
  if (!own || (who.role == Role::kGateway && !still_valid(*directory_, who))) {
    answer.ack.reason = Reason::kNotAuthorized;
    answer.ack.why = who.role == Role::kDevice
                         ? kEnded
                         : std::string_view("a gateway speaks for its own account's devices only");
    return;
  }
  DeviceState& state = present != nullptr ? *present : state_of(inbound.sn, device);
  if (is_tapped(inbound.sn)) {
    emit({.what = TrafficEvent::What::kDeviceSends,
          .sn = inbound.sn,
          .verb = inbound.verb,
          .text = inbound.message->payload});
  }
  const OutgoingMessage message{.like = *inbound.message,
                                .qos = inbound.options.qos,
                                .retain = inbound.options.retain,
                                .from = client.get()};
  to_device(*device, inbound.verb, message);
  // The platform publishes each device's presence itself, retained.
  if (inbound.verb == Verb::kStatus) return on_status(client, inbound, state);
  if (!retain(inbound, state.retained, device->owner, state.number)) {
    answer.ack.reason = Reason::kQuotaExceeded;
    answer.ack.why = kNoRoomToRetain;
    return;
  }
  // A will is published for a connection that no longer exists.
  if (client->present()) bind(client, inbound.sn, state);
  if (inbound.verb == Verb::kSetReply) return on_reply(inbound, state);
  if (inbound.verb == Verb::kQuota) on_report(client, inbound, state, answer);
  to_accounts(*device, inbound.verb, message);
}

void Shard::on_report(const ClientPtr& client, const Inbound& inbound, DeviceState& state,
                      Answer& answer) {
  Counters& counters = platform_.counters;
  counters.reports.fetch_add(1, std::memory_order_relaxed);
  counters.report_bytes.fetch_add(inbound.message->payload.size(), std::memory_order_relaxed);
  const TimePoint now = platform_.clock.now();
  const auto applied = state.twin.apply(inbound.message->payload, reader_, &taken_);
  if (!applied) {
    counters.reports_malformed.fetch_add(1, std::memory_order_relaxed);
    report_refusal(client, ClientEvent::Kind::kReportRefused, "malformed",
                   fmt::format("of {}: {}", inbound.sn, applied.error().detail));
    return;
  }
  if (applied->refused != 0) {
    counters.quotas_refused.fetch_add(applied->refused, std::memory_order_relaxed);
    report_refusal(
        client, ClientEvent::Kind::kReportRefused, "too many quotas",
        fmt::format("{} quotas of {} are not kept, nor is their history: the limits are "
                    "device.extra-quotas={} and device.extra-bytes={}, and {} levels of a "
                    "name",
                    applied->refused, inbound.sn, platform_.config.twin.extra_quotas,
                    platform_.config.twin.extra_bytes, twin::Twin::kMostLevels));
  }
  if (platform_.journal == nullptr || taken_.empty()) return;
  record_report(state, now, inbound.options);
  answer.record = appended_ + 1;
}

// A device may also report its presence itself, for example through a gateway.
void Shard::on_status(const ClientPtr& client, const Inbound& inbound, DeviceState& state) {
  if (!client->present()) return;
  const auto parsed = wire::parse_json(inbound.message->payload, platform_.config.json);
  if (!parsed) return;
  const wire::Json* params = wire::member(*parsed, "params");
  const wire::Json* status = params == nullptr ? nullptr : wire::member(*params, "status");
  if (status == nullptr || !wire::is_whole(*status)) return;
  if (wire::whole(*status) != 0) return bind(client, inbound.sn, state);
  state.transports.insert(client.get());
  bound_[client.get()].insert(inbound.sn);
  if (std::exchange(state.away, true)) return;
  set_online(inbound.sn, false);
}

}  // namespace gridloom::hub
