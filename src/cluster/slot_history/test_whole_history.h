// For tests: everything that history has of a device, read by one query, as text.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/energy/test_meters.h"
#include "history/energy_query.h"
#include "history/history_queries.h"
#include "history/reader.h"
#include "history/series/series_reader.h"

namespace gridloom::history {

// Its fields are among those that the devices of the tests report.
inline const catalog::FamilyPtr& measured_family() {
  static const catalog::FamilyPtr kLoaded =
      meters("  w.pv: {nature: pv.power}\n  w.load: {nature: load.power}\n");
  return kLoaded;
}

class SeriesLines final : public SeriesSink {
 public:
  void begin(const std::vector<std::string>& fields) override { fields_ = fields; }
  void begin_field(std::string_view name) override { text += fmt::format("{}:", name); }
  void add_points(std::span<const SeriesPoint> points) override {
    for (const SeriesPoint& point : points) {
      text += fmt::format(" {}={}", point.at_ms, value_of(point));
    }
  }
  void end_field() override { text += '\n'; }
  void add_row(std::int64_t at_ms, std::span<const SeriesPoint* const> row) override {
    text += fmt::format("{}", at_ms);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] != nullptr) text += fmt::format(" {}={}", fields_[i], value_of(*row[i]));
    }
    text += '\n';
  }
  void end() override {}

  std::string text;

 private:
  static std::string value_of(const SeriesPoint& point) {
    if (!point.text.empty()) return point.text;
    return point.number ? fmt::format("{}", *point.number) : "gap";
  }
  std::vector<std::string> fields_;
};

// Reads the devices one after the other, and each one's rows, means, rollups, energies and events.
class WholeHistory {
 public:
  WholeHistory(std::vector<DeviceNumber> devices, std::int64_t from_ms, std::int64_t to_ms)
      : devices_(std::move(devices)), from_ms_(from_ms), to_ms_(to_ms) {}

  [[nodiscard]] Status work(Reader& reader) {
    for (const Slice slice(reader); !done() && !slice.over();) {
      GL_TRY(work_on(reader));
    }
    return {};
  }
  [[nodiscard]] bool done() const { return next_ == devices_.size(); }
  [[nodiscard]] const std::string& text() const { return lines_.text; }
  // The energies, each quarter of an hour's.
  [[nodiscard]] const std::vector<double>& wh() const { return wh_; }

 private:
  enum class Part : std::uint8_t { kRows, kMeans, kEnergies, kRollups, kEvents };

  Status work_on(Reader& reader) {
    const DeviceNumber device = devices_[next_];
    switch (part_) {
      case Part::kRows:
        return read_series(reader, 0, SeriesReader::Order::kByTime, Part::kMeans);
      case Part::kMeans:
        return read_series(reader, 15 * std::int64_t{60'000}, SeriesReader::Order::kByField,
                           Part::kEnergies);
      case Part::kEnergies:
        return read_energies(reader, device);
      case Part::kRollups:
      case Part::kEvents:
        return read_rest(reader, device);
    }
    return {};
  }
  Status read_series(Reader& reader, std::int64_t step_ms, SeriesReader::Order order, Part next) {
    if (!series_) {
      constexpr std::size_t kAny = std::numeric_limits<std::int32_t>::max();
      series_.emplace(SeriesReader::Options{
          .device = devices_[next_],
          .request = {.fields = {"*"}, .from_ms = from_ms_, .to_ms = to_ms_, .step_ms = step_ms},
          .limits = {.names = 1, .fields = kAny, .points = kAny},
          .order = order});
    }
    GL_TRY(series_->work(reader, lines_));
    if (!series_->done()) return {};
    series_.reset();
    part_ = next;
    return {};
  }
  Status read_energies(Reader& reader, DeviceNumber device) {
    if (!energies_) {
      std::vector<std::int64_t> bounds;
      for (std::int64_t at_ms = quarter_before(from_ms_); at_ms < to_ms_; at_ms += 900'000) {
        bounds.push_back(at_ms);
      }
      energies_.emplace(EnergyQuery::Options{.device = device,
                                             .sources = EnergySources(*measured_family()),
                                             .bounds = std::move(bounds)});
    }
    GL_TRY(energies_->work(reader));
    if (!energies_->done()) return {};
    for (const Energies& sum : energies_->sums()) {
      wh_.push_back(sum.of(EnergyFlow::kPv));
      wh_.push_back(sum.of(EnergyFlow::kLoad));
    }
    energies_.reset();
    part_ = Part::kRollups;
    return {};
  }
  Status read_rest(Reader& reader, DeviceNumber device) {
    GL_TRY(const auto is_here, DeviceVisit(device).enter(reader));
    if (!is_here) return {};
    Status read = reader.each_rollup(device, from_ms_ / kHour_ms, to_ms_ / kHour_ms + 1,
                                     [&](std::int64_t hour, const HourOfRollups& quarters) {
                                       for (const Rollup& quarter : quarters) {
                                         for (const RollupField& field : quarter.fields) {
                                           lines_.text += fmt::format(
                                               "rollup {} {} {}\n", hour,
                                               reader.names().name_of(field.field), field.sum);
                                         }
                                       }
                                       return Status();
                                     });
    if (!read) return read;
    read = reader.each_event(device, from_ms_, {.at_ms = to_ms_}, [&](const StoredEvent& stored) {
      lines_.text +=
          fmt::format("event {} {} {}\n", stored.id, stored.event.at_ms, stored.event.text);
      return true;
    });
    if (!read) return read;
    part_ = Part::kRows;
    ++next_;
    return {};
  }

  std::vector<DeviceNumber> devices_;
  std::int64_t from_ms_;
  std::int64_t to_ms_;
  std::size_t next_ = 0;  // device
  Part part_ = Part::kRows;
  SeriesLines lines_;
  std::vector<double> wh_;
  std::optional<SeriesReader> series_;
  std::optional<EnergyQuery> energies_;
};

inline Status run_query(const Reads& reads, WorkSome work) {
  return run_query(reads, 1, std::move(work));
}

inline Result<std::string> read_whole(const Reads& reads, WholeHistory whole,
                                      std::vector<double>* wh = nullptr) {
  GL_TRY(run_query(reads, [&whole](Reader& reader) -> Result<bool> {
    GL_TRY(whole.work(reader));
    return whole.done();
  }));
  if (wh != nullptr) *wh = whole.wh();
  return whole.text();
}

// What is of no one device: the audit, and the events of all devices.
inline Result<std::vector<std::string>> read_records(const Reads& reads, std::size_t archive) {
  std::vector<std::string> entries;
  GL_TRY(run_query(reads, [&entries, archive](Reader& reader) -> Result<bool> {
    if (Route* const route = reader.route()) {
      const auto is_here = route->reach_archive(archive);
      if (!is_here || !*is_here) return is_here;
    }
    GL_TRY(reader.each_audit([&](const AuditRow& row) {
      entries.push_back(row.entry);
      return true;
    }));
    GL_TRY(const auto events, reader.events_since(0, std::numeric_limits<std::int32_t>::max()));
    for (const StoredEvent& each : events) {
      entries.push_back(fmt::format("event {} of {}", each.id, each.event.device));
    }
    return true;
  }));
  return entries;
}

}  // namespace gridloom::history
