// How far the database has each device's history, which a bridge's state keeps.
//
// A position is one of arrival: the mark up to which all stored hours are written
// (history/store/store.h), and what is written of single hours beyond it. So values that come late,
// or that a wrong clock gave another time, are found as any others. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/string_map.h"
#include "storage/states.h"

namespace gridloom::bridges {

inline constexpr std::int64_t kBeginOfTime_ms = std::numeric_limits<std::int64_t>::min();

struct DevicePosition {
  // The written part of an hour: so many rows, which are those up to this time.
  struct Hour {
    std::int64_t hour = 0;
    std::int64_t last_ms = 0;
    std::int64_t rows = 0;
    friend bool operator==(const Hour&, const Hour&) = default;
  };
  // Older hours are written once more as a whole. A state keeps those of the hours written last.
  static constexpr std::size_t kMostHours = 32;
  static constexpr std::size_t kMostHoursKept = 4;

  std::int64_t numbering = 0;  // of the storage whose mark it is; 0: none yet
  std::int64_t mark = 0;
  // Rows before this are left out until all that there is was looked at once.
  std::int64_t from_ms = kBeginOfTime_ms;
  std::vector<Hour> hours{};  // those written last at the end

  [[nodiscard]] Hour of(std::int64_t hour) const;
  void set(const Hour& written);
  friend bool operator==(const DevicePosition&, const DevicePosition&) = default;
};

class Positions {
 public:
  // The positions that are kept, if they are of this target: a database that is another one has
  // nothing. Without any, or with damaged ones, all begins at `since_ms`. Those of version 1, which
  // were times, are taken over: a day before them is written again. kIo: it is not known whether
  // there are any.
  struct Options {
    storage::States* states = nullptr;  // outlives the positions
    std::string bridge{};
    std::string target{};       // names the database
    std::int64_t since_ms = 0;  // of devices that have no position yet, if the file does not tell
    std::int64_t now_ms = 0;
  };
  [[nodiscard]] static Result<Positions> open(const Options& options);

  [[nodiscard]] std::int64_t since_ms() const { return since_ms_; }
  // When the database had all that there was.
  [[nodiscard]] std::int64_t complete_ms() const { return complete_ms_; }
  void set_complete(std::int64_t at_ms);
  // A clock that was ahead when the bridge began keeps no values of today back.
  [[nodiscard]] DevicePosition of(std::string_view sn, std::int64_t now_ms) const;
  // A position for a history that gives other marks than before.
  [[nodiscard]] DevicePosition anew() const;
  void set(std::string_view sn, DevicePosition position);
  // Does nothing if nothing changed. kIo also: they are too many to be kept.
  [[nodiscard]] Status save();

 private:
  storage::States* states_ = nullptr;
  std::string bridge_;
  std::string target_;
  std::int64_t since_ms_ = 0;
  std::int64_t complete_ms_ = 0;
  StringMap<DevicePosition> devices_;
  bool is_saved_ = false;
};

}  // namespace gridloom::bridges
