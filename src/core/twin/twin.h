// A Twin is the platform's copy of one device's state: its quotas as the device last reported them.
// It is pure: reports in, replies out; no clock, no socket, no thread.
//
// One writer: a twin belongs to its shard, and no other code holds a reference. Values are kept as
// the JSON text that the device sent, so a reply is assembled without any conversion. A twin
// without a report is small; one of 200 short values needs less than 2 kB beside the text of
// quota/all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/lazy.h"
#include "base/result.h"
#include "catalog/family.h"
#include "twin/extra_quotas.h"
#include "twin/layout.h"
#include "twin/report_reader.h"
#include "twin/value_arena.h"

namespace gridloom::twin {

// A value accepted from a report. The text lives as long as the results of the ReportReader.
struct AcceptedValue {
  std::size_t slot = 0;  // Twin::name_of
  std::string_view text;
};

struct Applied {
  std::size_t taken = 0;  // quotas named in the report; a repeated value counts once
  std::size_t changed = 0;
  std::size_t refused = 0;  // beyond TwinLimits or Twin::kMaxLevels, or of Twin::kNotOfDevices
};

class Twin {
 public:
  // The greatest depth of accepted JSON; a quota name nests one level at each dot.
  static constexpr std::ptrdiff_t kMaxLevels = 32;
  // A name that begins so is not a device's to use: history has values of the platform's own.
  static constexpr char kNotOfDevices = '$';

  explicit Twin(LayoutPtr layout, const TwinLimits& limits = {});

  // Applies a report. kMalformed as for ReportReader::read(); the twin is then unchanged. Replaces
  // the content of `taken` with the accepted values, and that of `changed` with the slots whose
  // text differs from the one before; a slot may be there twice.
  [[nodiscard]] Result<Applied> apply(std::string_view payload, ReportReader& reader,
                                      std::vector<AcceptedValue>* taken = nullptr,
                                      std::vector<std::size_t>* changed = nullptr);
  // Replays one value from the log, as the device reported it earlier.
  void replay_value(std::string_view name, std::string_view text);

  // The JSON object of quota/all; nullptr until the device has reported. Rebuilt only after a
  // change; shared with callers that still send the previous one.
  [[nodiscard]] std::shared_ptr<const std::string> all();
  // The answer to quota/all: of some families it has a part of the values only.
  [[nodiscard]] std::shared_ptr<const std::string> quota_all();
  // Frees the text that all() keeps unless it was asked for since the last call. Call it now and
  // then; false: the twin keeps no text, and no call is needed before the next all().
  bool drop_unused_text();

  // The JSON object of the requested quotas under the requested names: a quota, a group of quotas
  // (nested), or a member inside a quota. Quotas the device lacks are absent (quirks 9, 11).
  [[nodiscard]] std::string answer(std::span<const std::string> names);

  // The JSON text of one quota; empty if there is none. Valid until the next change.
  [[nodiscard]] std::string_view value(std::string_view name) const;
  // The same, by the slot.
  [[nodiscard]] std::string_view text_of(std::size_t slot) const;

  // The slots of the quotas that the family declares; those of others follow.
  [[nodiscard]] std::size_t declared_slots() const { return values_.slots(); }
  // Calls for each quota that has a value, with what is meant. The text is valid during the call.
  void for_each_value(
      const std::function<void(std::size_t slot, std::string_view text)>& each) const;

  // Call it before the first report of a moment, as the hub does. Until the next call,
  // for_each_value_before() has the declared quotas with a nature in W as they were when it began:
  // reports of several devices of one moment come one after the other, and a home is the sum of all
  // of a moment or of none.
  void begin_moment();
  void for_each_value_before(
      const std::function<void(std::size_t slot, std::string_view text)>& each) const;

  // save() returns the twin's values as one line of JSON; restore() loads them into a fresh twin.
  // kMalformed: `saved` is not such a line.
  [[nodiscard]] std::string save() const;
  [[nodiscard]] Status restore(std::string_view saved);

  // The quota name of a slot. Declared quotas come first, in the layout's order; a slot is never
  // reused for another quota.
  [[nodiscard]] const std::string& name_of(std::size_t slot) const;

  [[nodiscard]] const catalog::Family& family() const { return *layout_->family; }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  // Bytes that the twin uses, with the text that all() keeps.
  [[nodiscard]] std::size_t kept_bytes() const;

 private:
  // A quota that gets this text has had another one until now.
  void remember(std::size_t slot, std::string_view text);
  // The quota's value when the moment began; empty: it had none. Nothing: it is the same.
  [[nodiscard]] std::optional<std::string_view> before(std::size_t slot) const;

  [[nodiscard]] std::optional<std::size_t> slot_of(std::string_view name) const;
  // False: the value was refused.
  bool put(std::size_t slot, std::string_view text, Applied& applied);
  // The slot, also of a quota that had none; nullopt: the value was refused.
  std::optional<std::size_t> put(std::string_view name, std::string_view text, Applied& applied);

  [[nodiscard]] std::size_t slots() const;
  // These need sorted extras_. The slots that have a value and whose names begin with `head`,
  // sorted by name.
  [[nodiscard]] std::vector<std::size_t> slots_by_name(std::string_view head) const;
  [[nodiscard]] bool is_group(std::string_view name) const;
  void append_group(std::string& out, std::span<const std::size_t> slots, std::size_t prefix) const;
  [[nodiscard]] std::optional<std::string> inside(std::string_view name) const;

  LayoutPtr layout_;
  TwinLimits limits_;
  ValueArena values_;    // of the declared quotas, by Layout::names
  std::string earlier_;  // for before(): the slot in two bytes, the text's length in one, the text
  Lazy<ExtraQuotas> extras_;  // slot = values_.slots() + index
  std::uint64_t version_ = 0;
  std::shared_ptr<const std::string> all_;
  std::uint64_t all_version_ = 0;
  bool was_read_ = false;  // all() was called since drop_unused_text()
};

// The number that the device means with a text of the quota, where catalog::meant() says another
// than the text has; it is written into `buffer`. All but the vendor's interface pass that number
// on.
[[nodiscard]] std::string_view meant(const Twin& twin, std::size_t slot, std::string_view text,
                                     std::string& buffer);

}  // namespace gridloom::twin
