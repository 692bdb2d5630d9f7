#include "own_api/v1/consumer_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/message/params.h"
#include "base/string_map.h"
#include "hub/platform/credentials.h"
#include "overview/freshness.h"
#include "own_api/home/home_json.h"
#include "own_api/home/home_metrics.h"
#include "registry/directory.h"

namespace gridloom::api {
namespace {

using catalog::BatteryMode;
using home::HomeDevice;
using home::HomeDevicePtr;

constexpr std::size_t kTwinsAtOnce = 32;

Result<BatteryMode> mode_in(const wire::JsonObject& body) {
  const wire::Json* mode = body.if_contains("mode");
  const bool is_number = mode != nullptr && mode->is_int64();
  if (is_number && mode->get_int64() >= 1 && mode->get_int64() <= 4) {
    return static_cast<BatteryMode>(mode->get_int64());
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("mode is {}: must be 1 (normal), 2 (hold), 3 (charge) or 4 (holdcharge)",
                          mode == nullptr ? "missing" : shown(wire::plain_text(*mode))));
}

Result<std::string> device_in(const wire::JsonObject& body) {
  const wire::Json* device = body.if_contains("device");
  if (device == nullptr) return std::string();
  if (device->is_string() && !device->get_string().empty()) {
    return std::string(device->get_string());
  }
  return fail(ErrorCode::kBadParams, "device must be a serial number");
}

// The texts of a parameter that are separated by commas.
std::vector<std::string> list_in(const wire::JsonObject& params, std::string_view name) {
  std::vector<std::string> all;
  const wire::Json* value = params.if_contains(name);
  if (value == nullptr) return all;
  const std::string text = wire::plain_text(*value);
  for (const auto part : std::views::split(text, ',')) all.emplace_back(std::string_view(part));
  return all;
}

// `pattern` is a name, or the begin of one before a '*'.
bool fits(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

struct ConsumerApi::Names {
  const FamilyMetrics& of(const catalog::FamilyPtr& family) {
    auto& found = by_family[family.get()];
    if (!found) found = std::make_unique<FamilyMetrics>(*family);
    return *found;
  }
  std::map<const catalog::Family*, std::unique_ptr<FamilyMetrics>> by_family;
};

struct ConsumerApi::Work {
  Work(Call given, std::size_t max_fields) : call(std::move(given)), metrics(max_fields) {}

  [[nodiscard]] bool wants(std::string_view quota) const {
    return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
             return fits(pattern, quota);
           });
  }

  Call call;
  HomeMetrics metrics;
  std::vector<std::string> patterns;  // of fields; empty: all
  bool is_whole = true;               // not of some devices only
  std::shared_ptr<const home::HomeState> state;
  std::vector<HomeDevicePtr> devices;  // that are wanted
  std::vector<HomeDevicePtr> to_read;  // those whose values are of now, the next one last
};

ConsumerApi::ConsumerApi(const Services& services, Loop& loop)
    : services_(services), loop_(loop), names_(std::make_unique<Names>()) {}
ConsumerApi::~ConsumerApi() = default;

// --- evcc

void ConsumerApi::evcc(Call call) const {
  const AccountId account = call.account;
  services_.home.homes().get(
      account,
      {.loop = &loop_,
       .done = [this, call = std::move(call)](const Result<home::HomeFeed::Home>& home) mutable {
         if (!home) return call.done(call.form.failure(home.error()));
         with_modes(std::move(call), *home);
       }});
}

void ConsumerApi::with_modes(Call call, const home::HomeFeed::Home& home) const {
  const AccountId account = call.account;
  Callback<Result<home::BatteryModes::Leases>> done =
      [this, call = std::move(call),
       home](const Result<home::BatteryModes::Leases>& modes) mutable {
        // They are at another node that may be away: the home is known all the same.
        with_totals(std::move(call), home, modes ? std::optional(*modes) : std::nullopt);
      };
  services_.home.modes().list(account, {.loop = &loop_, .done = std::move(done)});
}

void ConsumerApi::with_totals(Call call, const home::HomeFeed::Home& home,
                              std::optional<home::BatteryModes::Leases> modes) const {
  const AccountId account = call.account;
  Callback<Result<home::EnergyCounters::Totals>> answer =
      [form = call.form, done = std::move(call.done), state = home.state, picture = home.picture,
       modes = std::move(modes)](const Result<home::EnergyCounters::Totals>& totals) mutable {
        const body::Evcc evcc = evcc_of(*state, *picture, totals ? totals->get() : nullptr, modes);
        done(form.success(schema::to_text(evcc)));
      };
  services_.home.counters().get(account, {.loop = &loop_, .done = std::move(answer)});
}

void ConsumerApi::battery_mode(Call call) const {
  const auto mode = mode_in(call.body);
  if (!mode) return call.done(call.form.failure(mode.error()));
  auto device = device_in(call.body);
  if (!device) return call.done(call.form.failure(device.error()));
  services_.home.modes().set(
      {.account = call.account,
       .sn = std::move(*device),
       .mode = *mode,
       .origin = std::move(call.origin)},
      {.loop = &loop_,
       .done = [form = call.form, done = std::move(call.done)](
                   const Result<home::BatteryModes::Leases>& leases) mutable {
         if (!leases) return done(form.failure(leases.error()));
         done(form.success(schema::to_text(body::BatteryModes{.modes = modes_of(*leases)})));
       }});
}

// --- metrics

void ConsumerApi::metrics(Call call) const {
  auto work = std::make_shared<Work>(std::move(call), services_.metrics_fields);
  services_.home.homes().get(
      work->call.account,
      {.loop = &loop_, .done = [this, work](const Result<home::HomeFeed::Home>& home) {
         if (!home) return work->call.done(work->call.form.failure(home.error()));
         work->state = home->state;
         Status chosen = choose(*work);
         if (chosen) chosen = check_fields(*work);
         if (!chosen) return work->call.done(work->call.form.failure(chosen.error()));
         if (work->is_whole) work->metrics.add_home(*home->picture);
         for (const HomeDevicePtr& device : work->devices) {
           work->metrics.add_device(*device, work->state->now);
           if (is_of_now(*device, work->state->now)) work->to_read.push_back(device);
         }
         std::ranges::reverse(work->to_read);
         add_counters(work);
       }});
}

// kNoPermission: a device that is asked for is not the account's.
Status ConsumerApi::choose(Work& work) const {
  work.patterns = list_in(work.call.params, "fields");
  const std::vector<std::string> sns = list_in(work.call.params, "devices");
  work.is_whole = sns.empty();
  if (work.is_whole) {
    work.devices = work.state->devices;
    return {};
  }
  const auto directory = services_.hub.platform().registry.directory();
  for (const std::string& sn : sns) {
    GL_TRY(hub::permitted_device(*directory, work.call.account, sn, registry::Rights::kMonitor));
  }
  for (const HomeDevicePtr& device : work.state->devices) {
    if (std::ranges::find(sns, device->sn) != sns.end()) work.devices.push_back(device);
  }
  return {};
}

// kBadParams: no device has a number under a name that is asked for.
Status ConsumerApi::check_fields(const Work& work) const {
  for (const std::string& pattern : work.patterns) {
    const bool is_known = std::ranges::any_of(work.devices, [&](const HomeDevicePtr& device) {
      const FamilyMetrics& metrics = names_->of(device->family);
      const catalog::Field* field = device->family->field(pattern);
      if (field != nullptr && metrics.of(*field) != nullptr) return true;
      return std::ranges::any_of(metrics.all(), [&](const FieldMetric& metric) {
        return fits(pattern, metric.field->name);
      });
    });
    if (is_known) continue;
    return fail(
        ErrorCode::kBadParams,
        fmt::format("fields has {}: no device has numbers under this name", shown(pattern)));
  }
  return {};
}

void ConsumerApi::add_counters(const WorkPtr& work) const {
  services_.home.counters().get(
      work->call.account,
      {.loop = &loop_, .done = [this, work](const Result<home::EnergyCounters::Totals>& totals) {
         if (totals) {
           if (work->is_whole) work->metrics.add_home_counters(**totals);
           StringMap<const home::EnergyTotals::Device*> by_sn;
           for (const auto& each : (*totals)->devices) by_sn.emplace(each.sn, &each);
           for (const HomeDevicePtr& device : work->devices) {
             const auto found = by_sn.find(device->sn);
             if (found == by_sn.end()) continue;
             work->metrics.add_counters(**totals, *found->second, device->name);
           }
         }
         read_fields(work);
       }});
}

void ConsumerApi::read_fields(const WorkPtr& work) const {
  if (work->metrics.is_full()) {
    for ([[maybe_unused]] const HomeDevicePtr& each : work->to_read) work->metrics.leave_out();
    work->to_read.clear();
  }
  if (work->to_read.empty()) return finish(work);
  const std::size_t some = std::min(work->to_read.size(), kTwinsAtOnce);
  StringMap<HomeDevicePtr> devices;
  std::vector<std::string> sns;
  for (std::size_t i = 0; i < some; ++i) {
    sns.push_back(work->to_read.back()->sn);
    devices.emplace(sns.back(), std::move(work->to_read.back()));
    work->to_read.pop_back();
  }
  services_.hub.read_twins(work->call.account, sns,
                           {.loop = &loop_,
                            .done = [this, work, devices = std::move(devices)](
                                        const Result<std::vector<hub::TwinSnapshot>>& read) {
                              for (const hub::TwinSnapshot& twin : *read) {
                                const HomeDevice& device = *devices.find(twin.sn)->second;
                                const FamilyMetrics& metrics = names_->of(device.family);
                                std::vector<HomeMetrics::Value> values;
                                twin.values.for_each([&](std::size_t slot, std::string_view json) {
                                  const std::string& quota = twin.name_of(slot);
                                  if (!work->wants(quota)) return;
                                  auto value = metric_value(*device.family, metrics, quota, json);
                                  if (value) values.push_back(std::move(*value));
                                });
                                work->metrics.add_fields(device, values);
                              }
                              read_fields(work);
                            }});
}

void ConsumerApi::finish(const WorkPtr& work) const {
  const HomeMetrics::Format format = HomeMetrics::format_for(work->call.accept);
  http::Response response;
  response.content_type = HomeMetrics::content_type(format);
  response.body = work->metrics.text(format);
  work->call.done(std::move(response));
}

}  // namespace gridloom::api
