// The body of GET /api/v1/home.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "overview/freshness.h"
#include "overview/home_picture.h"
#include "own_api/bodies/events.h"

namespace gridloom::api {

template <>
struct schema::Words<overview::Role> {
  using enum overview::Role;
  static constexpr std::string_view kName = "Role";
  static constexpr std::array kValues = {kMeter, kFeeder, kConsumer, kPanel, kOther};
};

template <>
struct schema::Words<overview::UnknownReason> {
  using enum overview::UnknownReason;
  static constexpr std::string_view kName = "UnknownReason";
  static constexpr std::array kValues = {kNever, kOffline, kOld, kNotReported, kNotMeasured};
};

template <>
struct schema::Words<overview::PowerPlace> {
  using enum overview::PowerPlace;
  static constexpr std::string_view kName = "NodeId";
  static constexpr std::array kValues = {kSun, kBattery, kGrid, kHome, kCar, kHeat};
};

template <>
struct schema::Words<overview::GridCaption> {
  using enum overview::GridCaption;
  static constexpr std::string_view kName = "GridCaption";
  static constexpr std::array kValues = {kMeasured, kImportOfDevices, kNone};
};

template <>
struct schema::Words<overview::Freshness> {
  using enum overview::Freshness;
  static constexpr std::string_view kName = "State";
  static constexpr std::array kValues = {kLive, kQuiet, kOffline, kNever};
};

namespace body {

using NumberOrNull = schema::OrNull<double>;

struct UnknownDevice {
  std::string_view sn;
  overview::UnknownReason reason{};
};
const schema::Body& describe(schema::Of<UnknownDevice> /*of*/);

struct HomeNode {
  NumberOrNull power_w{};
  bool at_least = false;
  std::optional<double> known_w{};
  std::optional<NumberOrNull> charge_percent{};
  std::optional<std::vector<UnknownDevice>> unknown{};
  std::optional<std::size_t> unknown_devices{};
};
const schema::Body& describe(schema::Of<HomeNode> /*of*/);

struct Flow {
  overview::PowerPlace from{};
  overview::PowerPlace to{};
  double power_w = 0;
};
const schema::Body& describe(schema::Of<Flow> /*of*/);

struct Today {
  NumberOrNull sun_kwh{};
  NumberOrNull grid_import_kwh{};
  NumberOrNull grid_export_kwh{};
  NumberOrNull home_kwh{};
  NumberOrNull battery_in_kwh{};
  NumberOrNull battery_out_kwh{};
  NumberOrNull self_sufficiency_percent{};
  bool at_least = false;
  schema::OrNull<std::int64_t> unknown_s{};
};
const schema::Body& describe(schema::Of<Today> /*of*/);

struct HomeDeviceBody {
  std::string_view sn;
  std::string_view name;
  std::string_view family;
  std::string_view family_name;
  overview::Role role{};
  overview::Freshness state{};
  schema::OrNull<std::int64_t> last_report_ms{};
  NumberOrNull charge_percent{};
  NumberOrNull battery_power_w{};
  NumberOrNull sun_power_w{};
  NumberOrNull load_power_w{};
  NumberOrNull grid_power_w{};
  std::optional<std::int64_t> full_in_s{};
  std::optional<std::int64_t> empty_in_s{};
  std::vector<ActiveError> faults{};
};
const schema::Body& describe(schema::Of<HomeDeviceBody> /*of*/);

struct HomeBody {
  std::int64_t now_ms = 0;
  schema::Map<overview::PowerPlace, HomeNode> nodes{};
  std::vector<Flow> flows{};
  NumberOrNull unaccounted_w{};
  overview::GridCaption grid_caption{};
  Today today{};
  std::vector<HomeDeviceBody> devices{};
};
const schema::Body& describe(schema::Of<HomeBody> /*of*/);

}  // namespace body
}  // namespace gridloom::api
