// Messages of a device in its family's form, made of values: what the device's own reports and
// replies would say. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::bridges {

class DeviceMessages {
 public:
  // `now` is that of the first message's device: its running time begins there.
  DeviceMessages(catalog::FamilyPtr family, TimePoint now);

  // By Field::name.
  using Values = std::vector<std::pair<std::string, wire::Json>>;
  // The reports that carry these values, each value in one of them.
  [[nodiscard]] std::vector<std::string> reports(const Values& values, TimePoint now);
  // The reply to a set that was carried out: `result` as the family's replies have it.
  [[nodiscard]] std::string reply(const wire::JsonObject& set, wire::JsonObject result,
                                  TimePoint now);
  // The reply to a set that was not.
  [[nodiscard]] std::string refusal(const wire::JsonObject& set, std::string_view why,
                                    TimePoint now);

 private:
  // The members of an envelope, with the values of its references; null: there is no set.
  void put_envelope(wire::JsonObject& into, const wire::JsonObject& envelope,
                    const wire::JsonObject* set, TimePoint now);

  const catalog::FamilyPtr family_;
  const TimePoint began_;
  std::int64_t last_id_;
};

}  // namespace gridloom::bridges
