// The platform's topics: how they are spelled, and what a topic means. Pure.
//
// Apps:    /open/<certificate account>/<sn>/<verb>   (document 002, "MQTT Topic")
// Devices: /device/<sn>/<verb>                       (ours: the documents show the apps' side only)
//
// No other file spells them. In place of a serial number or an account, the functions take what a
// filter or a template has there ("+", "{sn}").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::wire {

// The first level of all topics of apps, and of devices, with its slashes.
inline constexpr std::string_view kOpenTopics = "/open/";
inline constexpr std::string_view kDeviceTopics = "/device/";

enum class Verb : std::uint8_t { kQuota, kSet, kSetReply, kGet, kGetReply, kStatus };
[[nodiscard]] std::string_view name_of(Verb verb);
[[nodiscard]] std::optional<Verb> verb_of(std::string_view name);

struct OpenTopic {
  std::string_view account;  // certificate account
  std::string_view sn;
  Verb verb{};
};
struct DeviceTopic {
  std::string_view sn;
  Verb verb{};
};
// Empty: `topic` is none. The views point into `topic`.
[[nodiscard]] std::optional<OpenTopic> open_topic(std::string_view topic);
[[nodiscard]] std::optional<DeviceTopic> device_topic(std::string_view topic);

[[nodiscard]] std::string make_open_topic(std::string_view account, std::string_view sn, Verb verb);
[[nodiscard]] std::string make_device_topic(std::string_view sn, Verb verb);
// All of a topic but its verb, with the slash before it.
[[nodiscard]] std::string open_topics(std::string_view account, std::string_view sn);
[[nodiscard]] std::string device_topics(std::string_view sn);

// Removes the first level and its slash from `rest`. Empty: no further level follows.
[[nodiscard]] std::optional<std::string_view> take_level(std::string_view& rest);

}  // namespace gridloom::wire
