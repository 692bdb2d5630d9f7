// The mirror's knowledge of one device's values: brought by reports, or by quota/all. It decides
// which values of an answer are news, and which are older than what reports have said. Pure: no
// clock, no socket. One thread.
//
// Within one session of MQTT a report is newer than quota/all, unless the device was silent when
// quota/all was asked for: then reports were lost or are not sent. An answer in which nothing has
// changed although reports have said so is a frozen snapshot, of which nothing is taken.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/string_map.h"
#include "bridges/mirror/oddities.h"
#include "bridges/mirror/rhythm.h"
#include "catalog/family.h"
#include "twin/layout.h"
#include "twin/report_reader.h"
#include "wire/json.h"

namespace gridloom::bridges::mirror {

// A value by the name of its quota, as JSON text.
struct QuotaValue {
  std::string name;
  std::string text;
  friend bool operator==(const QuotaValue&, const QuotaValue&) = default;
};

// Reports made of values that quota/all has and that no report brought, as the device itself would
// send them: in the envelopes of the family's reports, as far as these are flat and say what is in
// them; the other values in a report under their full names. Each report can be read by
// twin::ReportReader. `now` is the devices' time.
[[nodiscard]] std::vector<std::string> reports_of(const catalog::Family& family,
                                                  std::span<const QuotaValue> values,
                                                  TimePoint now);

class DeviceValues {
 public:
  explicit DeviceValues(catalog::FamilyPtr family);

  // A report as the vendor published it. Returns what is to be published instead: without a second
  // wrapping, without implausible values; nothing: the payload as it is. `now` is the devices'
  // time.
  [[nodiscard]] std::optional<std::string> take_report(std::string_view payload, Moment at,
                                                       TimePoint now, OddityCounts& oddities);

  // The `data` of an answer of quota/all.
  struct Snapshot {
    Moment asked_at{};
    bool was_silent = false;  // the device had not reported for long when it was asked for
  };
  struct News {
    bool has_data = false;
    std::vector<QuotaValue> values{};
  };
  [[nodiscard]] News take_snapshot(const wire::Json& data, const Snapshot& snapshot,
                                   OddityCounts& oddities);

  // The link was lost, or the device was offline: reports may have been missed.
  void session_ended();

  [[nodiscard]] const catalog::Family& family() const { return *layout_.family; }

 private:
  struct Quota {
    std::string text{};                   // as the local twin has it
    std::string snapshot{};               // in the last answer; empty: there was none
    std::optional<Moment> reported_at{};  // in this session
    bool is_contradicted = false;         // reports have said otherwise since the last answer
  };
  [[nodiscard]] bool is_plausible(std::string_view name, std::string_view text) const;
  // Null: there are too many quotas.
  Quota* quota(std::string_view name);
  [[nodiscard]] std::vector<QuotaValue> values_in(const wire::Json& data, OddityCounts& oddities);
  // Whether the answer differs from the one before, or is the first.
  [[nodiscard]] bool is_alive(const std::vector<QuotaValue>& values) const;

  twin::Layout layout_;
  twin::ReportReader reader_;
  StringMap<Quota> quotas_;
};

// The object with the values, taken out of further envelopes: {"code","data":{..}}, {"quotaMap"}.
// Null: there are no values.
[[nodiscard]] const wire::Json* innermost_data(const wire::Json& data, OddityCounts& oddities);
// A report taken out of a second envelope; nothing: it has one envelope only.
[[nodiscard]] std::optional<std::string> unwrapped(std::string_view payload);

}  // namespace gridloom::bridges::mirror
