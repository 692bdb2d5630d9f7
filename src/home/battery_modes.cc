#include "home/battery_modes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>

#include "catalog/family.h"
#include "hub/credentials.h"
#include "overview/home_picture.h"
#include "overview/overview.h"
#include "overview/values.h"
#include "storage/summed_file.h"

namespace gridloom::home {
namespace {

using catalog::BatteryMode;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kMaxFile = std::size_t{16} << 20U;  // bytes
constexpr std::int64_t kVersion = 1;

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
  return value ? overview::number_of(*field, *value) : std::nullopt;
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

Result<JsonObject> read_file(const std::filesystem::path& file) {
  const auto text = storage::read_summed_file(file, kMaxFile);
  if (!text) return std::unexpected(text.error());
  auto json = wire::parse_json(*text, {.bytes = text->size(), .keys = text->size()});
  const Json* version = json ? wire::member(*json, "version") : nullptr;
  const Json* leases = json ? wire::member(*json, "leases") : nullptr;
  if (version == nullptr || *version != kVersion || leases == nullptr || !leases->is_array()) {
    return fail(ErrorCode::kMalformed, fmt::format("{} has no leases", file.string()));
  }
  return std::move(json->get_object());
}

}  // namespace

std::string_view name_of(ModeState state) {
  switch (state) {
    case ModeState::kSent:
      return "sent";
    case ModeState::kApplied:
      return "applied";
    case ModeState::kNotApplied:
      return "not_applied";
    case ModeState::kRestoring:
      break;
  }
  return "restoring";
}

Status check_battery_mode_file(const std::filesystem::path& file) {
  const auto read = read_file(file);
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
  };
  std::vector<Plan> plans{};
};

BatteryModes::BatteryModes(Options options) : options_(std::move(options)) {
  const std::lock_guard lock(mutex_);
  load();
}

// --- asking for a mode

Result<std::vector<std::string>> BatteryModes::devices_for(const Asked& asked) const {
  const hub::Platform& platform = options_.hub->platform();
  const auto directory = platform.registry.directory();
  std::vector<std::string> all;
  if (!asked.sn.empty()) {
    const auto device =
        hub::permitted_device(*directory, asked.account, asked.sn, registry::Rights::kFull);
    if (!device) return std::unexpected(device.error());
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

void BatteryModes::set(Asked asked, hub::ReplyTo<Leases> reply_to) {
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
  Asking::Plan plan{.sn = twin.sn, .message = {}, .lease = {}};
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
  plan.lease.set_id.clear();
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
      const auto earlier = leases_;
      for (Asking::Plan& plan : asking->plans) {
        plan.lease.until = now + kLease;
        leases_[{asking->asked.account, plan.sn}] = plan.lease;
      }
      prepared = save();
      if (!prepared) leases_ = earlier;
    }
    if (!prepared) {
      asking->error = prepared.error();
      asking->plans.clear();
    }
    asking->open = asking->plans.size();
  }
  if (asking->plans.empty()) return answer(asking);
  for (Asking::Plan& plan : asking->plans) {
    options_.sets->send(
        {.id = {.account = asking->asked.account, .sn = plan.sn, .id = {}},
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
      found->second.set_id = record->id.id;
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
  hub::answer<Leases>(std::move(asking->reply_to), list(asking->asked.account));
}

BatteryModes::Leases BatteryModes::list(AccountId account) const {
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

// Reads from the sets whether the fields show the modes now.
void BatteryModes::watch_states() {
  const std::lock_guard lock(mutex_);
  for (auto& [key, lease] : leases_) {
    if (lease.set_id.empty() || lease.state == ModeState::kRestoring) continue;
    for (const SetRecord& record : options_.sets->list(key.first, key.second)) {
      if (record.id.id != lease.set_id) continue;
      if (record.state == SetState::kApplied) lease.state = ModeState::kApplied;
      const bool has_failed = record.is_final() && record.state != SetState::kApplied;
      if (has_failed) lease.state = ModeState::kNotApplied;
      if (record.is_final()) lease.set_id.clear();
    }
  }
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
  if (const Status saved = save(); !saved) {
    spdlog::error("{}: {}", kBatteryModeFile, saved.error().detail);
  }
}

// --- the file

void BatteryModes::load() {
  if (options_.data.empty()) return;
  const auto json = read_file(options_.data / kBatteryModeFile);
  if (!json) {
    if (json.error().code == ErrorCode::kNotFound) return;
    spdlog::error("batteries may keep a mode that has ended: {}", json.error().detail);
    return;
  }
  const TimePoint now = options_.hub->platform().steady->now();
  for (const Json& each : json->at("leases").as_array()) {
    const Json* account = wire::member(each, "account");
    const Json* sn = wire::member(each, "sn");
    const Json* mode = wire::member(each, "mode");
    const Json* before = wire::member(each, "before");
    const Json* given = wire::member(each, "given");
    const bool is_whole = account != nullptr && account->is_int64() && sn != nullptr &&
                          sn->is_string() && mode != nullptr && mode->is_int64() &&
                          before != nullptr && before->is_object() && given != nullptr &&
                          given->is_object();
    if (!is_whole) continue;
    leases_[{AccountId{account->get_int64()}, std::string(sn->get_string())}] = {
        .mode = static_cast<BatteryMode>(mode->get_int64()),
        .state = ModeState::kSent,
        .until = now + kLease,
        .before = before->get_object(),
        .given = given->get_object()};
  }
}

Status BatteryModes::save() const {
  if (options_.data.empty()) return {};
  JsonArray leases;
  for (const auto& [key, lease] : leases_) {
    leases.emplace_back(JsonObject{{"account", std::to_underlying(key.first)},
                                   {"sn", key.second},
                                   {"mode", std::to_underlying(lease.mode)},
                                   {"before", lease.before},
                                   {"given", lease.given}});
  }
  return storage::write_summed_file(
      options_.data / kBatteryModeFile,
      wire::to_text(JsonObject{{"version", kVersion}, {"leases", std::move(leases)}}));
}

}  // namespace gridloom::home
