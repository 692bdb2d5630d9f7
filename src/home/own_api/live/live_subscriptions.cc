#include "own_api/live/live_subscriptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/message/params.h"
#include "hub/platform/credentials.h"
#include "own_api/live/live_input.h"

namespace gridloom::api {
namespace {

using registry::Rights;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::string_view kNoChanges = "[]";

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

std::unexpected<Error> only_the_home() {
  return fail(ErrorCode::kNoPermission,
              "the token's scope is card: it may subscribe to the topic home alone");
}

}  // namespace

LiveSubscriptions::LiveSubscriptions(Options options)
    : options_(std::move(options)),
      notice_(std::make_unique<LiveNotice>([this] {
        if (is_ready()) options_.on_news();
      })),
      now_(options_.now) {}

Result<LiveFieldsPtr> LiveSubscriptions::fields_in(const JsonObject& message) const {
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
  return options_.share->fields(std::move(names));
}

Status LiveSubscriptions::subscribe(Id id, const JsonObject& message,
                                    const registry::Directory& directory) {
  const std::string_view topic = text_in(message, "topic");
  Subscription made;
  std::string sn;  // empty: the topic is home
  if (topic == "device") {
    if (options_.card) return only_the_home();
    GL_TRY(const auto device, hub::permitted_device(directory, options_.account_id,
                                                    text_in(message, "sn"), Rights::kMonitor));
    sn = device->sn;
    GL_TRY(auto fields, fields_in(message));
    made.fields = std::move(fields);
  } else if (topic == "home") {
    GL_TRY(const auto language, language_in(message));
    made.language = language;
  } else {
    return fail(ErrorCode::kBadParams,
                fmt::format("topic is \"{}\": must be home or device", shown(topic)));
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
      return fail(
          ErrorCode::kConflict,
          fmt::format("a client has at most {} subscriptions: limit live.subscriptions", most));
    }
    GL_TRY(auto place, options_.share->add_subscription());
    made.place = std::move(place);
  }
  if (!sn.empty() && !same) {
    GL_TRY(auto watch,
           options_.feed->watch(
               sn, {.share = options_.share, .notice = notice_.get(), .loop = options_.loop}));
    made.watch = std::move(watch);
  }
  if (replaced != subscriptions_.end()) made.place = std::move(replaced->second.place);
  if (same) {
    made.watch = std::move(replaced->second.watch);
    unsubscribe(*same);
  }
  unsubscribe(id);
  const Millis usual = sn.empty() ? home::HomeFeed::kFresh : LiveSchedule::kPeriod;
  const auto every = number_in(message, "every");
  made.every = every ? std::clamp(Millis(*every), usual, kMostPeriod) : usual;
  add(id, std::move(made));
  return {};
}

void LiveSubscriptions::add(Id id, Subscription made) {
  Subscription& added = subscriptions_.emplace(id, std::move(made)).first->second;
  const LiveDevicePtr& device = added.watch.device();
  if (device != nullptr) {
    by_sn_.insert_or_assign(device->sn(), id);
    watched_.push_back({.id = id, .device = device.get(), .version = device->version()});
    return want_twin(id, added);
  }
  home_ = id;
  if (!home_watch_.is_watching()) {
    home_watch_ = options_.homes->watch(options_.account_id, *options_.loop);
  }
  ask_for_home();
}

void LiveSubscriptions::unsubscribe(Id id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  const Subscription& gone = found->second;
  schedule_.remove(id);
  twins_.remove(id, gone.read == Subscription::TwinRead::kTaken ||
                        gone.read == Subscription::TwinRead::kAsked);
  if (home_ == id) home_.reset();
  if (gone.watch.device() != nullptr) by_sn_.erase(gone.watch.device()->sn());
  std::erase_if(watched_, [&](const LiveWatched& each) { return each.id == id; });
  subscriptions_.erase(found);
}

void LiveSubscriptions::add_news(Id id, const Subscription& subscription) {
  if (!subscription.flushed) return schedule_.add_at_once(id, now_);
  schedule_.add(id, *subscription.flushed + subscription.every, now_);
}

void LiveSubscriptions::look() {
  if (!schedule_.may_send() || !notice_->take()) return;
  for (LiveWatched& watched : watched_) {
    const std::uint64_t version = watched.device->version();
    if (std::exchange(watched.version, version) == version) continue;
    Subscription& subscription = subscriptions_.at(watched.id);
    if (subscription.read != Subscription::TwinRead::kNone || schedule_.has_news(watched.id)) {
      continue;
    }
    if (subscription.is_behind(watched.device->moment())) {
      want_twin(watched.id, subscription);
    } else {
      add_news(watched.id, subscription);
    }
  }
}

void LiveSubscriptions::want_twin(Id id, Subscription& subscription) {
  if (subscription.read != Subscription::TwinRead::kNone) return;
  subscription.read = Subscription::TwinRead::kWanted;
  twins_.add(id);
}

// Those of one read of the connection are read together.
void LiveSubscriptions::read_twins() {
  std::vector<LiveDevicePtr> devices;
  while (const auto id = twins_.take()) {
    Subscription& subscription = subscriptions_.at(*id);
    subscription.read = Subscription::TwinRead::kAsked;
    subscription.watch.hold();  // the twin that is read has all that is known here
    devices.push_back(subscription.watch.device());
    subscription.losses = devices.back()->moment().losses;
  }
  if (devices.empty()) return;
  options_.feed->read(
      options_.account_id, *options_.loop, devices,
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
        self->options_.on_news();
      });
}

void LiveSubscriptions::flush(Id id, Subscription& subscription, std::string& out) {
  subscription.flushed = now_;
  return subscription.watch.device() != nullptr ? flush_device(id, subscription, out)
                                                : flush_home(id, subscription, out);
}

void LiveSubscriptions::flush_home(Id id, Subscription& subscription, std::string& out) const {
  const home::HomeFeed::Home& home = *subscription.home;
  fmt::format_to(std::back_inserter(out), R"({{"t":"{}","id":{},"seq":{},"now":{},"home":)",
                 subscription.version == 0 ? "snap" : "d", id, options_.feed->seq(), home.now_ms);
  if (options_.card) {
    out.append(card_text(subscription.card, home.now_ms)).append("}\n");
  } else {
    out.append(home.in(subscription.language)).append("}\n");
  }
  subscription.version = home.version;
}

void LiveSubscriptions::flush_device(Id id, Subscription& subscription, std::string& out) {
  if (subscription.read == Subscription::TwinRead::kTaken)
    return flush_snapshot(id, subscription, out);
  LiveDevice& device = *subscription.watch.device();
  const LiveDevice::Moment moment = device.moment();
  if (subscription.is_behind(moment)) return want_twin(id, subscription);
  const std::int64_t now_ms = unix_ms(options_.feed->now());
  const std::string_view state = moment.state;
  const auto add = std::back_inserter(out);
  if (moment.number > subscription.number) {
    const SharedText changes =
        device.changes(subscription.number, moment.number, subscription.fields.get());
    if (changes != kNoChanges) {
      fmt::format_to(add, R"({{"t":"d","id":{},"seq":{},"now":{},"f":)", id, moment.seq, now_ms);
      out.append(changes).append("}\n");
    }
    subscription.number = moment.number;
    subscription.watch.follow(moment.number);
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
void LiveSubscriptions::flush_snapshot(Id id, Subscription& subscription, std::string& out) {
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
  const bool follows = subscription.watch.follow(subscription.number);
  // There may be news since the twin was read.
  if (!follows || subscription.is_behind(moment)) {
    want_twin(id, subscription);
  } else if (moment.number > subscription.number) {
    add_news(id, subscription);
  }
}

// A client that subscribes again and again has one request at a time.
void LiveSubscriptions::ask_for_home() {
  if (std::exchange(is_asking_, true)) return;
  options_.homes->get(
      options_.account_id,
      {.loop = options_.loop, .done = [weak = weak_from_this()](Result<home::HomeFeed::Home> home) {
         if (const auto self = weak.lock()) self->on_home(std::move(home));
       }});
}

void LiveSubscriptions::on_home(Result<home::HomeFeed::Home> home) {
  is_asking_ = false;
  if (!home_ || !home) return;
  Subscription& subscription = subscriptions_.at(*home_);
  subscription.seen = home->version;
  if (home->version == subscription.version) return;
  if (options_.card) {
    // A card is not notified when something happens that it does not show.
    std::string members = card_members(home->in(subscription.language), *options_.card);
    if (members == subscription.card) return;
    subscription.card = std::move(members);
  }
  subscription.home = std::move(*home);
  add_news(*home_, subscription);
  options_.on_news();
}

void LiveSubscriptions::advance(TimePoint now) {
  now_ = now;
  schedule_.make_ready(now_);
}

void LiveSubscriptions::tick(TimePoint now) {
  advance(now);
  look();
  read_twins();
  if (!home_) home_watch_ = {};
}

void LiveSubscriptions::refresh_home() {
  if (!home_) return;
  const Subscription& home = subscriptions_.at(*home_);
  const bool is_due = !home.flushed || now_ - *home.flushed >= home.every;
  // A state that another client of the account asked for is no news any more, and yet this one has
  // not got it.
  const bool is_old = home_watch_.is_stale() || home_watch_.version() != home.seen;
  if (is_due && !schedule_.has_news(*home_) && is_old) ask_for_home();
}

void LiveSubscriptions::take_output(std::string& out, std::size_t most) {
  look();
  while (out.size() < most) {
    const auto id = schedule_.take();
    if (!id) break;
    flush(*id, subscriptions_.at(*id), out);
  }
  read_twins();
}

std::vector<LiveSubscriptions::Refused> LiveSubscriptions::drop_forbidden(
    const registry::Directory& directory) {
  std::vector<Refused> refused;
  for (const auto& [id, subscription] : subscriptions_) {
    const LiveDevicePtr& device = subscription.watch.device();
    if (device == nullptr) continue;
    const auto allowed =
        hub::permitted_device(directory, options_.account_id, device->sn(), Rights::kMonitor);
    if (!allowed) refused.push_back({.id = id, .error = allowed.error()});
  }
  std::ranges::sort(refused, {}, &Refused::id);
  for (const Refused& each : refused) unsubscribe(each.id);
  return refused;
}

void LiveSubscriptions::clear() {
  by_sn_.clear();
  watched_.clear();
  subscriptions_.clear();
  home_.reset();
  home_watch_ = {};
  schedule_.clear();
  twins_.clear();
}

}  // namespace gridloom::api
