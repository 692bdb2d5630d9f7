#include "hub/shard/publications.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <functional>
#include <optional>
#include <utility>

#include "hub/platform/credentials.h"

namespace gridloom::hub {
namespace {

using wire::mqtt::Reason;

constexpr std::size_t kValuesOfEffort = 8;  // of a report, from its text into twin and log
constexpr std::string_view kEnded = "the credentials are no longer valid";
constexpr std::string_view kNoRoomToRetain = "there is no room for further retained messages";

// The limits for a device's own timestamp: values that it could not send for a day are still stored
// at their own time, and a clock that is wrong does not spoil the history.
constexpr Millis kOldest{kDay_ms};
constexpr Millis kNewest{60 * 1000};

// The timestamp of a report, if it has one that is plausible.
std::optional<TimePoint> timestamp_of(const twin::ReportReader& report, TimePoint now) {
  const auto& envelope = report.envelope();
  const auto found =
      std::ranges::find(envelope, std::string_view("timestamp"), &twin::Member::name);
  if (found == envelope.end()) return std::nullopt;
  const std::string_view text = found->text;
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const TimePoint at{Millis(ms)};
  return at >= now - kOldest && at <= now + kNewest ? std::optional(at) : std::nullopt;
}

// True if a report with a time of its own, which came with DUP and was not recognized by its
// client's stream, may be one that came through another stream before. It is the one report of a
// device that is compared with earlier ones by its values, so it must not be compared with those
// that came with it: of the reports of one time that are equal only the first may repeat.
bool may_repeat(DeviceState& state, const InboundReport& report, TimePoint at) {
  constexpr std::size_t kMostOfOneTime = 64;
  if (!report.options.resent || report.options.identity.is_complete) return false;
  if (at < state.resent_at) return false;
  if (at > std::exchange(state.resent_at, at)) state.resent.clear();
  const std::size_t digest = std::hash<std::string_view>{}(report.payload);
  if (state.resent.size() == kMostOfOneTime ||
      std::ranges::find(state.resent, digest) != state.resent.end()) {
    return false;
  }
  state.resent.push_back(digest);
  return true;
}

}  // namespace

void Publications::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
}

void Publications::report_refusal(const Client& client, ClientEvent::Kind kind,
                                  std::string_view reason, std::string_view why) {
  parts_.platform.client_events.record({.kind = kind,
                                        .reason = reason,
                                        .user = client.identity().name,
                                        .client_id = client.client_id(),
                                        .peer = client.peer(),
                                        .detail = why},
                                       parts_.platform.steady->now());
}

// The receipt of the publication is in the same record as its effects.
template <typename Take>
void Publications::answer(const ClientPtr& client, const PublishOptions& options, std::size_t bytes,
                          Take take) {
  parts_.turn.add_effort_of_message(bytes);
  Answer answer{.ack = {.token = options.token}};
  const PublishOptions::Identity& identity = options.identity;
  if (identity.repeated) {
    answer.record = parts_.turn.writer().last_record();
  } else {
    const std::size_t before = parts_.turn.writer().bytes();
    take(answer);
    if (identity.stream != 0 && !is_refusal(answer.ack.reason)) {
      parts_.turn.writer().add_change(PublicationTaken{
          .stream = identity.stream, .receipt = identity.receipt, .settled = identity.settled});
      answer.record = parts_.turn.writer().last_record();
    }
    if (client->flow()) client->flow()->wrote(parts_.turn.writer().bytes() - before);
  }
  if (is_refusal(answer.ack.reason)) {
    report_refusal(*client, ClientEvent::Kind::kPublicationRefused,
                   wire::mqtt::name_of(answer.ack.reason), answer.ack.why);
  }
  if (parts_.turn.writer().is_full()) parts_.turn.writer().append();
  if (options.qos != Qos::kAtMostOnce)
    parts_.turn.gate().acknowledge(client, answer.ack, answer.record);
}

void Publications::publish(const ClientPtr& client, const Inbound& inbound) {
  answer(client, inbound.options, inbound.message->payload.size(), [&](Answer& answer) {
    if (client->identity().role == Role::kAccount) {
      publish_by_account(client, inbound, answer);
    } else {
      publish_by_device(client, inbound, answer);
    }
  });
}

bool Publications::takes_report(const Client& client) const {
  if (parts_.turn.router().is_ahead_of_loops()) return false;
  if (parts_.platform.journal != nullptr && parts_.platform.journal->behind()) return false;
  return !client.flow() || !client.flow()->may_have_written_too_much();
}

void Publications::report(const ClientPtr& client, std::string_view payload,
                          const PublishOptions& options) {
  answer(client, options, payload.size(),
         [&, report = InboundReport{client->identity().name, payload, options}](Answer& answer) {
           take_report(client, report, answer);
         });
}

// Does what publish_by_device() does for such a message, without making it.
void Publications::take_report(const ClientPtr& client, const InboundReport& report,
                               Answer& answer) {
  const Identity& who = client->identity();
  const auto [device, present] = parts_.twins.find_own(*client);
  if (!speaks_for(*directory_, who, device, answer)) return;
  DeviceState& state = present != nullptr ? *present : parts_.twins.at(who.name);
  if (parts_.turn.traffic().wants(who.name)) {
    parts_.turn.traffic().message(TrafficEvent::Kind::kDeviceSends, who.name, Verb::kQuota,
                                  report.payload);
  }
  OutgoingReport outgoing(report.payload, report.options.qos, *client);
  const ReportRoute& route = parts_.fanout.route_of(*device, state.route);
  parts_.fanout.to_device(route, outgoing);
  parts_.presence.use_transport(*client, who.name, state);
  on_report(client, report, state, answer);
  parts_.fanout.to_accounts(*device, route, outgoing);
}

bool Publications::retain(const Inbound& inbound, const RetainedStore::Publisher& by,
                          Answer& answer) {
  if (!inbound.options.retain || parts_.retained.put(by, inbound.message, inbound.options.qos)) {
    return true;
  }
  answer.ack.reason = Reason::kQuotaExceeded;
  answer.ack.why = kNoRoomToRetain;
  return false;
}

void Publications::publish_by_account(const ClientPtr& client, const Inbound& inbound,
                                      Answer& answer) {
  const Identity& who = client->identity();
  if (!still_valid(*directory_, who)) {
    answer.ack.reason = Reason::kNotAuthorized;
    answer.ack.why = kEnded;
    return;
  }
  if (inbound.options.retain &&
      permitted_device(*directory_, who.account, inbound.sn, registry::Rights::kMonitor) &&
      !retain(inbound, RetainedStore::Publisher::of_apps(who.name, who.account), answer)) {
    return;
  }
  parts_.turn.router().to_apps(who.name, inbound.sn, inbound.verb,
                               {.like = *inbound.message,
                                .qos = inbound.options.qos,
                                .retain = inbound.options.retain,
                                .from = client.get()});
  parts_.turn.traffic().message(TrafficEvent::Kind::kAppSends, inbound.sn, inbound.verb,
                                inbound.message->payload, who.account);
  if (inbound.verb == Verb::kSet) {
    answer.record =
        parts_.requests.set(who,
                            {.by = fmt::format("client {}", wire::shortened(client->client_id())),
                             .from = client->peer()},
                            inbound);
  }
  if (inbound.verb == Verb::kGet) parts_.requests.get(who, inbound);
}

bool Publications::speaks_for(const registry::Directory& directory, const Identity& who,
                              const registry::Device* device, Answer& answer) {
  // A connection that is being closed may have published before the kick arrived.
  const bool own = device != nullptr &&
                   (who.role == Role::kDevice
                        ? device->number == who.device && device->key_generation == who.generation
                        : device->owner == who.account);
  if (own && (who.role != Role::kGateway || still_valid(directory, who))) return true;
  answer.ack.reason = Reason::kNotAuthorized;
  answer.ack.why = who.role == Role::kDevice
                       ? kEnded
                       : std::string_view("a gateway speaks for its own account's devices only");
  return false;
}

void Publications::publish_by_device(const ClientPtr& client, const Inbound& inbound,
                                     Answer& answer) {
  const auto [device, present] = parts_.twins.find(inbound.sn);
  if (!speaks_for(*directory_, client->identity(), device, answer)) return;
  DeviceState& state = present != nullptr ? *present : parts_.twins.at(inbound.sn);
  parts_.turn.traffic().message(TrafficEvent::Kind::kDeviceSends, inbound.sn, inbound.verb,
                                inbound.message->payload);
  const OutgoingMessage message{.like = *inbound.message,
                                .qos = inbound.options.qos,
                                .retain = inbound.options.retain,
                                .from = client.get()};
  parts_.fanout.to_device(*device, inbound.verb, message);
  // The platform publishes each device's presence itself, retained.
  if (inbound.verb == Verb::kStatus) return on_status(client, inbound, state);
  if (!retain(inbound, RetainedStore::Publisher::of_device(*device), answer)) return;
  // A will is published for a connection that no longer exists.
  if (client->present()) parts_.presence.use_transport(*client, inbound.sn, state);
  if (inbound.verb == Verb::kSetReply) return parts_.requests.on_reply(*device, inbound);
  if (inbound.verb == Verb::kQuota) {
    on_report(client, {inbound.sn, inbound.message->payload, inbound.options}, state, answer);
  }
  parts_.fanout.to_accounts(*device, inbound.verb, message);
}

void Publications::on_report(const ClientPtr& client, const InboundReport& report,
                             DeviceState& state, Answer& answer) {
  Counters& counters = parts_.platform.counters;
  counters.reports.fetch_add(1, std::memory_order_relaxed);
  counters.report_bytes.fetch_add(report.payload.size(), std::memory_order_relaxed);
  const TimePoint now = parts_.platform.clock.now();
  if (now < state.moment || now - state.moment >= kMoment) {
    state.moment = now;
    state.twin.begin_moment();
  }
  const auto applied = state.twin.apply(report.payload, reader_, &taken_,
                                        parts_.turn.changes().begin_report(report.sn, state));
  if (!applied) {
    counters.reports_malformed.fetch_add(1, std::memory_order_relaxed);
    report_refusal(*client, ClientEvent::Kind::kReportRefused, "malformed",
                   fmt::format("of {}: {}", report.sn, applied.error().detail));
    return;
  }
  if (applied->refused != 0) {
    counters.quotas_refused.fetch_add(applied->refused, std::memory_order_relaxed);
    report_refusal(
        *client, ClientEvent::Kind::kReportRefused, "too many quotas",
        fmt::format("{} quotas of {} are not kept, nor is their history: the limits are "
                    "device.extra-quotas={} and device.extra-bytes={}, and {} levels of a "
                    "name, which must not begin with '$'",
                    applied->refused, report.sn, parts_.platform.config.twin.extra_quotas,
                    parts_.platform.config.twin.extra_bytes, twin::Twin::kMaxLevels));
  }
  parts_.turn.add_effort(
      static_cast<std::int64_t>((taken_.size() + applied->refused) / kValuesOfEffort));
  if (taken_.empty()) return;
  const auto own_time = timestamp_of(reader_, now);
  state.last_report = time_after(state.last_report, now);
  parts_.turn.add_effort(parts_.turn.changes().end_report(report.sn, state, applied->changed != 0));
  answer.record = parts_.turn.writer().add_report(
      {.device = state.number,
       .at = own_time.value_or(state.last_report),
       .twin = state.twin,
       .refs = state.family.refs,
       .values = taken_,
       .may_repeat = own_time && may_repeat(state, report, *own_time)});
}

// A device may also report its presence itself, for example through a gateway.
void Publications::on_status(const ClientPtr& client, const Inbound& inbound, DeviceState& state) {
  if (!client->present()) return;
  const auto parsed = wire::parse_json(inbound.message->payload, parts_.platform.config.json);
  if (!parsed) return;
  const wire::Json* params = wire::member(*parsed, "params");
  const wire::Json* status = params == nullptr ? nullptr : wire::member(*params, "status");
  if (status == nullptr || !wire::is_whole(*status)) return;
  if (wire::whole(*status) != 0) {
    parts_.presence.use_transport(*client, inbound.sn, state);
  } else {
    parts_.presence.mark_offline(*client, inbound.sn, state);
  }
}

}  // namespace gridloom::hub
