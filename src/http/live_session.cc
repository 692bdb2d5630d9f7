#include "http/live_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/redacted.h"
#include "http/home_json.h"
#include "http/params.h"
#include "hub/credentials.h"

namespace gridloom::http {
namespace {

using registry::Rights;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::string_view kNoChanges = "[]";

std::string_view text_in(const JsonObject& message, std::string_view key) {
  const Json* value = message.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

std::optional<std::int64_t> number_in(const JsonObject& message, std::string_view key) {
  const Json* value = message.if_contains(key);
  if (value == nullptr || !wire::is_whole(*value)) return std::nullopt;
  return wire::whole(*value);
}

std::string_view rights_name(Rights rights) {
  if (rights == Rights::kOwner) return "owner";
  return rights == Rights::kFull ? "full" : "monitor";
}

Result<std::optional<LiveDevice::Fields>> fields_in(const JsonObject& message) {
  const Json* value = message.if_contains("fields");
  if (value == nullptr || (value->is_string() && value->get_string() == "*")) return std::nullopt;
  if (!value->is_array() || value->get_array().size() > LiveSession::kFields) {
    return fail(ErrorCode::kBadParams,
                fmt::format("fields is {}: must be \"*\" or a list of at most {} names",
                            shown(*value), LiveSession::kFields));
  }
  LiveDevice::Fields fields;
  for (const Json& name : value->get_array()) {
    if (!name.is_string()) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("fields has {}: must be names of fields", shown(name)));
    }
    fields.emplace(name.get_string());
  }
  return fields;
}

}  // namespace

LiveSession::LiveSession(Options options)
    : options_(std::move(options)), now_(options_.now), beat_(options_.now) {}

void LiveSession::start() {
  directory_ = options_.feed->hub().platform().registry.directory();
  options_.feed->on_change(options_.context.loop, weak_from_this(), options_.context.wake);
}

std::int64_t LiveSession::account() const { return std::to_underlying(options_.caller.account); }

void LiveSession::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  while (!bytes.empty() && !finished_) {
    const std::size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line_.size() > kLineBytes) {
      return this->end(fmt::format("a message has at most {} bytes", kLineBytes));
    }
    if (end == std::string_view::npos) return;
    on_line(std::exchange(line_, {}));
  }
}

void LiveSession::on_line(std::string_view line) {
  const auto parsed = wire::parse_json(line, {.bytes = kLineBytes});
  if (!parsed || !parsed->is_object()) {
    return refuse(std::nullopt,
                  {.code = ErrorCode::kBadParams, .detail = "a message must be a JSON object"});
  }
  const JsonObject& message = parsed->get_object();
  const std::string_view type = text_in(message, "t");
  if (type == "hello") return hello();
  if (type == "pause") {
    is_paused_ = true;
    return;
  }
  if (type == "play") {
    is_paused_ = false;
    return;
  }
  const auto id = number_in(message, "id");
  const bool names_one = type == "sub" || type == "unsub";
  if (names_one && !id) {
    return refuse(std::nullopt,
                  {.code = ErrorCode::kBadParams, .detail = "id is missing: must be a number"});
  }
  if (type == "sub") return subscribe(*id, message);
  if (type == "unsub") {
    subscriptions_.erase(*id);
    return;
  }
  refuse(id, {.code = ErrorCode::kBadParams,
              .detail = fmt::format("t is \"{}\": must be hello, sub, unsub, pause or play",
                                    shown(type))});
}

void LiveSession::hello() {
  JsonObject rights;
  const registry::AccountId account = options_.caller.account;
  for (const auto& list : {directory_->devices_of(account), directory_->shared_with(account)}) {
    for (const registry::Device* device : list) {
      rights[device->sn] = rights_name(registry::Directory::rights(account, *device));
    }
  }
  wire::append_text(replies_, JsonObject{{"t", "welcome"},
                                         {"epoch", options_.feed->epoch()},
                                         {"seq", options_.feed->seq()},
                                         {"now", unix_ms(options_.feed->now())},
                                         {"rate", options_.feed->rate()},
                                         {"rights", std::move(rights)},
                                         {"resumed", false}});
  replies_ += '\n';
}

void LiveSession::refuse(std::optional<Id> id, const Error& error) {
  JsonObject message{
      {"t", "error"}, {"code", name_of(error.code)}, {"message", redacted(error.detail)}};
  if (id) message["id"] = *id;
  wire::append_text(replies_, message);
  replies_ += '\n';
}

void LiveSession::end(std::string_view why) {
  if (std::exchange(finished_, true)) return;
  wire::append_text(replies_, JsonObject{{"t", "bye"}, {"why", why}});
  replies_ += '\n';
  subscriptions_.clear();
}

void LiveSession::subscribe(Id id, const JsonObject& message) {
  const std::size_t most = options_.feed->limits().subscriptions;
  if (!subscriptions_.contains(id) && subscriptions_.size() >= most) {
    return refuse(id, {.code = ErrorCode::kConflict,
                       .detail = fmt::format("a client has at most {} subscriptions: limit "
                                             "live.subscriptions",
                                             most)});
  }
  const std::string_view topic = text_in(message, "topic");
  Subscription made;
  if (topic == "device") {
    const std::string_view sn = text_in(message, "sn");
    const auto device =
        hub::permitted_device(*directory_, options_.caller.account, sn, Rights::kMonitor);
    if (!device) return refuse(id, device.error());
    auto fields = fields_in(message);
    if (!fields) return refuse(id, fields.error());
    made.fields = std::move(*fields);
    auto watched = options_.feed->watch((*device)->sn);
    if (!watched) return refuse(id, watched.error());
    made.device = std::move(*watched);
  } else if (topic != "home") {
    return refuse(id,
                  {.code = ErrorCode::kBadParams,
                   .detail = fmt::format("topic is \"{}\": must be home or device", shown(topic))});
  }
  const Millis usual = made.device ? kLeastPeriod : HomeFeed::kFresh;
  if (const auto every = number_in(message, "every")) {
    made.every = std::clamp(Millis(*every), usual, kMostPeriod);
  } else {
    made.every = usual;
  }
  Subscription& added = subscriptions_.insert_or_assign(id, std::move(made)).first->second;
  if (!added.device) ask_for_home(id, added);
}

bool LiveSession::is_due(const Subscription& subscription) const {
  return !subscription.flushed || now_ - *subscription.flushed >= subscription.every;
}

std::string LiveSession::state_now(const Subscription& subscription) const {
  const LiveDevice& device = *subscription.device;
  const LiveDevice::Moment moment = device.moment();
  return std::string(state_of(
      device.family(), {.online = options_.feed->hub().online(options_.caller.account, device.sn()),
                        .has_values = moment.has_values,
                        .last_report = moment.last_report,
                        .now = options_.feed->now()}));
}

bool LiveSession::has_news(const Subscription& subscription) const {
  if (!subscription.device) {
    return subscription.home && subscription.home->version != subscription.version;
  }
  const LiveDevice::Moment moment = subscription.device->moment();
  if (!moment.is_loaded) return false;
  return moment.seq != subscription.seq || subscription.state.empty() ||
         subscription.state != state_now(subscription);
}

bool LiveSession::has_output() const {
  if (!replies_.empty() || finished_) return true;
  if (now_ - beat_ >= kHeartbeat) return true;
  return !is_paused_ && std::ranges::any_of(subscriptions_, [this](const auto& each) {
    return is_due(each.second) && has_news(each.second);
  });
}

void LiveSession::take_output(std::string& out) {
  out += std::exchange(replies_, {});
  if (finished_) return;
  if (now_ - beat_ >= kHeartbeat) {
    beat_ = now_;
    fmt::format_to(std::back_inserter(out), R"({{"t":"hb","now":{},"rate":{},"seq":{}}})",
                   unix_ms(options_.feed->now()), options_.feed->rate(), options_.feed->seq());
    out += '\n';
  }
  if (is_paused_) return;
  // Begins behind the subscription that came last: each has its turn, however much the others have.
  auto at = subscriptions_.upper_bound(last_flushed_);
  for (std::size_t i = 0; i < subscriptions_.size() && out.size() < kOutputBytes; ++i, ++at) {
    if (at == subscriptions_.end()) at = subscriptions_.begin();
    if (!is_due(at->second) || !has_news(at->second)) continue;
    flush(at->first, at->second, out);
    last_flushed_ = at->first;
  }
}

void LiveSession::flush(Id id, Subscription& subscription, std::string& out) {
  subscription.flushed = now_;
  return subscription.device ? flush_device(id, subscription, out)
                             : flush_home(id, subscription, out);
}

void LiveSession::flush_home(Id id, Subscription& subscription, std::string& out) const {
  const HomeFeed::Home& home = *subscription.home;
  fmt::format_to(std::back_inserter(out), R"({{"t":"{}","id":{},"seq":{},"now":{},"home":{}}})",
                 subscription.version == 0 ? "snap" : "d", id, options_.feed->seq(), home.now_ms,
                 home.text());
  out += '\n';
  subscription.version = home.version;
}

void LiveSession::flush_device(Id id, Subscription& subscription, std::string& out) {
  const LiveDevice& device = *subscription.device;
  const LiveDevice::Moment moment = device.moment();
  const LiveDevice::Fields* fields = subscription.fields ? &*subscription.fields : nullptr;
  const std::int64_t now_ms = unix_ms(options_.feed->now());
  const std::string state = state_now(subscription);
  const auto add = std::back_inserter(out);
  // A device without values has no names either: they come with its first report.
  const bool needs_snapshot = subscription.state.empty() || subscription.names != moment.names;
  if (needs_snapshot) {
    if (moment.names > 0 && named_families_.insert(device.family().id).second) {
      fmt::format_to(add, R"({{"t":"names","family":"{}","names":{}}})", device.family().id,
                     device.names(LiveDevice::Names::kOfFamily));
      out += '\n';
    }
    fmt::format_to(add, R"({{"t":"snap","id":{},"seq":{},"now":{},"family":"{}","state":"{}",)", id,
                   moment.seq, now_ms, device.family().id, state);
    if (moment.last_report) {
      fmt::format_to(add, R"("last":{},)", unix_ms(*moment.last_report));
    } else {
      out += R"("last":null,)";
    }
    if (device.has_own_names()) {
      fmt::format_to(add, R"("names":{},)", device.names(LiveDevice::Names::kAll));
    }
    fmt::format_to(add, R"("f":{}}})", device.changes_after(0, fields));
    out += '\n';
  } else {
    const std::string changes = moment.seq == subscription.seq
                                    ? std::string(kNoChanges)
                                    : device.changes_after(subscription.seq, fields);
    if (changes != kNoChanges) {
      fmt::format_to(add, R"({{"t":"d","id":{},"seq":{},"now":{},"f":{}}})", id, moment.seq, now_ms,
                     changes);
      out += '\n';
    }
    if (state != subscription.state) {
      const std::int64_t since = moment.last_report ? unix_ms(*moment.last_report) : now_ms;
      fmt::format_to(add, R"({{"t":"state","id":{},"seq":{},"now":{},"state":"{}","since":{}}})",
                     id, moment.seq, now_ms, state, state == "live" ? now_ms : since);
      out += '\n';
    }
  }
  subscription.seq = moment.seq;
  subscription.names = moment.names;
  subscription.state = state;
}

void LiveSession::ask_for_home(Id id, Subscription& subscription) {
  subscription.is_asking = true;
  options_.homes->get(options_.caller.account,
                      {.loop = &options_.context.loop,
                       .done = [weak = weak_from_this(), id](Result<HomeFeed::Home> home) {
                         const auto self = weak.lock();
                         if (!self) return;
                         const auto found = self->subscriptions_.find(id);
                         if (found == self->subscriptions_.end() || found->second.device) return;
                         found->second.is_asking = false;
                         if (!home) return;
                         found->second.home = std::move(*home);
                         if (self->has_output()) self->options_.context.wake();
                       }});
}

void LiveSession::check_rights() {
  const hub::Platform& platform = options_.feed->hub().platform();
  auto directory = platform.registry.directory();
  const TimePoint wall = platform.wall->now();
  const LiveCaller& caller = options_.caller;
  if (!caller.session.empty()) {
    const registry::BrowserSession* session = directory->find_session(caller.session);
    if (session == nullptr || has_ended(*session, wall)) return end("signed out");
  } else {
    const registry::Token* token = directory->find_token(caller.token);
    if (token == nullptr || has_expired(*token, wall)) return end("the token has ended");
  }
  if (directory == directory_) return;
  directory_ = std::move(directory);
  for (auto at = subscriptions_.begin(); at != subscriptions_.end();) {
    const LiveDevicePtr& device = at->second.device;
    Status allowed;
    if (device) {
      const auto found =
          hub::permitted_device(*directory_, caller.account, device->sn(), Rights::kMonitor);
      if (!found) allowed = std::unexpected(found.error());
    }
    if (allowed) {
      ++at;
      continue;
    }
    refuse(at->first, allowed.error());
    at = subscriptions_.erase(at);
  }
}

void LiveSession::tick(TimePoint now) {
  now_ = now;
  if (finished_) return;
  check_rights();
  if (is_paused_) return;
  for (auto& [id, subscription] : subscriptions_) {
    if (subscription.device || subscription.is_asking) continue;
    if (is_due(subscription)) ask_for_home(id, subscription);
  }
}

}  // namespace gridloom::http
