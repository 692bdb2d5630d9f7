// The values of a device's twin at one moment, as a value: it is read on the loop of the device's
// shard and used on any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace gridloom::hub {

// JSON texts by slot, in two blocks of memory. In ascending order of the slots.
class SlotTexts {
 public:
  // `slot` is greater than those that were added before.
  void add(std::size_t slot, std::string_view text) {
    ends_.push_back({.slot = slot, .end = texts_.size() + text.size()});
    texts_ += text;
  }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] std::size_t bytes() const { return texts_.size(); }
  // Calls for each with the slot and its text, which is valid as long as this object.
  template <typename Each>
  void for_each(const Each& each) const {
    std::size_t begin = 0;
    for (const auto& [slot, end] : ends_) {
      each(slot, std::string_view(texts_).substr(begin, end - begin));
      begin = end;
    }
  }

 private:
  struct End {
    std::size_t slot = 0;
    std::size_t end = 0;  // in texts_
  };
  std::string texts_;
  std::vector<End> ends_;
};

struct TwinSnapshot {
  std::string sn;
  // The number of the last change of the device's partition: later changes have greater ones.
  std::uint64_t number = 0;
  bool has_values = false;               // the device has reported
  std::optional<TimePoint> last_report;  // nothing: it has not reported
  TimePoint moment;                      // when that of `before` began
  // By slot: the quotas that the family declares, and behind them those that the device has beside.
  std::shared_ptr<const std::vector<std::string>> declared;
  std::vector<std::string> extra;
  SlotTexts values{};
  // Those that were others when the moment began, as they were then; an empty text: there was no
  // value. Only quotas with a nature in W are remembered (twin::Twin::begin_moment()).
  SlotTexts before{};

  [[nodiscard]] std::size_t bytes() const { return values.bytes() + before.bytes(); }  // of texts
  [[nodiscard]] std::size_t names() const { return declared->size() + extra.size(); }
  [[nodiscard]] const std::string& name_of(std::size_t slot) const {
    return slot < declared->size() ? (*declared)[slot] : extra[slot - declared->size()];
  }
};

}  // namespace gridloom::hub
