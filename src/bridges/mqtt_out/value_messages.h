// The messages that the bridge "mqtt" makes of a device's values. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "bridges/core/patterns.h"
#include "bridges/core/plain_value.h"
#include "bridges/mqtt_out/bridge.h"
#include "catalog/family.h"

namespace gridloom::bridges {

// The names of a device, as topics have them.
struct TopicDevice {
  std::string sn;
  std::string name;
  std::string family;
};
[[nodiscard]] TopicDevice topic_device(std::string_view sn, std::string_view name,
                                       const catalog::Family& family);

struct ValueMessage {
  std::string topic;
  std::string payload;
};

// One quota as the device has it now.
struct QuotaNow {
  std::string_view name;
  const catalog::Field* field = nullptr;  // may be null
  std::string_view json;
  std::optional<TimePoint> at{};  // of the report
};

// The messages of a quota: one, or one for each declared value in an object or an array. A value
// that the device says it does not have is an empty text, or null in JSON.
[[nodiscard]] std::vector<ValueMessage> messages_of(const MqttSettings& settings,
                                                    const TopicDevice& device,
                                                    const catalog::Family& family,
                                                    const QuotaNow& quota);
[[nodiscard]] std::string availability_topic(const MqttSettings& settings,
                                             const TopicDevice& device);
// The group of the family's page that the quota belongs to, or else the name up to its first dot.
[[nodiscard]] std::string_view group_of(const catalog::Family& family, std::string_view quota);

}  // namespace gridloom::bridges
