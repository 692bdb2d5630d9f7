#include "api/live/live_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "api/message/params.h"
#include "base/redacted.h"
#include "hub/credentials.h"

namespace gridloom::api {
namespace {

using registry::Rights;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::string_view kNoChanges = "[]";

// The effort of a message of the usual size, and the bytes of a long one that cost one more.
constexpr std::int64_t kMessageEffort = 4;
constexpr std::size_t kBytesOfEffort = 64;
constexpr std::int64_t kHomeEffort = 16;  // of asking for the home, and sending it

std::string_view text_in(const JsonObject& message, std::string_view key) {
  const Json* value = message.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

// The first `count` names, as JSON.
std::string names_of(const hub::TwinSnapshot& twin, std::size_t count) {
  std::string text = "[";
  for (std::size_t slot = 0; slot < count; ++slot) {
    if (slot != 0) text += ',';
    wire::append_quoted(text, twin.name_of(slot));
  }
  return text += ']';
}

// [[index, value, time], ...] of the twin, as JSON: of `fields`; null: of all.
void add_values(std::string& out, const hub::TwinSnapshot* twin, const LiveFields* fields,
                std::int64_t now_ms) {
  out += '[';
  if (twin != nullptr) {
    const std::int64_t at_ms = twin->last_report ? unix_ms(*twin->last_report) : now_ms;
    twin->values.for_each([&](std::size_t slot, std::string_view text) {
      if (fields != nullptr && !fields->contains(twin->name_of(slot))) return;
      if (out.back() != '[') out += ',';
      fmt::format_to(std::back_inserter(out), "[{},{},{}]", slot, text, at_ms);
    });
  }
  out += ']';
}

std::optional<std::int64_t> number_in(const JsonObject& message, std::string_view key) {
  const Json* value = message.if_contains(key);
  if (value == nullptr || !wire::is_whole(*value)) return std::nullopt;
  return wire::whole(*value);
}

}  // namespace

Result<std::shared_ptr<LiveSession>> LiveSession::open(Options options) {
  // make_shared cannot call a private constructor.
  std::shared_ptr<LiveSession> session(new LiveSession(std::move(options)));
  auto place = session->account_->add_client();
  if (!place) return std::unexpected(place.error());
  session->place_ = std::move(*place);
  return session;
}

LiveSession::LiveSession(Options options)
    : options_(std::move(options)),
      account_(options_.feed->account(options_.caller.account)),
      directory_(options_.feed->hub().platform().registry.directory()),
      ends_ms_(credential_end().value_or(0)),
      now_(options_.now),
      beat_(options_.now) {}

std::int64_t LiveSession::account() const { return std::to_underlying(options_.caller.account); }

void LiveSession::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  if (finished_) return;
  input_ += bytes;
  // What a message costs has no relation to its size, so the messages of one read may take several
  // turns. Nothing more is read until they are done.
  if (!has_line_) work_on_lines();
}

void LiveSession::work() {
  effort_ = 0;
  work_on_lines();
}

void LiveSession::work_on_lines() {
  schedule_.make_ready(now_);
  std::size_t taken = 0;
  has_line_ = false;
  while (!finished_) {
    const std::size_t line_end = input_.find('\n', searched_);
    const std::size_t bytes = std::min(line_end, input_.size()) - taken;
    if (bytes > kLineBytes) {
      end(fmt::format("a message has at most {} bytes", kLineBytes));
      break;
    }
    if (line_end == std::string::npos) {
      searched_ = input_.size();
      break;
    }
    if (effort_ >= kEffortAtOnce || replies_.size() >= kOutputBytes) {
      has_line_ = true;
      break;
    }
    effort_ += on_line(std::string_view(input_).substr(taken, bytes));
    taken = searched_ = line_end + 1;
  }
  if (finished_) taken = input_.size();
  searched_ -= std::min(searched_, taken);
  input_.erase(0, taken);
  if (input_.empty()) std::string().swap(input_);  // a client that is silent holds no buffer
  read_twins();
}

std::int64_t LiveSession::on_line(std::string_view line) {
  auto effort = kMessageEffort + static_cast<std::int64_t>(line.size() / kBytesOfEffort);
  const auto parsed = wire::parse_json(line, {.bytes = kLineBytes});
  if (!parsed || !parsed->is_object()) {
    refuse(std::nullopt,
           {.code = ErrorCode::kBadParams, .detail = "a message must be a JSON object"});
    return effort;
  }
  const JsonObject& message = parsed->get_object();
  const std::string_view type = text_in(message, "t");
  const auto id = number_in(message, "id");
  if (type == "hello") {
    hello();
  } else if (type == "pause" || type == "play") {
    is_paused_ = type == "pause";
  } else if (type != "sub" && type != "unsub") {
    refuse(id, {.code = ErrorCode::kBadParams,
                .detail = fmt::format("t is \"{}\": must be hello, sub, unsub, pause or play",
                                      shown(type))});
  } else if (!id) {
    refuse(std::nullopt,
           {.code = ErrorCode::kBadParams, .detail = "id is missing: must be a number"});
  } else if (type == "sub") {
    if (text_in(message, "topic") == "home") effort += kHomeEffort;
    subscribe(*id, message);
  } else {
    unsubscribe(*id);
  }
  return effort;
}

// A welcome lists all devices, so a client that asks for it again and again gets it now and then.
void LiveSession::hello() {
  owes_welcome_ = true;
  if (!welcomed_ || now_ - *welcomed_ >= kWelcomeEvery) welcome();
}

void LiveSession::welcome() {
  owes_welcome_ = false;
  welcomed_ = now_;
  fmt::format_to(std::back_inserter(replies_),
                 R"({{"t":"welcome","epoch":"{}","seq":{},"now":{},"rate":{},"rights":{}}})",
                 options_.feed->epoch(), options_.feed->seq(), unix_ms(options_.feed->now()),
                 options_.feed->rate(), std::string_view(account_->rights(directory_)));
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
  has_line_ = false;
  lost();
}

void LiveSession::lost() {
  finished_ = true;
  by_sn_.clear();
  subscriptions_.clear();
  home_.reset();
  home_watch_ = {};
  schedule_.clear();
  twins_.clear();
  place_ = {};
}

Result<LiveFieldsPtr> LiveSession::fields_in(const JsonObject& message) const {
  const Json* value = message.if_contains("fields");
  if (value == nullptr || (value->is_string() && value->get_string() == "*")) return nullptr;
  if (!value->is_array() || value->get_array().size() > kFields) {
    return fail(ErrorCode::kBadParams,
                fmt::format("fields is {}: must be \"*\" or a list of at most {} names",
                            shown(*value), kFields));
  }
  std::vector<std::string_view> names;
  names.reserve(value->get_array().size());
  for (const Json& name : value->get_array()) {
    if (!name.is_string()) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("fields has {}: must be names of fields", shown(name)));
    }
    names.emplace_back(name.get_string());
  }
  return account_->fields(std::move(names));
}

void LiveSession::subscribe(Id id, const JsonObject& message) {
  const std::string_view topic = text_in(message, "topic");
  Subscription made;
  std::string sn;  // empty: the topic is home
  if (topic == "device") {
    const auto device = hub::permitted_device(*directory_, options_.caller.account,
                                              text_in(message, "sn"), Rights::kMonitor);
    if (!device) return refuse(id, device.error());
    sn = (*device)->sn;
    auto fields = fields_in(message);
    if (!fields) return refuse(id, fields.error());
    made.fields = std::move(*fields);
  } else if (topic != "home") {
    return refuse(id,
                  {.code = ErrorCode::kBadParams,
                   .detail = fmt::format("topic is \"{}\": must be home or device", shown(topic))});
  }
  // A client has one subscription to each device, and one to the home: this one takes its place.
  std::optional<Id> same = home_;
  if (!sn.empty()) {
    const auto found = by_sn_.find(sn);
    same = found == by_sn_.end() ? std::nullopt : std::optional(found->second);
  }
  const auto replaced = subscriptions_.find(same.value_or(id));
  if (replaced == subscriptions_.end()) {
    const std::size_t most = options_.feed->limits().subscriptions;
    if (subscriptions_.size() >= most) {
      return refuse(id, {.code = ErrorCode::kConflict,
                         .detail = fmt::format("a client has at most {} subscriptions: limit "
                                               "live.subscriptions",
                                               most)});
    }
    auto place = account_->add_subscription();
    if (!place) return refuse(id, place.error());
    made.place = std::move(*place);
  }
  if (!sn.empty() && !same) {
    auto watch = options_.feed->watch(
        sn, {.account = account_, .watcher = shared_from_this(), .loop = &options_.context.loop});
    if (!watch) return refuse(id, watch.error());
    made.watch = std::move(*watch);
  }
  if (replaced != subscriptions_.end()) made.place = std::move(replaced->second.place);
  if (same) {
    made.watch = std::move(replaced->second.watch);
    unsubscribe(*same);
  }
  unsubscribe(id);
  const Millis usual = sn.empty() ? home::HomeFeed::kFresh : kLeastPeriod;
  const auto every = number_in(message, "every");
  made.every = every ? std::clamp(Millis(*every), usual, kMostPeriod) : usual;
  add(id, std::move(made));
}

void LiveSession::add(Id id, Subscription made) {
  Subscription& added = subscriptions_.emplace(id, std::move(made)).first->second;
  const LiveDevicePtr& device = added.watch.device();
  if (device != nullptr) {
    by_sn_.insert_or_assign(device->sn(), id);
    return want_twin(id, added);
  }
  home_ = id;
  if (!home_watch_.is_watching()) {
    home_watch_ = options_.homes->watch(options_.caller.account, options_.context.loop);
  }
  ask_for_home();
}

void LiveSession::unsubscribe(Id id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  const Subscription& gone = found->second;
  schedule_.remove(id);
  twins_.remove(id, gone.read == Subscription::TwinRead::kTaken ||
                        gone.read == Subscription::TwinRead::kAsked);
  if (home_ == id) home_.reset();
  if (gone.watch.device() != nullptr) by_sn_.erase(gone.watch.device()->sn());
  subscriptions_.erase(found);
}

void LiveSession::add_news(Id id, const Subscription& subscription) {
  if (!subscription.flushed) return schedule_.add_at_once(id, now_);
  schedule_.add(id, *subscription.flushed + subscription.every, now_);
}

void LiveSession::on_news(const std::vector<LiveDevicePtr>& devices) {
  for (const LiveDevicePtr& device : devices) {
    const auto found = by_sn_.find(device->sn());
    if (found == by_sn_.end()) continue;
    Subscription& subscription = subscriptions_.at(found->second);
    const LiveDevice::Moment moment = device->moment();
    if (moment.names != subscription.names || moment.losses != subscription.losses) {
      want_twin(found->second, subscription);
    } else if (subscription.read == Subscription::TwinRead::kNone) {
      add_news(found->second, subscription);
    }
  }
  read_twins();
  if (has_output()) options_.context.wake();
}

void LiveSession::want_twin(Id id, Subscription& subscription) {
  if (subscription.read != Subscription::TwinRead::kNone) return;
  subscription.read = Subscription::TwinRead::kWanted;
  twins_.add(id);
}

// Those of one read of the connection are read together.
void LiveSession::read_twins() {
  std::vector<LiveDevicePtr> devices;
  while (const auto id = twins_.take()) {
    Subscription& subscription = subscriptions_.at(*id);
    subscription.read = Subscription::TwinRead::kAsked;
    devices.push_back(subscription.watch.device());
    subscription.losses = devices.back()->moment().losses;
  }
  if (devices.empty()) return;
  options_.feed->read(
      {.account = account_, .watcher = shared_from_this(), .loop = &options_.context.loop}, devices,
      [weak = weak_from_this(), devices](const std::vector<TwinSnapshotPtr>& twins) {
        const auto self = weak.lock();
        if (!self) return;
        for (std::size_t i = 0; i < devices.size(); ++i) {
          const auto found = self->by_sn_.find(devices[i]->sn());
          if (found == self->by_sn_.end()) continue;
          Subscription& subscription = self->subscriptions_.at(found->second);
          // The client may have subscribed again meanwhile.
          if (subscription.read != Subscription::TwinRead::kAsked) continue;
          subscription.read = Subscription::TwinRead::kTaken;
          subscription.twin = twins[i];
          self->add_news(found->second, subscription);
        }
        if (self->has_output()) self->options_.context.wake();
      });
}

bool LiveSession::has_output() const {
  if (!replies_.empty() || finished_ || now_ - beat_ >= kHeartbeat) return true;
  return !is_paused_ && schedule_.is_ready();
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
  while (out.size() < kOutputBytes) {
    const auto id = schedule_.take(now_);
    if (!id) break;
    flush(*id, subscriptions_.at(*id), out);
  }
  read_twins();
}

void LiveSession::flush(Id id, Subscription& subscription, std::string& out) {
  subscription.flushed = now_;
  return subscription.watch.device() != nullptr ? flush_device(id, subscription, out)
                                                : flush_home(id, subscription, out);
}

void LiveSession::flush_home(Id id, Subscription& subscription, std::string& out) const {
  const home::HomeFeed::Home& home = *subscription.home;
  fmt::format_to(std::back_inserter(out), R"({{"t":"{}","id":{},"seq":{},"now":{},"home":{}}})",
                 subscription.version == 0 ? "snap" : "d", id, options_.feed->seq(), home.now_ms,
                 home.text());
  out += '\n';
  subscription.version = home.version;
}

void LiveSession::flush_device(Id id, Subscription& subscription, std::string& out) {
  if (subscription.read == Subscription::TwinRead::kTaken)
    return flush_snapshot(id, subscription, out);
  LiveDevice& device = *subscription.watch.device();
  const LiveDevice::Moment moment = device.moment();
  const std::int64_t now_ms = unix_ms(options_.feed->now());
  const std::string_view state = moment.state;
  const auto add = std::back_inserter(out);
  if (moment.number > subscription.number) {
    const std::string changes =
        device.changes(subscription.number, moment.number, subscription.fields.get());
    if (changes != kNoChanges) {
      fmt::format_to(add, R"({{"t":"d","id":{},"seq":{},"now":{},"f":{}}})", id, moment.seq, now_ms,
                     changes);
      out += '\n';
    }
    subscription.number = moment.number;
    device.follow(this, moment.number);
  }
  if (state != subscription.state) {
    const std::int64_t since = moment.last_report ? unix_ms(*moment.last_report) : now_ms;
    fmt::format_to(add, R"({{"t":"state","id":{},"seq":{},"now":{},"state":"{}","since":{}}})", id,
                   moment.seq, now_ms, state, state == "live" ? now_ms : since);
    out += '\n';
    subscription.state = state;
  }
}

// A device without values has no names either: they come with its first report.
void LiveSession::flush_snapshot(Id id, Subscription& subscription, std::string& out) {
  LiveDevice& device = *subscription.watch.device();
  const LiveDevice::Moment moment = device.moment();
  const TwinSnapshotPtr twin = std::exchange(subscription.twin, nullptr);
  subscription.read = Subscription::TwinRead::kNone;
  twins_.give_back();
  const bool has_values = twin != nullptr && twin->has_values;
  const std::string& family = device.family().id;
  const auto add = std::back_inserter(out);
  if (has_values && named_families_.insert(family).second) {
    fmt::format_to(add, R"({{"t":"names","family":"{}","names":{}}})", family,
                   names_of(*twin, twin->declared->size()));
    out += '\n';
  }
  const std::int64_t now_ms = unix_ms(options_.feed->now());
  fmt::format_to(add, R"({{"t":"snap","id":{},"seq":{},"now":{},"family":"{}","state":"{}",)", id,
                 moment.seq, now_ms, family, moment.state);
  if (moment.last_report) {
    fmt::format_to(add, R"("last":{},)", unix_ms(*moment.last_report));
  } else {
    out += R"("last":null,)";
  }
  if (has_values && !twin->extra.empty()) {
    fmt::format_to(add, R"("names":{},)", names_of(*twin, twin->names()));
  }
  out += R"("f":)";
  add_values(out, twin.get(), subscription.fields.get(), now_ms);
  out += "}\n";
  subscription.number = twin == nullptr ? moment.number : twin->number;
  subscription.names = has_values ? twin->names() : 0;
  subscription.state = moment.state;
  const bool follows = device.follow(this, subscription.number);
  // There may be news since the twin was read.
  if (!follows || moment.names != subscription.names || moment.losses != subscription.losses) {
    want_twin(id, subscription);
  } else if (moment.number > subscription.number) {
    add_news(id, subscription);
  }
}

// A client that subscribes again and again has one request at a time.
void LiveSession::ask_for_home() {
  if (std::exchange(is_asking_, true)) return;
  options_.homes->get(options_.caller.account,
                      {.loop = &options_.context.loop,
                       .done = [weak = weak_from_this()](Result<home::HomeFeed::Home> home) {
                         if (const auto self = weak.lock()) self->on_home(std::move(home));
                       }});
}

void LiveSession::on_home(Result<home::HomeFeed::Home> home) {
  is_asking_ = false;
  if (!home_ || !home) return;
  Subscription& subscription = subscriptions_.at(*home_);
  if (home->version == subscription.version) return;
  subscription.home = std::move(*home);
  add_news(*home_, subscription);
  if (has_output()) options_.context.wake();
}

std::optional<std::int64_t> LiveSession::credential_end() const {
  const LiveCaller& caller = options_.caller;
  if (!caller.session.empty()) {
    const registry::BrowserSession* session = directory_->find_session(caller.session);
    return session == nullptr ? std::nullopt : std::optional(end_of(*session));
  }
  const registry::Token* token = directory_->find_token(caller.token);
  if (token == nullptr) return std::nullopt;
  return token->expires_ms == 0 ? std::numeric_limits<std::int64_t>::max() : token->expires_ms;
}

void LiveSession::check_rights() {
  const hub::Platform& platform = options_.feed->hub().platform();
  auto directory = platform.registry.directory();
  if (directory != directory_) {
    const bool has_revoked = directory->revocations() != directory_->revocations();
    directory_ = std::move(directory);
    ends_ms_ = credential_end().value_or(0);
    if (has_revoked) check_subscriptions();
  }
  if (unix_ms(platform.wall->now()) < ends_ms_) return;
  end(options_.caller.session.empty() ? "the token has ended" : "signed out");
}

void LiveSession::check_subscriptions() {
  std::vector<Id> gone;
  for (const auto& [id, subscription] : subscriptions_) {
    const LiveDevicePtr& device = subscription.watch.device();
    if (device == nullptr) continue;
    const auto allowed =
        hub::permitted_device(*directory_, options_.caller.account, device->sn(), Rights::kMonitor);
    if (allowed) continue;
    refuse(id, allowed.error());
    gone.push_back(id);
  }
  for (const Id id : gone) unsubscribe(id);
}

void LiveSession::tick(TimePoint now) {
  now_ = now;
  if (finished_) return;
  check_rights();
  if (finished_) return;
  if (owes_welcome_ && now_ - *welcomed_ >= kWelcomeEvery) welcome();
  schedule_.make_ready(now_);
  options_.feed->check_quiet(options_.caller.account);
  if (!home_) home_watch_ = {};
  if (is_paused_ || !home_) return;
  const Subscription& home = subscriptions_.at(*home_);
  const bool is_due = !home.flushed || now_ - *home.flushed >= home.every;
  if (is_due && !schedule_.has_news(*home_) && home_watch_.is_stale()) ask_for_home();
}

}  // namespace gridloom::api
