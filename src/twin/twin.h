// A Twin is the platform's copy of one device's state: its quotas as the device last reported them.
// It is pure: reports in, replies out; no clock, no socket, no thread.
//
// One writer: a twin belongs to its shard, and no other code holds a reference. Values are kept as
// the JSON text that the device sent, so a reply is assembled without any conversion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "twin/layout.h"
#include "twin/report_reader.h"

namespace gridloom::twin {

// Limits on the data one device can make the platform keep, beyond the fields its family declares.
struct TwinLimits {
  std::size_t extra_quotas = 2048;
  std::size_t extra_bytes = std::size_t{512} * 1024;
};

// A value accepted from a report. The text lives as long as the results of the ReportReader.
struct AcceptedValue {
  std::size_t slot = 0;  // Twin::name_of
  std::string_view text;
};

struct Applied {
  std::size_t taken = 0;  // quotas named in the report; a repeated value counts once
  std::size_t changed = 0;
  std::size_t refused = 0;  // beyond TwinLimits or Twin::kMaxLevels
};

class Twin {
 public:
  // The greatest depth of accepted JSON; a quota name nests one level at each dot.
  static constexpr std::ptrdiff_t kMaxLevels = 32;

  explicit Twin(LayoutPtr layout, const TwinLimits& limits = {});

  // Applies a report. kMalformed as for ReportReader::read(); the twin is then unchanged. Replaces
  // the content of `taken` with the accepted values.
  [[nodiscard]] Result<Applied> apply(std::string_view payload, ReportReader& reader,
                                      std::vector<AcceptedValue>* taken = nullptr);
  // Replays one value from the log, as the device reported it earlier.
  void replay_value(std::string_view name, std::string_view text);

  // The JSON object of quota/all; nullptr until the device has reported. Rebuilt only after a
  // change; shared with callers that still send the previous one.
  [[nodiscard]] std::shared_ptr<const std::string> all();

  // The JSON object of the requested quotas under the requested names: a quota, a group of quotas
  // (nested), or a member inside a quota. Quotas the device lacks are absent (quirks 9, 11).
  [[nodiscard]] std::string answer(std::span<const std::string> names);

  // The JSON text of one quota; empty if there is none.
  [[nodiscard]] std::string_view value(std::string_view name) const;

  // save() returns the twin's values as one line of JSON; restore() loads them into a fresh twin.
  // kMalformed: `saved` is not such a line.
  [[nodiscard]] std::string save() const;
  [[nodiscard]] Status restore(std::string_view saved);

  // The quota name of a slot. Declared quotas come first, in the layout's order; a slot is never
  // reused for another quota.
  [[nodiscard]] const std::string& name_of(std::size_t slot) const;

  [[nodiscard]] const catalog::Family& family() const { return *layout_->family; }
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  struct Extra {
    std::string name;
    std::string text;
  };

  // Whether `prefix` + `name` is the quota name of this declared slot.
  [[nodiscard]] bool is_declared(std::size_t slot, std::string_view prefix,
                                 std::string_view name) const;
  [[nodiscard]] std::string_view whole_name(std::string_view prefix, std::string_view name);
  void put(std::size_t declared, std::string_view text, Applied& applied);
  // Returns the slot; nullopt if the value was refused.
  std::optional<std::size_t> put(std::string_view name, std::string_view text, Applied& applied);
  [[nodiscard]] std::string_view text_of(std::size_t slot) const;
  void sort_names();
  void append_group(std::string& out, std::span<const std::size_t> slots, std::size_t prefix) const;
  [[nodiscard]] std::span<const std::size_t> group(std::string_view name);
  [[nodiscard]] std::span<const std::size_t> group_of(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> inside(std::string_view name) const;

  LayoutPtr layout_;
  TwinLimits limits_;
  std::vector<std::string> declared_;  // by Layout::names; empty: not reported yet
  std::vector<Extra> extra_;           // slot = declared_.size() + index
  StringMap<std::size_t> extra_index_;
  std::size_t extra_bytes_ = 0;
  std::uint64_t version_ = 0;

  std::vector<std::size_t> by_name_;  // slots that have a value, sorted by name
  bool sorted_ = false;
  std::shared_ptr<const std::string> all_;
  std::uint64_t all_version_ = 0;

  std::string name_;  // the quota name being looked up
};

}  // namespace gridloom::twin
