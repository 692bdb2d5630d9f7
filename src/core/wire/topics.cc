#include "wire/topics.h"

#include <array>
#include <utility>

namespace gridloom::wire {
namespace {

using namespace std::string_view_literals;

constexpr std::array kVerbs = {
    std::pair{"quota"sv, Verb::kQuota},        std::pair{"set"sv, Verb::kSet},
    std::pair{"set_reply"sv, Verb::kSetReply}, std::pair{"get"sv, Verb::kGet},
    std::pair{"get_reply"sv, Verb::kGetReply}, std::pair{"status"sv, Verb::kStatus}};

}  // namespace

std::string_view name_of(Verb verb) {
  for (const auto& [text, value] : kVerbs) {
    if (value == verb) return text;
  }
  return {};
}

std::optional<Verb> verb_of(std::string_view name) {
  for (const auto& [text, verb] : kVerbs) {
    if (text == name) return verb;
  }
  return std::nullopt;
}

std::optional<OpenTopic> open_topic(std::string_view topic) {
  if (!topic.starts_with(kOpenTopics)) return std::nullopt;
  topic.remove_prefix(kOpenTopics.size());
  const auto account = take_level(topic);
  const auto sn = take_level(topic);
  const auto verb = verb_of(topic);
  if (!account || !sn || sn->empty() || !verb) return std::nullopt;
  return OpenTopic{.account = *account, .sn = *sn, .verb = *verb};
}

std::optional<DeviceTopic> device_topic(std::string_view topic) {
  if (!topic.starts_with(kDeviceTopics)) return std::nullopt;
  topic.remove_prefix(kDeviceTopics.size());
  const auto sn = take_level(topic);
  const auto verb = verb_of(topic);
  if (!sn || sn->empty() || !verb) return std::nullopt;
  return DeviceTopic{.sn = *sn, .verb = *verb};
}

std::string make_open_topic(std::string_view account, std::string_view sn, Verb verb) {
  std::string topic = open_topics(account, sn);
  topic += name_of(verb);
  return topic;
}

std::string make_device_topic(std::string_view sn, Verb verb) {
  std::string topic = device_topics(sn);
  topic += name_of(verb);
  return topic;
}

std::string open_topics(std::string_view account, std::string_view sn) {
  std::string topics(kOpenTopics);
  topics.append(account).append(1, '/').append(sn).append(1, '/');
  return topics;
}

std::string device_topics(std::string_view sn) {
  std::string topics(kDeviceTopics);
  topics.append(sn).append(1, '/');
  return topics;
}

std::optional<std::string_view> take_level(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view level = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  return level;
}

}  // namespace gridloom::wire
