// The platform's topic space: the meaning of each topic and who may use it. Pure.
//
// Apps:    /open/<certificate account>/<sn>/<verb>   (document 002, "MQTT Topic")
// Devices: /device/<sn>/<verb>                       (ours: the documents show the apps' side only)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/client.h"

namespace gridloom::hub {

enum class Verb : std::uint8_t { kQuota, kSet, kSetReply, kGet, kGetReply, kStatus };
[[nodiscard]] std::string_view name_of(Verb verb);
[[nodiscard]] std::vector<Verb> all_verbs();

struct OpenTopic {
  std::string_view account;  // certificate account
  std::string_view sn;
  Verb verb{};
};
struct DeviceTopic {
  std::string_view sn;
  Verb verb{};
};
[[nodiscard]] std::optional<OpenTopic> open_topic(std::string_view topic);
[[nodiscard]] std::optional<DeviceTopic> device_topic(std::string_view topic);

[[nodiscard]] std::string make_open_topic(std::string_view account, std::string_view sn, Verb verb);
[[nodiscard]] std::string make_device_topic(std::string_view sn, Verb verb);

[[nodiscard]] bool has_wildcard(std::string_view filter);

// The topics that an identity of this role may publish and subscribe to, as the reason of a
// refusal.
[[nodiscard]] std::string_view publish_rule(Role role);
[[nodiscard]] std::string_view subscribe_rule(Role role);

// The topics that a filter covers, for one identity. A shared subscription
// ($share/<group>/<filter>) covers the topics of its filter.
struct FilterScope {
  bool granted = false;
  std::string_view sn;  // the one device it can match; empty: several
};
enum class Wildcards : std::uint8_t { kGranted, kDenied };
[[nodiscard]] FilterScope scope_of(const Identity& who, std::string_view filter,
                                   Wildcards wildcards);

}  // namespace gridloom::hub
