#include "hub/topics.h"

#include <array>
#include <utility>

#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

using namespace std::string_view_literals;

constexpr std::array kVerbs = {
    std::pair{"quota"sv, Verb::kQuota},        std::pair{"set"sv, Verb::kSet},
    std::pair{"set_reply"sv, Verb::kSetReply}, std::pair{"get"sv, Verb::kGet},
    std::pair{"get_reply"sv, Verb::kGetReply}, std::pair{"status"sv, Verb::kStatus}};

std::optional<Verb> verb_of(std::string_view name) {
  for (const auto& [text, verb] : kVerbs) {
    if (text == name) return verb;
  }
  return std::nullopt;
}

// Removes the first level from `rest`; nothing if no further level follows.
std::optional<std::string_view> take_level(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view level = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  return level;
}

constexpr std::string_view kOpen = "/open/";
constexpr std::string_view kDevice = "/device/";

}  // namespace

bool has_wildcard(std::string_view filter) {
  return filter.find_first_of("+#") != std::string_view::npos;
}

std::string_view name_of(Verb verb) {
  for (const auto& [text, value] : kVerbs) {
    if (value == verb) return text;
  }
  return {};
}

std::vector<Verb> all_verbs() {
  std::vector<Verb> verbs;
  verbs.reserve(std::size(kVerbs));
  for (const auto& [text, verb] : kVerbs) verbs.push_back(verb);
  return verbs;
}

std::optional<OpenTopic> open_topic(std::string_view topic) {
  if (!topic.starts_with(kOpen)) return std::nullopt;
  topic.remove_prefix(kOpen.size());
  const auto account = take_level(topic);
  const auto sn = take_level(topic);
  const auto verb = verb_of(topic);
  if (!account || !sn || sn->empty() || !verb) return std::nullopt;
  return OpenTopic{.account = *account, .sn = *sn, .verb = *verb};
}

std::optional<DeviceTopic> device_topic(std::string_view topic) {
  if (!topic.starts_with(kDevice)) return std::nullopt;
  topic.remove_prefix(kDevice.size());
  const auto sn = take_level(topic);
  const auto verb = verb_of(topic);
  if (!sn || sn->empty() || !verb) return std::nullopt;
  return DeviceTopic{.sn = *sn, .verb = *verb};
}

std::string make_open_topic(std::string_view account, std::string_view sn, Verb verb) {
  std::string topic(kOpen);
  return topic.append(account).append(1, '/').append(sn).append(1, '/').append(name_of(verb));
}

std::string make_device_topic(std::string_view sn, Verb verb) {
  std::string topic(kDevice);
  return topic.append(sn).append(1, '/').append(name_of(verb));
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
    if (!rest.starts_with(kOpen)) return {};
    rest.remove_prefix(kOpen.size());
    const auto account = take_level(rest);
    if (!account || *account != who.name) return {};
  } else {
    if (!rest.starts_with(kDevice)) return {};
    rest.remove_prefix(kDevice.size());
  }
  const std::string_view sn = rest.substr(0, rest.find('/'));
  const bool one = !sn.empty() && !has_wildcard(sn);
  if (who.role == Role::kDevice && (!one || sn != who.name)) return {};
  return {.granted = true, .sn = one ? sn : std::string_view()};
}

}  // namespace gridloom::hub
