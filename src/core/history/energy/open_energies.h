// The energies of hours that are not stored yet, kept as reports come: a question about the running
// hour costs the same in its first minute and in its last.
//
// An hour is accounted for in pieces of some reports each, as if they were hours of their own.
//
// Thread rule: one thread adds; any thread reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "history/blocks/field_names.h"
#include "history/energy/energy_integrator.h"
#include "history/energy/energy_sources.h"
#include "history/energy/hour_rows.h"

namespace gridloom::history {

// Null: the device was removed, or nothing of it is energy. The object that it points to lives as
// long as the function. Called on the thread that adds.
using SourcesOf = std::function<const EnergySources*(DeviceNumber device)>;

class OpenEnergies {
 public:
  // Energies of more devices are computed when they are asked for. A device takes up to 16 kB.
  static constexpr std::size_t kMaxDevices = 20'000;
  static constexpr std::size_t kRowsOfPiece = 128;
  // Connects and disconnects before an hour's first report.
  static constexpr std::size_t kMaxConnects = 1024;

  OpenEnergies(const FieldNames& names, SourcesOf sources_of)
      : names_(names), sources_of_(std::move(sources_of)) {}

  // A report, with the fields of a shape: a number that stands for the same fields for ever, or 0,
  // and its values as append_value() writes them.
  struct Row {
    DeviceNumber device = 0;
    std::int64_t hour = 0;
    std::int64_t at_ms = 0;
    std::size_t shape = 0;
    std::span<const FieldId> fields{};
    std::string_view values{};
  };
  void add(const Row& row);
  void purge(DeviceNumber device);

  // Nothing: not known, as the hour began before the device's first report here, or got a report
  // that came later than others of a later time, or the device has other sources here.
  [[nodiscard]] std::optional<HourEnergies> find(DeviceNumber device, std::int64_t hour,
                                                 const EnergySources& sources) const;

 private:
  struct Hour {
    std::int64_t hour = 0;
    HourEnergies energies{};
    bool is_whole = false;
  };
  struct Account {
    explicit Account(const EnergySources& sources, const FieldNames& names)
        : sources(&sources), last(sources, names), rows(sources, names) {}

    const EnergySources* sources;
    Hour before{};
    Hour now{};
    HourRows last;  // of what is accounted for
    HourRows rows;  // behind it
  };

  [[nodiscard]] Account* account_of(DeviceNumber device);
  [[nodiscard]] const WantedFields& wanted_of(const EnergySources& sources, const Row& row);
  void begin_hour(Account& account, std::int64_t hour) const;
  enum class Piece : std::uint8_t { kWithin, kLast };  // of an hour
  static void settle(Account& account, Piece piece);

  const FieldNames& names_;
  SourcesOf sources_of_;
  mutable std::mutex mutex_;  // guards the accounts
  std::unordered_map<DeviceNumber, Account> accounts_;
  std::map<std::pair<const EnergySources*, std::size_t>, WantedFields> wanted_;  // by shape
  WantedFields wanted_once_;
};

}  // namespace gridloom::history
