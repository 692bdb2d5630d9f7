// Rows for those who read history in SQL, which cannot open blocks: the mean of each field and the
// energy of each flow in each quarter of an hour. They are made of an hour when it is over, in the
// transaction that stores it, and cost about a third of the bytes of its block.
//
// Why rows of quarters: a day of one field is 96 rows, found by an index in less than a
// millisecond; minutes would take more room than the blocks, which have every value. Why all fields
// of a device in one row: a row for each field would be mostly headers. Thread rule: as for the
// Connection.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "database/history/months.h"
#include "history/energy/energy_flow.h"
#include "history/store/store.h"
#include "postgres/connection.h"

namespace gridloom::history {

struct ReadingRow {
  DeviceNumber device = 0;
  std::int64_t at_ms = 0;
  std::vector<std::int32_t> fields{};
  std::vector<double> means{};  // over time, of each of `fields`
};

struct EnergyRow {
  DeviceHour of;  // the hour whose energies these are a part of; may be after `at_ms`
  std::int64_t at_ms = 0;
  std::array<std::optional<double>, kEnergyFlows> wh{};
};

// The rows of an hour, of its chunks or of its rollups: none if these or the energies cannot be
// read, which is noticed by those who need them.
[[nodiscard]] std::vector<ReadingRow> reading_rows(const DeviceHour& of,
                                                   std::vector<std::string> chunks);
[[nodiscard]] std::vector<ReadingRow> reading_rows(const DeviceHour& of, std::string_view rollups);
[[nodiscard]] std::vector<EnergyRow> energy_rows(const DeviceHour& of, std::string_view energies);

// Rows that are put replace the rows of the same hours. All in the caller's transaction.
struct QuarterRows {
  std::vector<DeviceHour> over;  // hours whose reading rows these are
  std::vector<ReadingRow> readings;
  std::vector<EnergyRow> energies;

  void add_months(std::set<Month>& months) const;
  [[nodiscard]] bool empty() const { return over.empty() && energies.empty(); }
};
[[nodiscard]] Status put_readings(postgres::Connection& connection, const QuarterRows& rows);
[[nodiscard]] Status put_energies(postgres::Connection& connection, const QuarterRows& rows);
// Removes the energy rows of an hour whose stored energies are these.
[[nodiscard]] Status remove_energies(postgres::Connection& connection, const DeviceHour& of,
                                     std::string_view energies);

}  // namespace gridloom::history
