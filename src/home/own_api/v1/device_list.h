// The list of GET /api/v1/devices: the choice of its devices, and the answer.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/message/answer_form.h"
#include "api/message/device_rows.h"
#include "base/result.h"
#include "base/string_map.h"
#include "catalog/family.h"
#include "http/message.h"
#include "hub/hub.h"
#include "overview/freshness.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::api {

// A page of the list, and the devices that are wanted.
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

// The devices that a list is made from.
struct DeviceList {
  hub::Hub& hub;
  DeviceRows& rows;
  registry::AccountId account{};
};

// Answers with the devices. Runs on the loop of the request. `states` are needed where the choice
// has some.
void list_devices(const DeviceList& list, const DeviceChoice& choice,
                  const StringMap<overview::Freshness>* states, const AnswerForm& form,
                  Callback<http::Response> done);

}  // namespace gridloom::api
