// A Twin is what the platform knows of one device: its quotas as the device last reported them. It
// is pure: reports in, answers out; no clock, no socket, no thread.
//
// One writer: a twin belongs to its shard, and nobody else holds a reference. Values are kept as
// the JSON text that the device sent, so an answer is put together without converting anything.
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

// Bounds of what one device can make us keep, beyond the fields that its family declares.
struct TwinLimits {
  std::size_t extra_quotas = 2048;
  std::size_t extra_bytes = std::size_t{512} * 1024;
};

// A value of a report, as it was taken. The text lives as long as what ReportReader returns.
struct Taken {
  std::size_t slot = 0;  // Twin::name_of
  std::string_view text;
};

struct Applied {
  std::size_t taken = 0;  // quotas that the report named; once, if it repeats a value
  std::size_t changed = 0;
  std::size_t refused = 0;  // beyond TwinLimits, or Twin::kMostLevels
};

class Twin {
 public:
  // As deep as JSON may be that we take: a name is nested at its dots.
  static constexpr std::ptrdiff_t kMostLevels = 32;

  explicit Twin(LayoutPtr layout, const TwinLimits& limits = {});

  // kMalformed as ReportReader says; then nothing has changed. What was taken is put into `taken`,
  // in place of what it held.
  [[nodiscard]] Result<Applied> apply(std::string_view payload, ReportReader& reader,
                                      std::vector<Taken>* taken = nullptr);
  // Of a report of before: what the log says that the device said.
  void recall(std::string_view name, std::string_view text);

  // The JSON object of quota/all; nullptr while the device never reported. Made again only after a
  // change, and shared with whoever still sends the last one.
  [[nodiscard]] std::shared_ptr<const std::string> all();

  // The JSON object of the asked quotas under the names asked for: a quota, a group of quotas
  // (nested), or a member inside a quota. What the device does not have is absent (quirks 9, 11).
  [[nodiscard]] std::string answer(std::span<const std::string> names);

  // The JSON text of one quota; empty if there is none.
  [[nodiscard]] std::string_view value(std::string_view name) const;

  // What it knows, as one line of JSON, and back into a fresh twin. kMalformed: not such a line.
  [[nodiscard]] std::string save() const;
  [[nodiscard]] Status restore(std::string_view saved);

  // Declared quotas come first, in the layout's order; a slot is never another quota's.
  [[nodiscard]] const std::string& name_of(std::size_t slot) const;

  [[nodiscard]] const catalog::Family& family() const { return *layout_->family; }
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  struct Extra {
    std::string name;
    std::string text;
  };

  // Whether the name in a report with that prefix is this declared slot's.
  [[nodiscard]] bool is_declared(std::size_t slot, std::string_view prefix,
                                 std::string_view name) const;
  [[nodiscard]] std::string_view whole_name(std::string_view prefix, std::string_view name);
  void put(std::size_t declared, std::string_view text, Applied& applied);
  // None: refused.
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
