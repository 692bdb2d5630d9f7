#include "home/battery_modes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>

#include "base/secret.h"
#include "catalog/family.h"
#include "catalog/readable_values.h"
#include "home/mode_text.h"
#include "hub/platform/credentials.h"
#include "overview/home_picture.h"
#include "overview/overview.h"
#include "storage/summed_file.h"

namespace gridloom::home {
namespace {

using catalog::BatteryMode;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kMaxFile = std::size_t{16} << 20U;  // bytes
constexpr std::string_view kModesService = "battery modes";
constexpr std::string_view kModesKey = kBatteryModesService;  // of States
constexpr std::size_t kMaxSaves = 64;                         // that wait for the thread
constexpr std::size_t kSetIdBytes = 8;                        // of a set

// A panel has the charge of other devices' batteries.
bool has_battery(const catalog::Family& family) {
  if (overview::role_of(family) == overview::Role::kPanel) return false;
  const history::EnergySources sources(family);
  using enum history::Power;
  return overview::has_charge(family) || overview::measures(sources, kBattery) ||
         overview::measures(sources, kBatteryCharge);
}

std::optional<Json> value_in(const hub::TwinSnapshot& twin, std::string_view name) {
  std::optional<Json> found;
  twin.values.for_each([&](std::size_t slot, std::string_view text) {
    if (twin.name_of(slot) != name) return;
    if (auto value = wire::parse_json(text)) found = std::move(*value);
  });
  return found;
}

std::optional<double> charge_in(const catalog::Family& family, const hub::TwinSnapshot& twin) {
  const catalog::Field* field = overview::charge_field(family);
  const auto value = field == nullptr ? std::nullopt : value_in(twin, field->name);
  return value ? catalog::number_of(*field, *value) : std::nullopt;
}

std::string modes_text(const catalog::Family& family) {
  std::vector<std::string_view> names;
  for (const auto& [mode, command] : family.battery_modes) names.push_back(name_of(mode));
  if (names.empty()) return "none";
  names.insert(names.begin(), name_of(BatteryMode::kNormal));
  return fmt::format("{}", fmt::join(names, ", "));
}

// The parameters of one command in a map by command.
JsonObject& params_for(JsonObject& by_command, std::string_view command) {
  Json& params = by_command[command];
  if (!params.is_object()) params = JsonObject();
  return params.get_object();
}

// An empty text lists the modes.
void call(hub::Hub& hub, AccountId account, std::string text,
          hub::ReplyTo<BatteryModes::Leases> reply_to) {
  hub.calls().ask(
      account,
      {.partition = BatteryModes::kPartition,
       .service = std::string(kModesService),
       .text = std::move(text)},
      {.loop = reply_to.loop,
       .done = [done = std::move(reply_to.done)](const Result<hub::DeviceAnswer>& answer) mutable {
         done(leases_of(answer));
       }});
}

std::shared_ptr<storage::States> states_of(const BatteryModes::Options& options) {
  if (options.states || options.data.empty()) return options.states;
  return std::make_shared<storage::FolderStates>(options.data);
}

}  // namespace

Status check_battery_mode_file(const std::filesystem::path& file) {
  const auto read = leases_in(storage::read_summed_file(file, kMaxFile), file.string());
  return read ? Status() : std::unexpected(read.error());
}

// One request for a mode, while its devices are set.
struct BatteryModes::Asking {
  Asked asked;
  hub::ReplyTo<Leases> reply_to;
  std::size_t open = 0;  // sets that are not answered
  std::optional<Error> error{};
  // By serial number: what is to be sent, and the lease as it is then.
  struct Plan {
    std::string sn;
    JsonObject message;
    Lease lease;
    Lease earlier{};  // without anything before: there was none
  };
  std::vector<Plan> plans{};
};

BatteryModes::BatteryModes(Options options)
    : options_(std::move(options)), states_(states_of(options_)) {
  if (options_.states) worker_.emplace(std::vector<std::size_t>{kMaxSaves, 1});
  load();
  options_.hub->calls().answer_by(
      std::string(kModesService),
      [this](AccountId account, const std::string& text, Callback<Result<std::string>> done) {
        answer_call(account, text, std::move(done));
      });
}

BatteryModes::~BatteryModes() { options_.hub->calls().answer_by(std::string(kModesService), {}); }

void BatteryModes::answer_call(AccountId account, const std::string& text,
                               Callback<Result<std::string>> done) {
  if (text.empty()) return done(text_of(list_here(account)));
  const auto json = wire::parse_json(text);
  const auto mode = json ? mode_in(*json) : std::nullopt;
  if (!mode) return done(fail(ErrorCode::kMalformed, "not the text of a mode"));
  set_here({.account = account,
            .sn = std::string(wire::text_in(*json, "sn")),
            .mode = *mode,
            .origin = {.by = std::string(wire::text_in(*json, "by")),
                       .from = std::string(wire::text_in(*json, "from"))}},
           {.loop = options_.loop,
            .done = [done = std::move(done)](const Result<Leases>& leases) mutable {
              if (!leases) return done(std::unexpected(leases.error()));
              done(text_of(*leases));
            }});
}

void BatteryModes::set(Asked asked, hub::ReplyTo<Leases> reply_to) {
  if (options_.hub->calls().is_here(kPartition))
    return set_here(std::move(asked), std::move(reply_to));
  call(*options_.hub, asked.account, text_of(asked), std::move(reply_to));
}

void BatteryModes::list(AccountId account, hub::ReplyTo<Leases> reply_to) {
  if (options_.hub->calls().is_here(kPartition)) {
    return hub::answer<Leases>(std::move(reply_to), list_here(account));
  }
  call(*options_.hub, account, {}, std::move(reply_to));
}

// --- asking for a mode

Result<std::vector<std::string>> BatteryModes::devices_for(const Asked& asked) const {
  const hub::Platform& platform = options_.hub->platform();
  const auto directory = platform.registry.directory();
  std::vector<std::string> all;
  if (!asked.sn.empty()) {
    GL_TRY(hub::permitted_device(*directory, asked.account, asked.sn, registry::Rights::kFull));
    all.push_back(asked.sn);
  } else {
    for (const auto& list :
         {directory->devices_of(asked.account), directory->shared_with(asked.account)}) {
      for (const registry::Device* device : list) {
        const bool may_set =
            registry::Directory::rights(asked.account, *device) >= registry::Rights::kFull;
        const auto& family = platform.catalog->of_serial(device->sn);
        if (may_set && has_battery(*family)) all.push_back(device->sn);
      }
    }
  }
  std::vector<std::string> cannot;
  std::size_t can = 0;
  for (const std::string& sn : all) {
    const auto& family = platform.catalog->of_serial(sn);
    const bool does = asked.mode == BatteryMode::kNormal
                          ? !family->battery_modes.empty()
                          : family->battery_modes.contains(asked.mode);
    can += does ? 1 : 0;
    if (!does) {
      cannot.push_back(fmt::format("{} ({}): {}", sn, family->product, modes_text(*family)));
    }
  }
  if (all.empty()) return fail(ErrorCode::kBadParams, "the account has no battery that it may set");
  const bool is_refused = asked.mode == BatteryMode::kNormal ? can == 0 : !cannot.empty();
  if (is_refused && !asked.sn.empty()) {
    const auto& family = platform.catalog->of_serial(asked.sn);
    return fail(
        ErrorCode::kBadParams,
        fmt::format("mode {} ({}) is not for {} ({}), which has {}", std::to_underlying(asked.mode),
                    name_of(asked.mode), asked.sn, family->product, modes_text(*family)));
  }
  if (is_refused) {
    return fail(
        ErrorCode::kBadParams,
        fmt::format("mode {} ({}) is not for all batteries; \"device\" names one. Modes of "
                    "those without it: {}",
                    std::to_underlying(asked.mode), name_of(asked.mode), fmt::join(cannot, "; ")));
  }
  return all;
}

void BatteryModes::set_here(Asked asked, hub::ReplyTo<Leases> reply_to) {
  const auto devices = devices_for(asked);
  if (!devices) {
    return hub::answer<Leases>(std::move(reply_to), std::unexpected(devices.error()));
  }
  auto asking =
      std::make_shared<Asking>(Asking{.asked = std::move(asked), .reply_to = std::move(reply_to)});
  const TimePoint now = options_.hub->platform().steady->now();
  std::vector<std::string> to_read;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& sn : *devices) {
      const auto found = leases_.find({asking->asked.account, sn});
      if (asking->asked.mode == BatteryMode::kNormal) {
        if (found != leases_.end()) {
          found->second.until = now;
          found->second.state = ModeState::kRestoring;
        }
        continue;
      }
      const bool renews =
          found != leases_.end() && found->second.mode == asking->asked.mode &&
          (found->second.state == ModeState::kSent || found->second.state == ModeState::kApplied);
      if (renews) {
        found->second.until = now + kLease;
      } else {
        to_read.push_back(sn);
      }
    }
  }
  if (asking->asked.mode == BatteryMode::kNormal) options_.loop->post([this] { tick(); });
  if (to_read.empty()) return answer(asking);
  options_.hub->read_twins(
      asking->asked.account, to_read,
      {.loop = options_.loop,
       .done = [this, asking,
                wanted = to_read.size()](Result<std::vector<hub::TwinSnapshot>> read) {
         if (read && read->size() < wanted) {
           asking->error = {.code = ErrorCode::kConflict,
                            .detail = "a battery has not reported since the server started"};
           return answer(asking);
         }
         if (!read) {
           asking->error = read.error();
           return answer(asking);
         }
         take_twins(asking, *read);
       }});
}

// Plans the set of one device: what was before, and what is sent.
Status BatteryModes::prepare(const AskingPtr& asking, const hub::TwinSnapshot& twin) {
  const auto& family = options_.hub->platform().catalog->of_serial(twin.sn);
  const catalog::ModeCommand& mode = family->battery_modes.at(asking->asked.mode);
  const catalog::Command& command = *catalog::command_named(*family, mode.command);
  const auto charge = charge_in(*family, twin);
  if (!charge) {
    return fail(ErrorCode::kConflict,
                fmt::format("the charge of {} is not known, so it cannot be set", twin.sn));
  }
  Asking::Plan plan{.sn = twin.sn, .message = {}, .lease = {}, .earlier = {}};
  if (const auto known = leases_.find({asking->asked.account, twin.sn}); known != leases_.end()) {
    plan.lease = known->second;
  } else if (leases_.size() >= kMaxLeases) {
    return fail(ErrorCode::kConflict, "too many batteries have a mode already");
  }
  JsonObject params = catalog::params_of(command, mode.params, *charge);
  JsonObject& before = params_for(plan.lease.before, mode.command);
  JsonObject& given = params_for(plan.lease.given, mode.command);
  for (const auto& param : params) {
    given[param.key()] = param.value();
    if (before.contains(param.key())) continue;
    const std::string field = catalog::field_of_param(command, param.key()).value_or("");
    const auto value = value_in(twin, field);
    if (!value) {
      return fail(
          ErrorCode::kConflict,
          fmt::format("{} has not reported {}, so it could not be restored", twin.sn, field));
    }
    before[param.key()] = *value;
  }
  // Parameters that an earlier mode gave and this one does not are put back at once.
  for (const auto& earlier : before) {
    if (!params.contains(earlier.key())) {
      params[earlier.key()] = earlier.value();
      given[earlier.key()] = earlier.value();
    }
  }
  plan.lease.mode = asking->asked.mode;
  plan.lease.state = ModeState::kSent;
  plan.lease.set_id = random_hex(kSetIdBytes);
  plan.message = catalog::set_message(*family, command, std::move(params));
  asking->plans.push_back(std::move(plan));
  return {};
}

void BatteryModes::take_twins(const AskingPtr& asking,
                              const std::vector<hub::TwinSnapshot>& twins) {
  {
    const std::lock_guard lock(mutex_);
    const TimePoint now = options_.hub->platform().steady->now();
    Status prepared;
    for (const hub::TwinSnapshot& twin : twins) {
      if (prepared) prepared = prepare(asking, twin);
    }
    if (prepared) {
      for (Asking::Plan& plan : asking->plans) {
        plan.lease.until = now + kLease;
        Lease& lease = leases_[{asking->asked.account, plan.sn}];
        plan.earlier = std::exchange(lease, plan.lease);
      }
    } else {
      asking->error = prepared.error();
      asking->plans.clear();
    }
    asking->open = asking->plans.size();
  }
  if (asking->plans.empty()) return answer(asking);
  save([this, asking](Status saved) { send_plans(asking, std::move(saved)); });
}

void BatteryModes::send_plans(const AskingPtr& asking, Status saved) {
  if (!saved) {
    asking->error = saved.error();
    const std::lock_guard lock(mutex_);
    for (Asking::Plan& plan : asking->plans) {
      const Key key{asking->asked.account, plan.sn};
      if (plan.earlier.before.empty()) {
        leases_.erase(key);
      } else {
        leases_[key] = std::move(plan.earlier);
      }
    }
  }
  if (!saved) return answer(asking);
  for (Asking::Plan& plan : asking->plans) {
    options_.sets->send(
        {.id = {.account = asking->asked.account, .sn = plan.sn, .id = plan.lease.set_id},
         .message = std::move(plan.message),
         .origin = asking->asked.origin},
        {.loop = options_.loop, .done = [this, asking, sn = plan.sn](const auto& record) {
           take_outcome(asking, sn, record);
         }});
  }
}

void BatteryModes::take_outcome(const AskingPtr& asking, const std::string& sn,
                                const Result<SetRecord>& record) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = leases_.find({asking->asked.account, sn});
    const bool was_sent =
        record && record->state != SetState::kRefused && record->state != SetState::kOffline;
    if (found != leases_.end() && was_sent) {
      if (record->state == SetState::kApplied) found->second.state = ModeState::kApplied;
      if (record->state == SetState::kUnanswered) found->second.state = ModeState::kNotApplied;
    }
    if (!was_sent) {
      asking->error =
          !record ? record.error()
          : record->error
              ? *record->error
              : Error{.code = ErrorCode::kConflict,
                      .detail = fmt::format("{} refused the mode: {}", sn, record->refusal)};
      // It may have another mode from before, so what was before is set again.
      if (found != leases_.end()) {
        found->second.state = ModeState::kRestoring;
        found->second.until = options_.hub->platform().steady->now();
      }
    }
    if (--asking->open != 0) return;
  }
  answer(asking);
}

void BatteryModes::answer(const AskingPtr& asking) const {
  if (asking->error) {
    return hub::answer<Leases>(std::move(asking->reply_to), std::unexpected(*asking->error));
  }
  hub::answer<Leases>(std::move(asking->reply_to), list_here(asking->asked.account));
}

BatteryModes::Leases BatteryModes::list_here(AccountId account) const {
  const hub::Platform& platform = options_.hub->platform();
  const std::lock_guard lock(mutex_);
  Leases all;
  for (auto each = leases_.lower_bound({account, std::string()});
       each != leases_.end() && each->first.first == account; ++each) {
    const auto left = each->second.until - platform.steady->now();
    all.push_back(
        {.sn = each->first.second,
         .mode = each->second.mode,
         .state = each->second.state,
         .until_ms = unix_ms(platform.clock.now() + std::chrono::duration_cast<Millis>(left))});
  }
  return all;
}

// --- the end of a lease

void BatteryModes::tick() {
  watch_states();
  std::vector<Key> over;
  {
    const std::lock_guard lock(mutex_);
    const TimePoint now = options_.hub->platform().steady->now();
    for (auto& [key, lease] : leases_) {
      if (lease.is_busy || now < lease.until || now < lease.retry_at) continue;
      lease.state = ModeState::kRestoring;
      if (!options_.hub->online(key.first, key.second)) continue;
      lease.is_busy = true;
      over.push_back(key);
    }
  }
  for (const Key& key : over) restore(key);
}

// Asks whether the fields show the modes now.
void BatteryModes::watch_states() {
  std::vector<std::pair<Key, SetId>> watched;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [key, lease] : leases_) {
      const bool is_watched = !lease.set_id.empty() && lease.state != ModeState::kRestoring;
      if (!is_watched || std::exchange(lease.is_asked, true)) continue;
      watched.emplace_back(key, SetId{.account = key.first, .sn = key.second, .id = lease.set_id});
    }
  }
  for (const auto& [key, id] : watched) {
    options_.sets->get(id, Millis(0), {.loop = options_.loop, .done = [this, key](const auto& set) {
                                         take_state(key, set);
                                       }});
  }
}

void BatteryModes::take_state(const Key& key, const Result<SetRecord>& record) {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(key);
  if (found == leases_.end()) return;
  Lease& lease = found->second;
  lease.is_asked = false;
  if (!record) {
    // Nothing more will be known of a set of an hour ago; a node that is away may come back.
    const bool is_unknown = record.error().code == ErrorCode::kNotFound;
    if (is_unknown && lease.state != ModeState::kSent) lease.set_id.clear();
    return;
  }
  if (record->id.id != lease.set_id || lease.state == ModeState::kRestoring) return;
  if (record->state == SetState::kApplied) lease.state = ModeState::kApplied;
  if (!record->is_final()) return;
  if (record->state != SetState::kApplied) lease.state = ModeState::kNotApplied;
  lease.set_id.clear();
}

void BatteryModes::restore(const Key& key) {
  options_.hub->read_twins(
      key.first, {key.second},
      {.loop = options_.loop,
       .done = [this, key](const Result<std::vector<hub::TwinSnapshot>>& read) {
         if (!read || read->empty()) return end_restore(key, false);
         send_restore(key, read->front());
       }});
}

void BatteryModes::send_restore(const Key& key, const hub::TwinSnapshot& twin) {
  const auto& family = options_.hub->platform().catalog->of_serial(key.second);
  std::optional<JsonObject> message;
  {
    const std::lock_guard lock(mutex_);
    const auto found = leases_.find(key);
    if (found == leases_.end()) return;
    for (const auto& each : found->second.before) {
      const catalog::Command* command = catalog::command_named(*family, each.key());
      if (command == nullptr || !each.value().is_object()) continue;
      const JsonObject& given = params_for(found->second.given, each.key());
      JsonObject params;
      for (const auto& param : each.value().get_object()) {
        const auto field = catalog::field_of_param(*command, param.key());
        const auto now = field ? value_in(twin, *field) : std::nullopt;
        const Json* was_given = given.if_contains(param.key());
        const bool is_ours = now && was_given != nullptr && catalog::same_value(*now, *was_given) &&
                             !catalog::same_value(*now, param.value());
        if (is_ours) params[param.key()] = param.value();
      }
      if (params.empty()) continue;
      message = catalog::set_message(*family, *command, std::move(params));
      break;  // the next command comes with the next attempt
    }
  }
  if (!message) return end_restore(key, true);
  options_.sets->send({.id = {.account = key.first, .sn = key.second, .id = {}},
                       .message = std::move(*message),
                       .origin = {.by = "battery mode", .from = {}}},
                      {.loop = options_.loop, .done = [this, key](const Result<SetRecord>& record) {
                         const bool may_not = record && record->error &&
                                              record->error->code == ErrorCode::kNoPermission;
                         end_restore(key, may_not);
                       }});
}

// A restore that was sent is looked at again: it is done once the fields show what was before.
void BatteryModes::end_restore(const Key& key, bool is_done) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = leases_.find(key);
    if (found == leases_.end()) return;
    const TimePoint now = options_.hub->platform().steady->now();
    found->second.is_busy = false;
    found->second.retry_at = now + kRetry;
    // A new mode was asked for meanwhile.
    if (now < found->second.until) return;
    if (!is_done) return;
    leases_.erase(found);
  }
  save([](const Status& saved) {
    if (!saved) spdlog::error("{}: {}", kBatteryModeFile, saved.error().detail);
  });
}

// --- what outlives the object

void BatteryModes::load() {
  if (!states_) return;
  const auto json = leases_in(states_->load("", kModesKey), kBatteryModeFile);
  if (!json) {
    if (json.error().code == ErrorCode::kNotFound) return;
    spdlog::error("batteries may keep a mode that has ended: {}", json.error().detail);
    return;
  }
  const std::lock_guard lock(mutex_);
  const TimePoint now = options_.hub->platform().steady->now();
  for (const Json& each : json->at("leases").as_array()) {
    const auto account = wire::whole_in(each, "account");
    const Json* sn = wire::member(each, "sn");
    const auto mode = mode_in(each);
    const Json* before = wire::member(each, "before");
    const Json* given = wire::member(each, "given");
    const bool is_whole = account && sn != nullptr && sn->is_string() && mode &&
                          before != nullptr && before->is_object() && given != nullptr &&
                          given->is_object();
    if (!is_whole) continue;
    leases_[{AccountId{*account}, std::string(sn->get_string())}] = {
        .mode = *mode,
        .state = ModeState::kSent,
        .until = now + kLease,
        .set_id = std::string(wire::text_in(each, "set")),
        .before = before->get_object(),
        .given = given->get_object()};
  }
}

void BatteryModes::save(Callback<Status> done) {
  if (!states_) return done({});
  JsonArray leases;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, lease] : leases_) {
      leases.emplace_back(JsonObject{{"account", std::to_underlying(key.first)},
                                     {"sn", key.second},
                                     {"mode", std::to_underlying(lease.mode)},
                                     {"set", lease.set_id},
                                     {"before", lease.before},
                                     {"given", lease.given}});
    }
  }
  std::string text =
      wire::to_text(JsonObject{{"version", kModesVersion}, {"leases", std::move(leases)}});
  if (!worker_) return done(states_->save("", kModesKey, text));
  const auto shared = std::make_shared<Callback<Status>>(std::move(done));
  const bool is_taken = worker_->post(0, [this, text = std::move(text), shared] {
    Status saved = states_->save("", kModesKey, text);
    options_.loop->post(
        [shared, saved = std::move(saved)]() mutable { (*shared)(std::move(saved)); });
  });
  if (!is_taken) (*shared)(fail(ErrorCode::kIo, "too many modes wait for the database"));
}

}  // namespace gridloom::home
