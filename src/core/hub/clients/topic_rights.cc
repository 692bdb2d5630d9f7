#include "hub/clients/topic_rights.h"

#include <optional>

#include "wire/mqtt/topic.h"

namespace gridloom::hub {

bool has_wildcard(std::string_view filter) {
  return filter.find_first_of("+#") != std::string_view::npos;
}

std::string_view publish_rule(Role role) {
  switch (role) {
    case Role::kAccount:
      return "an account publishes to /open/<its certificate account>/<sn>/set and .../get";
    case Role::kDevice:
      return "a device publishes to /device/<its sn>/quota, set_reply, get_reply and status";
    case Role::kGateway:
      break;
  }
  return "a gateway publishes to /device/<sn>/quota, set_reply, get_reply and status of its "
         "devices";
}

std::string_view subscribe_rule(Role role) {
  switch (role) {
    case Role::kAccount:
      return "an account subscribes below /open/<its certificate account>/";
    case Role::kDevice:
      return "a device subscribes below /device/<its sn>/";
    case Role::kGateway:
      break;
  }
  return "a gateway subscribes below /device/";
}

FilterScope scope_of(const Identity& who, std::string_view filter, Wildcards wildcards) {
  if (const auto shared = wire::mqtt::shared_parts(filter)) filter = shared->filter;
  if (wildcards == Wildcards::kDenied && has_wildcard(filter)) return {};
  std::string_view rest = filter;
  if (who.role == Role::kAccount) {
    if (!rest.starts_with(wire::kOpenTopics)) return {};
    rest.remove_prefix(wire::kOpenTopics.size());
    const auto account = wire::take_level(rest);
    if (!account || *account != who.name) return {};
  } else {
    if (!rest.starts_with(wire::kDeviceTopics)) return {};
    rest.remove_prefix(wire::kDeviceTopics.size());
  }
  const std::string_view sn = rest.substr(0, rest.find('/'));
  const bool one = !sn.empty() && !has_wildcard(sn);
  if (who.role == Role::kDevice && (!one || sn != who.name)) return {};
  return {.granted = true, .sn = one ? sn : std::string_view()};
}

}  // namespace gridloom::hub
