// A site's household and weather as a file gives them, in place of those that the seed makes: the
// load, the sun and the air of a real home, as its history exports them.
//
//   time,load_w,sun,air_c
//   2025-06-21 00:00,312.5,0,16.2
//   2025-06-21 00:15,287,0,16.1
//
// A file of `gridloom history SN load.power --step 15m --csv` is one too: a column in W is the
// load, where below 0 counts as 0, and one in °C the air.
//
// A row holds until the next one, the last row for good; before the first row, the seed's world
// holds. An empty cell keeps the seed's value. Immutable: for any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "time/time_zone.h"

namespace gridloom::sim {

class WorldFile {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{64} * 1024 * 1024;
  static constexpr std::size_t kMostRows = 1'000'000;

  struct Row {
    TimePoint from;
    std::optional<double> load_w;  // of the home
    std::optional<double> sun;     // as Environment::sun
    std::optional<double> air_c;   // outside
  };

  // Times without an offset are the zone's. kMalformed: the detail has the name and the line.
  [[nodiscard]] static Result<std::shared_ptr<const WorldFile>> parse(std::string_view name,
                                                                      std::string_view text,
                                                                      const time::TimeZone& zone);
  [[nodiscard]] static Result<std::shared_ptr<const WorldFile>> read(
      const std::filesystem::path& path, const time::TimeZone& zone);

  // The row that holds; nullptr before the first one.
  [[nodiscard]] const Row* at(TimePoint now) const;
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

 private:
  std::vector<Row> rows_;  // by time
};

}  // namespace gridloom::sim
