// Bodies about a device: a row of the list, all its values, a command.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "catalog/product.h"
#include "own_api/bodies/events.h"
#include "registry/directory.h"

namespace gridloom::api {

// An account has at least the right to look at a device that it sees: kNone is never sent.
template <>
struct schema::Words<registry::Rights> {
  static constexpr std::string_view kName = "Rights";
  static constexpr std::array kValues = {registry::Rights::kOwner, registry::Rights::kFull,
                                         registry::Rights::kMonitor};
};

template <>
struct schema::Words<catalog::Unserved> {
  using enum catalog::Unserved;
  static constexpr std::string_view kName = "Unserved";
  static constexpr std::array kValues = catalog::kUnserved;
};

namespace body {

struct DeviceBody {
  std::string_view sn;
  std::string_view name;
  std::string_view family;
  std::string_view product;
  std::optional<catalog::Unserved> unserved{};
  std::string_view owner;
  registry::Rights rights{};
  bool online = false;
};
const schema::Body& describe(schema::Of<DeviceBody> /*of*/);

struct DeviceState : DeviceBody {
  std::optional<std::int64_t> reported_at_ms{};
  std::vector<ActiveError> faults{};
  schema::RawObject values{};
};
const schema::Body& describe(schema::Of<DeviceState> /*of*/);

// The rows are written one by one (api/message/device_rows.h).
struct Devices;
const schema::Body& describe(schema::Of<Devices> /*of*/);

// Passed on as it came.
struct Command;
const schema::Body& describe(schema::Of<Command> /*of*/);

}  // namespace body
}  // namespace gridloom::api
