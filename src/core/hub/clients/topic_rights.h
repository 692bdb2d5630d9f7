// The rights to use the platform's topics (wire/topics.h). Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "hub/clients/client.h"
#include "wire/topics.h"

namespace gridloom::hub {

using wire::device_topic;
using wire::DeviceTopic;
using wire::make_device_topic;
using wire::make_open_topic;
using wire::open_topic;
using wire::OpenTopic;
using wire::Verb;

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
