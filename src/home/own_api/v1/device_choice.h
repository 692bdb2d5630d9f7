// The choice of GET /api/v1/devices: a page of the list, and the devices that are wanted. Pure.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "overview/freshness.h"
#include "wire/json.h"

namespace gridloom::api {

struct DeviceChoice {
  static constexpr std::size_t kMaxLimit = 1000;
  static constexpr std::size_t kMaxSearch = 100;  // bytes

  std::string after{};                        // a serial number; empty: from the first device on
  std::optional<std::size_t> limit{};         // nothing: all
  std::vector<overview::Freshness> states{};  // empty: any
  std::string family{};                       // an id; empty: any
  std::string search{};                       // in lower case; empty: any
};
// kBadParams: a parameter is wrong; the detail names it and what is valid.
[[nodiscard]] Result<DeviceChoice> parse_device_choice(const wire::JsonObject& params,
                                                       const catalog::Catalog& catalog);

// The text in which DeviceChoice::search is looked for.
[[nodiscard]] std::string search_text(std::initializer_list<std::string_view> texts);

}  // namespace gridloom::api
