// The hours that are not yet blocks: rows of reports as they came out of the log, by device and
// hour, about three bytes a value. Values are looked at only when blocks are made of them.
//
// Thread rule: one thread takes and drops; any thread may copy.
#pragma once

#include <array>
#include <atomic>
#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/batch.h"
#include "history/block.h"
#include "history/field_names.h"
#include "history/store.h"

namespace gridloom::history {

class Heads {
 public:
  // Whether the store has such a row of that time. On the thread that takes.
  using InStore =
      std::function<bool(const DeviceHour& of, std::int64_t at_ms, std::span<const Sample> row)>;
  Heads(FieldNames& names, InStore in_store) : names_(names), in_store_(std::move(in_store)) {}

  // The rows of one record of the log; a report that was sent again (kResent) is left out if one of
  // the same time says the same. kMalformed: it is no batch; what could be read is
  // taken.
  [[nodiscard]] Status take(std::uint64_t sequence, std::string_view batch);

  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // At most so many hours before `hour`, of any devices.
  [[nodiscard]] std::vector<DeviceHour> before(std::int64_t hour, std::size_t most) const;
  // At most so many, those for which the log has been kept longest.
  [[nodiscard]] std::vector<DeviceHour> oldest(std::size_t most) const;
  // The rows of an hour as they are now, in pieces that never change. Cheap: all but the last piece
  // is shared. None: there is no such head.
  using Piece = std::shared_ptr<const std::string>;
  [[nodiscard]] std::vector<Piece> pieces(const DeviceHour& of) const;
  // A piece as a part (history/part.h).
  [[nodiscard]] std::string part_of(const std::string& piece) const;
  // Bytes after which a piece is full. Rows of one time stay together.
  static constexpr std::size_t kPiece_bytes = std::size_t{512} * 1024;
  // Nothing of the device is kept, nor taken any more.
  void forget(DeviceNumber device);
  [[nodiscard]] std::vector<DeviceNumber> devices() const;
  // Their hours, ascending.
  [[nodiscard]] std::vector<std::int64_t> hours(DeviceNumber device, std::int64_t from,
                                                std::int64_t to) const;
  // They are in the store now.
  void drop(const DeviceHour& of);
  // The first record that a head was made of; none: there are no heads.
  [[nodiscard]] std::optional<std::uint64_t> first_sequence() const;

 private:
  struct Head {
    std::uint64_t first_sequence = 0;
    std::vector<Piece> full;  // the rows before `rows`
    std::string rows;
    std::int64_t last_at_ms = 0;  // the newest row's time
    std::size_t bytes = 0;        // of all rows
  };
  // As a rule one or two: in place, as each row looks for its own.
  using Hours = boost::container::small_flat_map<std::int64_t, Head, 2>;
  using Shape = std::vector<FieldId>;
  // More are described in each of their rows: shapes stay for as long as the server runs.
  static constexpr std::size_t kMostShapes = 1024;
  static constexpr std::size_t kMostShapeFields = 1024;
  using Shapes = std::array<Shape, kMostShapes>;

  // A shape of the batch that is being read.
  struct OfBatch {
    std::string bytes;    // how a row begins, behind its time
    bool resent = false;  // kResent is among its fields
  };

  void name_shapes(const BatchReader& reader);
  [[nodiscard]] OfBatch shape_of(const BatchReader::Shape& names, const BatchReader& reader);
  [[nodiscard]] std::string beginning_of(const Shape& shape);
  // Writes a row that was sent again into row_, without its time and mark. True: one of the same
  // time says the same.
  [[nodiscard]] bool came_before(const BatchReader::Row& row, BatchReader& reader);
  [[nodiscard]] bool knows(const DeviceHour& of, std::int64_t at_ms) const;
  [[nodiscard]] bool is_among(std::string_view rows, std::int64_t at_ms) const;
  [[nodiscard]] const Head* find(const DeviceHour& of) const;
  template <typename OnHead>
  void each_hour(DeviceNumber device, std::int64_t from, std::int64_t to, OnHead on_head) const {
    const auto found = devices_.find(device);
    if (found == devices_.end()) return;
    const Hours& hours = found->second;
    for (auto head = hours.lower_bound(from); head != hours.end() && head->first < to; ++head) {
      on_head(head->first, head->second);
    }
  }
  FieldNames& names_;
  InStore in_store_;
  mutable std::mutex mutex_;  // of devices_ and forgotten_
  std::unordered_map<DeviceNumber, Hours> devices_;
  std::set<DeviceNumber> forgotten_;
  std::atomic<std::size_t> bytes_{0};
  // Of rows in devices_. They never change, so whoever has copied rows reads theirs unlocked.
  std::unique_ptr<Shapes> shapes_ = std::make_unique<Shapes>();
  std::map<Shape, std::size_t> numbers_;  // of shapes_
  // Of the batch that is being read, by its indexes.
  std::vector<FieldId> ids_;
  std::vector<OfBatch> of_batch_;
  std::string row_;              // that was sent again
  std::vector<Sample> samples_;  // of it
};

}  // namespace gridloom::history
