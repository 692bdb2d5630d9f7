// The messages by which Home Assistant learns of a device and its entities (device discovery), and
// the topics that they name. Pure.
//
//   PREFIX/device/gridloom_SN/config       the device with all its entities; retained
//   PREFIX/status                          Home Assistant's birth and will
//   BASE/bridge/NAME/status                online or offline, which is the bridge's will; retained
//   BASE/bridge/NAME/home                  values of the home as JSON; retained
//   BASE/bridge/NAME/published/SN          what was announced of a device (Announced); retained
//   BASE/device/SN/availability            online while its values are of now; retained
//   BASE/device/SN/state/TOPIC             values of up to kMaxOfTopic entities as JSON; retained
//   BASE/device/SN/set/KEY                 a value for a control
//
// A device has one topic for all entities that are enabled by default, and one for each group of
// the others, not one for each entity. With 500 entities in 2,000 devices, topics of entities would
// be a million retained messages in the broker, and a report that changes 30 values would be 30
// publications; here it is one to three, and Home Assistant receives the first topic alone unless
// its user enables more. Its price is a template in each entity.
//
// States are retained and have no `expire_after`: a retained value that is received again would
// begin a new term and look fresh. Availability says instead whether values are of now: the
// device's topic says `offline` as soon as its values are old, and the will of the bridge covers
// the rest, so both must be online (`availability_mode` is `all`).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/home_assistant/entities.h"
#include "bridges/home_assistant/entity.h"
#include "wire/json.h"

namespace gridloom::bridges::home_assistant {

inline constexpr std::string_view kOnline = "online";
inline constexpr std::string_view kOffline = "offline";

// The announcement of a device, kept so that a later run of the bridge can take it back. The broker
// has it, beside the messages that it is about.
struct Announced {
  std::map<std::string, Platform, std::less<>> entities{};  // by key
  std::vector<std::string> topics{};                        // of states
};
[[nodiscard]] Announced announced_of(const Entities& entities);
[[nodiscard]] std::string text_of(const Announced& announced);
// Nothing: it is not such a text.
[[nodiscard]] std::optional<Announced> parse_announced(std::string_view text);

class Topics {
 public:
  Topics(std::string prefix, std::string base, std::string_view bridge);

  [[nodiscard]] std::string birth() const { return prefix_ + "/status"; }
  [[nodiscard]] std::string status() const { return bridge_ + "/status"; }
  [[nodiscard]] std::string published(std::string_view sn) const;
  [[nodiscard]] std::string config(std::string_view sn) const;
  [[nodiscard]] std::string availability(std::string_view sn) const;
  [[nodiscard]] std::string state(std::string_view sn, std::string_view topic) const;
  [[nodiscard]] std::string set(std::string_view sn, std::string_view key) const;

  // The home is a device as well.
  [[nodiscard]] const std::string& home_id() const { return home_id_; }
  [[nodiscard]] std::string home_config() const;
  [[nodiscard]] std::string home_state() const { return bridge_ + "/home"; }

  [[nodiscard]] std::string published_filter() const { return bridge_ + "/published/+"; }
  [[nodiscard]] std::string set_filter() const;
  // Discovery with a message for each entity has the topics PREFIX/PLATFORM/NODE/KEY/config.
  [[nodiscard]] std::string single_filter() const { return prefix_ + "/+/+/+/config"; }

  struct Set {
    std::string_view sn;
    std::string_view key;
  };
  // Views into the topic. Nothing: it is another one.
  [[nodiscard]] std::optional<Set> parse_set(std::string_view topic) const;
  [[nodiscard]] std::optional<std::string_view> parse_published(std::string_view topic) const;
  // The node of a topic of single_filter().
  [[nodiscard]] std::optional<std::string_view> parse_single(std::string_view topic) const;

 private:
  std::string prefix_;
  std::string base_;
  std::string bridge_;   // BASE/bridge/NAME
  std::string home_id_;  // gridloom_home_NAME
};

// "gridloom_SN", with what Home Assistant allows in an id.
[[nodiscard]] std::string device_id(std::string_view sn);

struct DeviceNames {
  std::string_view sn;
  std::string_view name;
  std::string_view product;  // empty: nobody knows
};
// The device and its entities. `removed`: entities of it that Home Assistant knows and that are no
// more; they stand there without anything but their platform, and the message is to be followed by
// one without them.
[[nodiscard]] wire::JsonObject config_message(
    const Topics& topics, const DeviceNames& device, const Entities& entities,
    const std::map<std::string, Platform, std::less<>>& removed = {});

}  // namespace gridloom::bridges::home_assistant
